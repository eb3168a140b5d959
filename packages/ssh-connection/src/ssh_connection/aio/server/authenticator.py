"""One client's authentication: asks the functions that decide, one question at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ssh_auth import (
    AnswersReceived,
    AuthContext,
    Authenticated,
    ChangePassword,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    PasswordChangeOffered,
    PasswordOffered,
    Reject,
    ServerAuth,
    TokenRefused,
)
from ssh_connection.aio.callbacks import call
from ssh_connection.aio.server.authentication import Result, ServerAuthentication
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.messages.auth import InfoRequest

if TYPE_CHECKING:
    from ssh_auth import ServerEvent

__all__ = ["Authenticator"]

_Answer: TypeAlias = Result | InfoRequest | ChangePassword
_log = logging.getLogger("ssh_connection.server")


class Authenticator:
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
        context = lazy_attrs.evolve(self._context, user=event.user, completed=self._auth.completed)
        answer: _Answer = Reject()
        try:
            if function is not None:
                answer = await call(function, *arguments, context=context)
        except BaseException as error:  # a user's function may raise anything
            if _ends_the_task(error):
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
            UsageError: the answer does not fit the question.
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
            self._auth.answer(request, answer)  # which refuses what is not a Result

    def _question(
        self, event: ServerEvent
    ) -> tuple[Callable[..., Awaitable[Any]] | None, tuple[object, ...]]:
        """Return the function that decides, and what it is asked."""
        asked = self._functions
        function: Callable[..., Awaitable[Any]] | None = None
        about: tuple[object, ...] = ()
        match event:
            case KeyOffered(certificate=None) | KeyVerified(certificate=None):
                function, about = asked.public_key, (event.key,)
            case KeyOffered() | KeyVerified():
                function, about = asked.certificate, (event.certificate,)
            case PasswordOffered():
                function, about = asked.password, (event.password,)
            case PasswordChangeOffered() if self._change_demanded:
                function, about = asked.new_password, (event.password, event.new_password)
            case InteractiveStarted():
                function, about = asked.interactive, (0, ())
            case AnswersReceived():
                function, about = asked.interactive, (event.round, event.answers)
            case NoneOffered():
                function = asked.none
            case _:
                pass  # a new password that was not demanded
        return function, (event.user, *about)


def _ends_the_task(error: BaseException) -> bool:
    """Return whether the program or this task is being ended, not the function alone."""
    if isinstance(error, asyncio.CancelledError):
        # a function may be cancelled within: its client is not left waiting
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
