"""What a client waits for.

Each class is named after what it expects and holds what is known by then.  The classes
named `Expect…` wait for the server, those named `Await…` for somebody on this side, while
nothing is in flight.  A method has further ones, in its own module; `LEGAL` of
`ssh_auth.client.methods.table` is the machine: a message that the row of the present state
does not have is a protocol error, without exception.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from ssh_auth.client.events import Question
from ssh_auth.credentials import AuthCredential
from ssh_wire import Message, MessageSet, lazy_attrs
from ssh_wire.messages.auth import UserauthBanner, UserauthFailure, UserauthSuccess

__all__ = [
    "COMMON",
    "QUIET",
    "VERDICT",
    "Await",
    "ClientState",
    "ExpectStart",
    "ExpectVerdict",
    "Finished",
    "Trying",
]

C_co = TypeVar("C_co", bound=AuthCredential, covariant=True)
Q_co = TypeVar("Q_co", bound=Question[Any], covariant=True)


class ClientState:
    """What a client waits for."""

    __slots__ = ()

    @property
    def trying(self) -> Trying[AuthCredential] | None:
        """The state, where a credential is being tried."""
        return None

    @property
    def asking(self) -> Await[AuthCredential, Question[Any]] | None:
        """The state, where something is asked on this side."""
        return None


@lazy_attrs.frozen
class ExpectStart(ClientState):
    """Nothing was sent."""


@lazy_attrs.frozen
class Finished(ClientState):
    """It is over, well or not."""


@lazy_attrs.frozen
class Trying(ClientState, Generic[C_co]):
    """A credential is being tried.

    Attributes:
        credential: the credential.
        algorithm: the signature algorithm that it is tried with, or empty.
    """

    credential: C_co
    algorithm: str = lazy_attrs.field(default="", kw_only=True)

    @property
    def trying(self) -> Trying[AuthCredential]:
        """The state itself."""
        return self


@lazy_attrs.frozen
class Await(Trying[C_co], Generic[C_co, Q_co]):
    """Somebody on this side is asked something, while nothing is in flight.

    Attributes:
        question: what is asked.
    """

    question: Q_co

    @property
    def asking(self) -> Await[AuthCredential, Question[Any]]:
        """The state itself."""
        return self


@lazy_attrs.frozen
class ExpectVerdict(Trying[AuthCredential]):
    """A request is with the server that it can only accept or refuse."""


QUIET: Final[MessageSet[Message]] = MessageSet(UserauthBanner)
"""What may arrive while nothing is in flight."""

VERDICT: Final[MessageSet[Message]] = MessageSet(UserauthBanner, UserauthFailure, UserauthSuccess)
"""What may arrive while a request is with the server, whatever its method."""

COMMON: Final[dict[type[ClientState], MessageSet[Message]]] = {
    ExpectStart: QUIET,
    ExpectVerdict: VERDICT,
    # SSH_MSG_USERAUTH_SUCCESS "MUST be sent only once", and nothing follows it
    Finished: MessageSet(),
}
"""The rows that belong to no method."""
