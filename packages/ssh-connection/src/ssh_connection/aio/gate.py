"""Who may log in: what a server is told, and how it is asked.

Each method is a small async function that returns exactly an `Accept`, a `Reject` or a
`Partial`.  A method without a function is not offered.  A function that raises, or
returns anything else, authenticates nobody.  Each is told of the connection, in an
`AuthContext` behind its other arguments, where it wants one argument more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from ssh_auth import (
    Accept,
    AnswersReceived,
    AuthContext,
    Authenticated,
    ChangePassword,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    Partial,
    PasswordChangeOffered,
    PasswordOffered,
    Reject,
    ServerAuth,
    ServerPolicy,
    TokenRefused,
)
from ssh_connection.aio.callbacks import call, check_async
from ssh_keys import PublicKey
from ssh_wire import UsageError
from ssh_wire.messages.auth import InfoRequest
from ssh_wire.primitives import encode_names

if TYPE_CHECKING:
    from ssh_auth import ServerEvent
    from ssh_keys import Certificate  # noqa: TC004 (loads when the first one is met)

__all__ = ["Gate", "Result", "ServerAuthentication"]

Result: TypeAlias = Accept | Reject | Partial
"""What a method answers."""

_Answer: TypeAlias = Result | InfoRequest | ChangePassword
_log = logging.getLogger("ssh_connection.server")


@attrs.frozen(kw_only=True)
class ServerAuthentication:
    """The methods that a server offers, each with the function that decides."""

    public_key: (
        Callable[[str, PublicKey], Awaitable[Result]]
        | Callable[[str, PublicKey, AuthContext], Awaitable[Result]]
        | None
    ) = None
    """May this user in with this key?  Asked for a query too; only a verified signature counts."""
    certificate: (
        Callable[[str, Certificate], Awaitable[Result]]
        | Callable[[str, Certificate, AuthContext], Awaitable[Result]]
        | None
    ) = None
    """May this user in with this certificate?  Without the function, certificates are refused.

    That its authority signed it has been verified.  Whether the authority is trusted, and
    whether the certificate is good for this user now (`Certificate.check`), is not: see
    `ssh_stack.TrustedUserCAKeys`.
    """
    password: (
        Callable[[str, str], Awaitable[Result | ChangePassword]]
        | Callable[[str, str, AuthContext], Awaitable[Result | ChangePassword]]
        | None
    ) = None
    """Is this the user's password?"""
    new_password: (
        Callable[[str, str, str], Awaitable[Result | ChangePassword]]
        | Callable[[str, str, str, AuthContext], Awaitable[Result | ChangePassword]]
        | None
    ) = None
    """Is this the user's old password, and does the new one take its place?

    Asked after a `ChangePassword` of `password`; another one says that the new password will
    not do.
    """
    interactive: (
        Callable[[str, int, Sequence[str]], Awaitable[Result | InfoRequest]]
        | Callable[[str, int, Sequence[str], AuthContext], Awaitable[Result | InfoRequest]]
        | None
    ) = None
    """Prompts to show, or a result: given the user, the round (0 first), and the answers."""
    none: (
        Callable[[str], Awaitable[Result]] | Callable[[str, AuthContext], Awaitable[Result]] | None
    ) = None
    """May this user in without credentials?"""
    sequences: tuple[tuple[str, ...], ...] = ()
    """What must be completed, one of these, as in OpenSSH's AuthenticationMethods."""
    algorithms: Callable[[str], Sequence[str]] | None = None
    """The signature algorithms that this user's keys may use; None for everybody's.

    Asked once, as soon as the client has named the user, and at once: it is no async function.
    A client that takes it is told before the first answer where they are not what all were told,
    so what is said of an unknown user must not give away that it is one.
    """
    banner: str = ""
    """Text that the client shows before authentication."""

    def check(self) -> None:
        """Refuse functions that cannot be meant, and methods that nobody could complete.

        Raises:
            UsageError: there is one.
        """
        for name, count in _ARGUMENTS.items():
            function = getattr(self, name)
            if function is not None:
                check_async(name, function, count, count + 1)
        if self.algorithms is not None and not callable(self.algorithms):
            problem = "algorithms is a function of the user's name"
            raise UsageError(problem)
        self.policy  # noqa: B018 (says what is wrong with it)

    @property
    def policy(self) -> ServerPolicy:
        """The same for the state machine."""
        functions = {
            "publickey": self.public_key or self.certificate,
            "password": self.password,
            "keyboard-interactive": self.interactive,
            "none": self.none,
        }
        methods = tuple(name for name, function in functions.items() if function is not None)
        return ServerPolicy(
            methods=methods,
            sequences=self.sequences,
            banner=self.banner,
            algorithms=None if self.algorithms is None else self._algorithms_of,
            certificates=self.certificate is not None,
        )

    def _algorithms_of(self, user: str) -> tuple[str, ...]:
        """Return a user's algorithms: none of them where the function does not say."""
        try:
            given = self.algorithms(user) if self.algorithms is not None else ()
            names = () if isinstance(given, str) else tuple(given)
            encode_names(names)
        except Exception:  # noqa: BLE001 (a user's function may raise anything)
            _log.exception("the algorithms of a user are not known")
            return ()
        return names


_ARGUMENTS: Final = {
    "public_key": 2,
    "certificate": 2,
    "password": 2,
    "new_password": 3,
    "interactive": 3,
    "none": 1,
}
"""Function -> the arguments that it is called with, without the `AuthContext`."""


class Gate:
    """Asks the functions for one client, one question at a time.

    Args:
        authentication: the functions.
        auth: the state machine that asks.
        context: what the functions are told of the connection; the user and what has been
            completed are filled in.
        log: where a function's faults are told.
    """

    def __init__(
        self,
        authentication: ServerAuthentication,
        auth: ServerAuth,
        context: AuthContext | None = None,
        log: logging.Logger = _log,
    ) -> None:
        self._functions = authentication
        self._auth = auth
        self._context = context or AuthContext(user="")
        self._log = log
        self._change_demanded = False

    async def decide(self, event: ServerEvent) -> None:
        """Answer one question; whatever goes wrong in a function is a Reject.

        Raises:
            ProtocolError: the client has had all its attempts.
        """
        if isinstance(event, Authenticated | DecisionInvalid | TokenRefused):
            return
        function, arguments = self._question(event)
        context = attrs.evolve(self._context, user=event.user, completed=self._auth.completed)
        answer: _Answer = Reject()
        try:
            if function is not None:
                answer = await call(function, *arguments, context=context)
        except BaseException as error:  # a user's function may raise anything
            if _is_an_end(error):
                raise
            self._log.exception("an authentication function failed")
        try:
            self._give(event.request, answer)
        except UsageError:
            self._log.exception("an authentication function asked what cannot be asked")
            self._auth.answer(event.request, Reject())

    def _give(self, request: int, answer: _Answer) -> None:
        """Answer a question.

        Raises:
            UsageError: the answer is no answer to this question.
            ProtocolError: the client has had all its attempts.
        """
        if isinstance(answer, InfoRequest):
            self._auth.ask(request, answer)
        elif type(answer) is ChangePassword:
            if self._functions.new_password is None:
                problem = "a new password was demanded, and new_password is not given"
                raise UsageError(problem)
            self._change_demanded = self._auth.demand_change(request, answer.prompt)
        else:
            self._auth.answer(request, answer)  # which refuses what is no Result

    def _question(  # noqa: PLR0911 (one method a case)
        self, event: ServerEvent
    ) -> tuple[Callable[..., Awaitable[Any]] | None, tuple[object, ...]]:
        """Return the function that decides, and what it is asked."""
        asked = self._functions
        match event:
            case KeyOffered(certificate=None) | KeyVerified(certificate=None):
                return asked.public_key, (event.user, event.key)
            case KeyOffered() | KeyVerified():
                return asked.certificate, (event.user, event.certificate)
            case PasswordOffered():
                return asked.password, (event.user, event.password)
            case PasswordChangeOffered() if self._change_demanded:
                return asked.new_password, (event.user, event.password, event.new_password)
            case InteractiveStarted():
                return asked.interactive, (event.user, 0, ())
            case AnswersReceived():
                return asked.interactive, (event.user, event.round, event.answers)
            case NoneOffered():
                return asked.none, (event.user,)
            case _:
                return None, ()  # a new password that nobody demanded


def _is_an_end(error: BaseException) -> bool:
    """Whether the program or this task is being ended, and not just the function at fault."""
    if isinstance(error, asyncio.CancelledError):
        # a function may be cancelled within: that is no reason to leave its client waiting
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
