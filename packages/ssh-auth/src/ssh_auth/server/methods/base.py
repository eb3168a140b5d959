"""What a method of authentication is, for a server.

A method is a class with its name, the numbers of its messages, its rows of the table of
states, the functions that decide, and what it does: `begin` with a request, `step` for each
message of its own, `answer` for each decision.  It sends nothing itself: what it returns says
what becomes of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from ssh_auth.limits import AuthLimits
from ssh_auth.server.attempt_counter import AttemptCounter
from ssh_auth.server.context import AuthContext
from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.results import Accept, Partial, Reject
from ssh_auth.server.states import ExpectDecision, ExpectRequest, Rows, ServerState
from ssh_keys import plain_key
from ssh_wire import Message, lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Credential, PublicKey

__all__ = ["Ask", "Complete", "Conversation", "Fail", "Method", "Step", "Turn", "judged"]

R = TypeVar("R", bound=Message)
E = TypeVar("E", bound=ServerState)
M = TypeVar("M", bound=Message)


@lazy_attrs.frozen
class Ask:
    """A function of the backend is asked.

    Attributes:
        state: what is waited for: the decision with the number of the question.
        question: the question.
    """

    state: ExpectDecision
    question: ServerQuestion


@lazy_attrs.frozen
class Turn:
    """The client is told something, and it is its turn.

    Attributes:
        message: what it is told; None for nothing.
        state: what is waited for; where that is any request, the attempt has ended.
    """

    message: Message | None
    state: ServerState = ExpectRequest()


@lazy_attrs.frozen
class Fail:
    """The request fails: SSH_MSG_USERAUTH_FAILURE.

    Attributes:
        free: it does not count as a failure.
        problem: what a function that accepted has not seen, for the log.
    """

    free: bool = False
    problem: str = ""


@lazy_attrs.frozen
class Complete:
    """The method is completed.

    Attributes:
        result: the answer that completed it.
        credential: the key or certificate whose signature was verified.
    """

    result: Accept | Partial
    credential: Credential | None = None


Step: TypeAlias = Ask | Turn | Fail | Complete


@lazy_attrs.define
class Conversation:
    """What methods know of the authentication that they are part of.

    Attributes:
        context: the connection; its user is the one that the client named.
        limits: how much the client may ask for.
        counter: what it has used up of them.
        empty_passwords: an empty password may reach the backend.
        algorithms: the signature algorithms that are accepted.
        numbers: gives each question its number.
    """

    context: AuthContext
    limits: AuthLimits
    counter: AttemptCounter
    empty_passwords: bool = False
    algorithms: frozenset[str] = frozenset()
    numbers: count[int] = lazy_attrs.field(factory=lambda: count(1))

    @property
    def user(self) -> str:
        """The user that the client named."""
        return self.context.user

    def has_completed(self, key: PublicKey) -> bool:
        """Return whether a key, certified or not, has completed a method before."""
        credentials = (each.credential for each in self.context.completed)
        return key in [plain_key(each) for each in credentials if each is not None]


class Method(Generic[R, E, M]):
    """One request of a client, and what follows it.

    Its parameters are the requests, the states that wait for further messages of the method, and
    those messages.

    Attributes:
        NAME: the method's name on the wire.
        NUMBERS: the numbers of 60 to 79 that its messages have, of both sides.
        REQUESTS: the forms of its SSH_MSG_USERAUTH_REQUEST.
        LEGAL: the rows of its states.
        FUNCTIONS: the functions of `ServerAuthentication` that decide, each with the number of
            its arguments behind the `AuthContext`.
        OFFERED_BY: those of which one is enough to offer the method; all of them when empty.
        ANSWERS: what these functions may answer beside a result.
        FACTOR: it shows who somebody is.
    """

    NAME: ClassVar[str]
    NUMBERS: ClassVar[frozenset[int]] = frozenset()
    REQUESTS: ClassVar[tuple[type[Message], ...]]
    LEGAL: ClassVar[Rows] = {}
    FUNCTIONS: ClassVar[Mapping[str, int]]
    OFFERED_BY: ClassVar[tuple[str, ...]] = ()
    ANSWERS: ClassVar[tuple[type, ...]] = ()
    FACTOR: ClassVar[bool] = True

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def begin(self, request: R) -> Step:
        """Take the request."""
        raise NotImplementedError

    def step(self, state: E, message: M) -> Step:
        """Take a message that a row of the method has, except requests."""
        raise NotImplementedError

    def answer(self, state: Any, value: Any) -> Step:  # noqa: ANN401 (a result, or one of ANSWERS)
        """Take the decision of the function that was asked.

        Raises:
            UsageError: the answer does not fit the question.
            TooManyAttempts: the client has used up what it may have.
        """
        del state
        return judged(value)


def judged(result: Accept | Reject | Partial, credential: Credential | None = None) -> Step:
    """Return what a result makes of a request."""
    if isinstance(result, Accept | Partial):
        return Complete(result, credential)
    return Fail()
