"""What the driver of a `ServerAuth` is asked, and told.

Every question has a `request`: the number that its answer names.  Whoever answers late,
after the client has gone on to another request, answers a number that is no longer
asked, and is ignored.  The questions themselves are in the modules of the methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ssh_auth.permissions import Permissions
from ssh_keys import PublicKey, plain_key
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_auth.server.context import CompletedMethod
    from ssh_keys import Credential

__all__ = ["Authenticated", "DecisionInvalid", "LoginRefused", "ServerEvent", "ServerQuestion"]


@lazy_attrs.frozen
class ServerQuestion:
    """A question to a function of the backend.

    Attributes:
        FUNCTION: the function that decides.
        request: the number to answer.
        user: the user.
    """

    FUNCTION: ClassVar[str]

    request: int
    user: str

    @property
    def function(self) -> str:
        """The name of the function that decides."""
        return self.FUNCTION

    @property
    def arguments(self) -> tuple[object, ...]:
        """What the function is asked about, behind the `AuthContext`."""
        return ()


@lazy_attrs.frozen
class Authenticated:
    """The user is authenticated; SSH_MSG_USERAUTH_SUCCESS is among the messages to send.

    Attributes:
        user: the user.
        permissions: what all completed methods allow.
        credential: the key or certificate whose signature was verified last, if there was one.
        completed: all completed methods, in order.
    """

    user: str
    permissions: Permissions
    credential: Credential | None
    completed: tuple[CompletedMethod, ...]

    @property
    def key(self) -> PublicKey | None:
        """The key of the credential, certified or not."""
        return None if self.credential is None else plain_key(self.credential)

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of the completed methods, in order."""
        return tuple(each.method for each in self.completed)


@lazy_attrs.frozen
class LoginRefused:
    """A function accepted, and what it accepted with does not allow this login.  Log it.

    Attributes:
        request: the question.
        user: the user.
        problem: why: the client's address, an expiry, or what a FIDO token does not state.
    """

    request: int
    user: str
    problem: str


@lazy_attrs.frozen
class DecisionInvalid:
    """A question was answered with something else than a result; it counts as a Reject.  Log it.

    Attributes:
        request: the question.
        user: the user.
        problem: what was wrong with the answer.
    """

    request: int
    user: str
    problem: str


ServerEvent: TypeAlias = ServerQuestion | Authenticated | DecisionInvalid | LoginRefused
