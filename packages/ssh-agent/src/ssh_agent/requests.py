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
    SIGN_FLAGS,
    AgentSuccess,
    Extension,
    ExtensionNames,
    ExtensionResponse,
    IdentitiesAnswer,
    RequestIdentities,
    SignRequest,
    SignResponse,
)
from ssh_keys import KeyPolicy, PublicKey
from ssh_wire import Message, UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_keys import Certificate

__all__ = [
    "ActionRequest",
    "AgentRequest",
    "ExtensionNamesRequest",
    "ExtensionRequest",
    "IdentitiesRequest",
    "SignatureRequest",
]

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


class ActionRequest(AgentRequest[None]):
    """Do this: a request that is answered with success alone.

    Args:
        message: the message that asks.
    """

    def __init__(self, message: Message) -> None:
        self._message = message

    @property
    def message(self) -> Message:
        """The message that was given."""
        return self._message

    def answer(self, reply: Message) -> None:
        """Return nothing: it is done."""
        if reply != AgentSuccess():
            raise _wrong(reply, "success")


class ExtensionRequest(AgentRequest[bytes]):
    """Do what an extension defines (section 4.7).

    Args:
        name: the name of the extension, such as "query" or one that ends with "@example.com".
        contents: what the extension defines behind the name.
    """

    def __init__(self, name: str, contents: bytes = b"") -> None:
        self._name = name
        self._contents = contents

    @property
    def message(self) -> Extension:
        """SSH_AGENTC_EXTENSION."""
        return Extension(name=self._name, contents=self._contents)

    def answer(self, reply: Message) -> bytes:
        """Return the contents of the answer, which the extension defines."""
        if isinstance(reply, AgentSuccess):
            return reply.contents
        if isinstance(reply, ExtensionResponse) and reply.name == self._name:
            return reply.contents
        raise _wrong(reply, f"an answer to {self._name!r}")


class ExtensionNamesRequest(AgentRequest[tuple[str, ...]]):
    """Which extensions do you have (section 4.7.1)?"""

    _request: Final = ExtensionRequest("query")

    @property
    def message(self) -> Extension:
        """SSH_AGENTC_EXTENSION with "query"."""
        return self._request.message

    def answer(self, reply: Message) -> tuple[str, ...]:
        """Return the names, escaped; "query" itself is not among OpenSSH's."""
        names = ExtensionNames.decode(self._request.answer(reply)).names
        return tuple(printable(name) for name in names)


def _wrong(reply: Message, wanted: str) -> WrongReply:
    return WrongReply(f"the agent answered {type(reply).__name__} where {wanted} was due")
