"""What a method of authentication is, for a client.

A method is a class with its name, the numbers of its messages, its rows of the table of
states, and what it does: `begin` with a credential, `step` for each message of its own,
`answer` for each answer of this side.  It sends nothing itself: what it returns says what
becomes of the authentication.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from ssh_auth.attempts import Outcome
from ssh_auth.client.lenient import Repair
from ssh_auth.client.policy import ClientPolicy
from ssh_auth.client.request_builder import RequestBuilder
from ssh_auth.client.states import Await, ClientState, Trying
from ssh_auth.credentials import AuthCredential
from ssh_auth.limits import AuthLimits
from ssh_wire import Message, MessageSet, UsageError, lazy_attrs

__all__ = ["Conversation", "GiveUp", "Method", "Rows", "Step", "Stop", "Turn", "unfit"]

C = TypeVar("C", bound=AuthCredential)
E = TypeVar("E", bound=ClientState)
M = TypeVar("M", bound=Message)
A = TypeVar("A", bound=Await[Any, Any])

Rows: TypeAlias = Mapping[type[ClientState], MessageSet[Message]]
"""Which messages may arrive in which state."""


@lazy_attrs.frozen
class Turn:
    """The method goes on.

    Attributes:
        state: what is waited for now; where it is an `Await`, its question is asked.
        messages: what is sent first, in order.
        proves: whether that shows what only the user could: a secret, or a signature.
    """

    state: Trying[AuthCredential]
    messages: tuple[Message, ...] = ()
    proves: bool = False


@lazy_attrs.frozen
class GiveUp:
    """The credential is left unfinished, and the next one is tried.

    The server abandons the request when the next one comes (RFC 4252 section 5.1).
    """

    outcome: Outcome
    detail: str = ""


@lazy_attrs.frozen
class Stop:
    """The authentication ends: the server does not let it come to an end."""

    reason: str


Step: TypeAlias = Turn | GiveUp | Stop


@lazy_attrs.define
class Conversation:
    """What methods know of the authentication that they are part of.

    Attributes:
        requests: the messages of the user for the service.
        limits: how much the server may ask for.
        policy: what the client may use.
        server_sig_algs: the algorithms of the server's EXT_INFO; None until it came.
        hostbound_key: the server's host key or certificate, where the server takes signatures that
            are bound to it.
        lone_key: whether there is one key to try and no other.
        rounds: the INFO_REQUESTs so far.
    """

    requests: RequestBuilder
    limits: AuthLimits
    policy: ClientPolicy
    server_sig_algs: Sequence[str] | None = None
    hostbound_key: bytes | None = None
    lone_key: bool = False
    rounds: int = 0


class Method(ABC, Generic[C, E, M, A]):
    """One credential that is tried.

    Its parameters are the credential, the states that wait for messages of the method, those
    messages, and the states that wait for answers.

    Attributes:
        NAME: the method's name on the wire.
        NUMBERS: the numbers of 60 to 79 that its messages have, of both sides.
        LEGAL: the rows of its states.
        REPAIRS: by number, what makes a message of the server exact, where it is taken although
            RFC 4252 says otherwise.
    """

    NAME: ClassVar[str]
    NUMBERS: ClassVar[frozenset[int]] = frozenset()
    LEGAL: ClassVar[Rows] = {}
    REPAIRS: ClassVar[Mapping[int, Repair]] = {}

    def __init__(self, conversation: Conversation, credential: C) -> None:
        self._conversation = conversation
        self._credential = credential

    @abstractmethod
    def begin(self) -> Step:
        """Begin with the credential; `GiveUp` means that nothing of it can be tried."""

    def step(self, state: E, message: M) -> Step:
        """Take a message that a row of the method has, and that is not one of every method."""
        raise NotImplementedError  # pragma: no cover (for methods that have such states)

    def answer(self, state: A, value: Any) -> Step:  # noqa: ANN401 (as the question has it)
        """Take the answer to the question of a state.

        Raises:
            UsageError: it does not answer it.
        """
        raise NotImplementedError  # pragma: no cover (for methods that have such states)

    def again(self, state: Trying[AuthCredential]) -> Step | None:  # noqa: ARG002 (for those that use it)
        """Return how a credential that was refused is tried otherwise, or None."""
        return None


def unfit(what: str) -> UsageError:
    """Return the error for an answer that cannot be sent."""
    return UsageError(f"the answer has to be {what}")
