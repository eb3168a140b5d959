"""What the driver of a `ClientAuth` is told, and asked.

A `Question` waits: the authentication goes on when `ClientAuth.answer` has its answer, which
`obtain` returns.  Each method has its own kinds of question, in its own module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ssh_auth.errors import AuthenticationFailed
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_auth.attempts import AuthAttempt

__all__ = ["AuthRejected", "AuthSucceeded", "BannerReceived", "ClientEvent", "Question"]

T_co = TypeVar("T_co", covariant=True)


class Question(ABC, Generic[T_co]):
    """Something that this side has to find out before authentication can go on."""

    __slots__ = ()

    @abstractmethod
    async def obtain(self) -> T_co:
        """Return the answer, from the credential that the question is about."""


@lazy_attrs.frozen
class BannerReceived:
    """The server sent text to show before authentication (RFC 4252 section 5.4).

    Attributes:
        text: the text, escaped.
    """

    text: str


@lazy_attrs.frozen
class AuthSucceeded:
    """The user is authenticated; the service begins.

    Attributes:
        attempts: what was tried, the one that succeeded last.
    """

    attempts: tuple[AuthAttempt, ...]


@lazy_attrs.frozen
class AuthRejected:
    """No credential was enough; nothing more will be sent.

    Attributes:
        error: what was tried and what came of it, to be raised.
    """

    error: AuthenticationFailed


ClientEvent: TypeAlias = Question[Any] | BannerReceived | AuthSucceeded | AuthRejected
