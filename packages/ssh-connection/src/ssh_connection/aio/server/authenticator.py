"""One client's authentication: asks the functions that decide, one question at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ssh_auth import ChangePassword, PasswordChangeOffered, Reject
from ssh_connection.aio.callbacks import awaited

if TYPE_CHECKING:
    from ssh_auth import ServerAuth, ServerQuestion
    from ssh_connection.aio.server.authentication import ServerAuthentication

__all__ = ["Authenticator"]

_log = logging.getLogger("ssh_connection.server")


class Authenticator:
    """Asks the functions for one client, one question at a time.

    Args:
        authentication: the functions.
        auth: the state machine that asks.
        log: where a function's faults are told.
    """

    def __init__(
        self,
        authentication: ServerAuthentication,
        auth: ServerAuth,
        log: logging.Logger = _log,
    ) -> None:
        self._functions = authentication
        self._auth = auth
        self._log = log
        self._change_demanded = False

    async def decide(self, question: ServerQuestion) -> None:
        """Answer one question; whatever goes wrong in a function is a Reject.

        Raises:
            ProtocolError: the client has had all its attempts.
        """
        answer: object = Reject()
        try:
            function = self._function(question)
            if function is not None:
                answer = await awaited(function, self._auth.context, *question.arguments)
        except BaseException as error:  # a user's function may raise anything
            if _ends_the_task(error):
                raise
            self._log.exception("an authentication function failed")
        if type(answer) is ChangePassword and self._functions.new_password is None:
            self._log.error("a new password was demanded, and new_password is not given")
            answer = Reject()
        # it refuses what is not a result, and what comes too late
        answered = self._auth.answer(question.request, answer)
        self._change_demanded = answered and type(answer) is ChangePassword

    def _function(self, question: ServerQuestion) -> Callable[..., Awaitable[Any]] | None:
        """Return the function that decides; None where there is none, or its time is not yet."""
        if isinstance(question, PasswordChangeOffered) and not self._change_demanded:
            return None  # a new password that was not demanded
        function: Callable[..., Awaitable[Any]] | None
        function = getattr(self._functions, question.function)
        return function


def _ends_the_task(error: BaseException) -> bool:
    """Return whether the program or this task is being ended, not the function alone."""
    if isinstance(error, asyncio.CancelledError):
        # a function may be cancelled within: its client is not left waiting
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
