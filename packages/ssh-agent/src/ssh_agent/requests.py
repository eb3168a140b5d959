"""What can be asked of an agent, and what its reply must be.

A request is its message and the check of its reply, in one class: adding one to the
protocol adds one class here and nothing elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ssh_agent.errors import AgentMisbehaved, WrongReply
from ssh_agent.identities import Identities
from ssh_agent.messages import (
    CONSTRAIN_CONFIRM,
    CONSTRAIN_LIFETIME,
    SIGN_FLAGS,
    AddConstrainedIdentity,
    AddIdentity,
    AgentSuccess,
    IdentitiesAnswer,
    RequestIdentities,
    SignRequest,
    SignResponse,
)
from ssh_keys import KeyPolicy, PublicKey
from ssh_wire import Message, UsageError
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_keys import Certificate, PrivateKey

__all__ = ["AdditionRequest", "AgentRequest", "IdentitiesRequest", "SignatureRequest"]

_MAX_SECONDS: Final = 2**32 - 1

T_co = TypeVar("T_co", covariant=True)


class AgentRequest(ABC, Generic[T_co]):
    """A question to an agent whose answer is a `T_co`."""

    @property
    @abstractmethod
    def message(self) -> Message:
        """The message that asks."""

    @abstractmethod
    def answer(self, reply: Message) -> T_co:
        """Return what a reply other than a failure means.

        Raises:
            WrongReply: it answers another kind of request.
            AgentMisbehaved: its content is not an answer to this one.
        """


class IdentitiesRequest(AgentRequest[Identities]):
    """Which keys do you hold (section 4.4)?

    Args:
        policy: which keys are strong enough to be read.
    """

    def __init__(self, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> None:
        self._policy = policy

    @property
    def message(self) -> RequestIdentities:
        """SSH_AGENTC_REQUEST_IDENTITIES."""
        return RequestIdentities()

    def answer(self, reply: Message) -> Identities:
        """Return the keys of the answer."""
        if not isinstance(reply, IdentitiesAnswer):
            raise _wrong(reply, "a list of keys")
        return Identities.from_entries(reply.identities, policy=self._policy)


class SignatureRequest(AgentRequest[bytes]):
    """Sign this with that key, or with the key of that certificate (section 4.5).

    Raises:
        UsageError: the key has no such algorithm.
    """

    def __init__(self, key: PublicKey | Certificate, data: bytes, algorithm: str) -> None:
        self._signing = key if isinstance(key, PublicKey) else key.public_key
        if algorithm not in (*self._signing.algorithms, *self._signing.sha1_algorithms):
            problem = f"a key of kind {key.kind} does not sign with {algorithm!r}"
            raise UsageError(problem)
        self.key = key
        self.data = data
        self.algorithm = algorithm

    @property
    def message(self) -> SignRequest:
        """SSH_AGENTC_SIGN_REQUEST with the flag of the algorithm."""
        return SignRequest(
            key=self.key.blob, data=self.data, flags=SIGN_FLAGS.get(self.algorithm, 0)
        )

    def answer(self, reply: Message) -> bytes:
        """Return the signature, which is by this key, over this data, with this algorithm.

        An old agent knows no flags and signs with SHA-1 instead; a hostile one signs
        something else.  Neither signature is of use, so neither is returned.
        """
        if not isinstance(reply, SignResponse):
            raise _wrong(reply, "a signature")
        from ssh_keys.fido import NO_TOUCH  # loads with the first signature

        # whether a token's touch is needed is for the server to say
        # SHA-1 is wanted only where it was asked for by name
        good = self._signing.verify(
            self.data, reply.signature, self.algorithm, allow_sha1=True, fido=NO_TOUCH
        )
        # `is not True`: an error value must never pass for a verified signature
        if good is not True:
            key = self.key.fingerprint()
            problem = f"the agent's signature is not one by {key} with {self.algorithm}"
            raise AgentMisbehaved(problem)
        return reply.signature


class AdditionRequest(AgentRequest[None]):
    """Keep this private key (section 4.2).

    Args:
        key: the key.
        comment: what the agent calls it.
        lifetime: seconds after which the agent forgets it; 0 for never.
        confirm: whether the agent asks its user before each use.

    Raises:
        UsageError: an agent does not take that number of seconds.
    """

    def __init__(
        self, key: PrivateKey, comment: str, *, lifetime: int = 0, confirm: bool = False
    ) -> None:
        if not 0 <= lifetime <= _MAX_SECONDS:
            problem = f"an agent cannot keep a key for {lifetime} seconds"
            raise UsageError(problem)
        self._key = key.private_fields().encode() + string(comment)
        self._constraints = b""
        if lifetime:
            self._constraints += bytes([CONSTRAIN_LIFETIME]) + lifetime.to_bytes(4)
        if confirm:
            self._constraints += bytes([CONSTRAIN_CONFIRM])

    @property
    def message(self) -> AddIdentity | AddConstrainedIdentity:
        """SSH_AGENTC_ADD_IDENTITY, or the message with constraints."""
        if not self._constraints:
            return AddIdentity(key=self._key)
        return AddConstrainedIdentity(key=self._key + self._constraints)

    def answer(self, reply: Message) -> None:
        """Return nothing: the agent has the key."""
        if not isinstance(reply, AgentSuccess):
            raise _wrong(reply, "success")


def _wrong(reply: Message, wanted: str) -> WrongReply:
    return WrongReply(f"the agent answered {type(reply).__name__} where {wanted} was due")
