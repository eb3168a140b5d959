"""The server's authentication, driven: what is sent, who is asked, how long it may take."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ssh_auth import (
    AuthContext,
    Authenticated,
    DecisionInvalid,
    LoginRefused,
    ServerAuth,
)
from ssh_connection.aio.server.authenticator import Authenticator
from ssh_wire import ProtocolError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_auth import ServerEvent, ServerQuestion
    from ssh_connection.aio.server.settings import ServerSettings
    from ssh_transport import ServerTransport
    from ssh_transport.aio import Driver
    from ssh_wire.primitives import Buffer

__all__ = ["ServerLogin"]

_SECRET: Final = os.urandom(32)
"""Makes the delays of this process its own."""


class ServerLogin:
    """One authentication, from the client's first request to its success.

    Args:
        settings: who may log in, and how often a client may try.
        core: the transport, which carries the messages.
        driver: writes what the transport has to send.
        context: what the functions that decide are told of the connection.
        spawn: runs a coroutine that ends with the connection at the latest.
        authenticated: called when the client is authenticated.
    """

    def __init__(
        self,
        settings: ServerSettings,
        core: ServerTransport,
        driver: Driver,
        context: AuthContext,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        authenticated: Callable[[Authenticated], None],
    ) -> None:
        self._log = settings.log
        self._delay = settings.failure_delay
        self._core = core
        self._driver = driver
        self._spawn = spawn
        self._authenticated = authenticated
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._auth = ServerAuth(
            context, settings.authentication.policy, limits=settings.auth_limits, now=time.time
        )
        self._authenticator = Authenticator(settings.authentication, self._auth, settings.log)

    def receive(self, payload: Buffer) -> None:
        """Take a message of the client; the payload is valid during the call.

        Raises:
            ProtocolError: the client may not send it.
        """
        if self._timer is None and not self._auth.pending:
            self._began = self._loop.time()
        try:
            self._auth.receive(payload)
        except ProtocolError:
            # what was sent before a rule was broken leaves before the DISCONNECT
            self._advance()
            raise
        self._answer()

    def close(self) -> None:
        """Forget the authentication: the connection has ended."""
        self._closed = True
        self._auth.close()
        if self._timer is not None:
            self._timer.cancel()

    @property
    def failures(self) -> int:
        """How many attempts have failed or were abandoned."""
        return self._auth.failures

    def _answer(self) -> None:
        """Send what there is to send; a failure not before its time, nor what follows it."""
        if self._timer is not None:
            return
        delay = self._failure_delay() if self._auth.failing and not self._closed else 0.0
        if delay > 0:
            self._core.hold_connection_messages = True
            self._timer = self._loop.call_later(delay, self._advance)
        else:
            self._advance()

    def _failure_delay(self) -> float:
        if self._delay is None:
            return 0.0
        return self._delay(self._auth.context.user, _SECRET, self._loop.time() - self._began)

    def _advance(self) -> None:
        """Send what there is to send; let the functions decide what is asked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._began = self._loop.time()
        if self._closed:
            return
        auth = self._auth
        algorithms = auth.take_server_sig_algs()
        if algorithms is not None and self._core.ext_info_due(algorithms):
            self._core.send_ext_info(algorithms)
        for message in auth.take_messages():
            self._core.send_payload(message)
        while (event := auth.next_event()) is not None:
            self._take(event)
        self._core.hold_connection_messages = auth.pending
        self._driver.schedule_flush()

    def _take(self, event: ServerEvent) -> None:
        match event:
            case Authenticated():
                self._authenticated(event)
            case DecisionInvalid():
                text = "authentication of %s: %s"
                self._log.error(text, printable(event.user), event.problem)
            case LoginRefused():
                self._log.info("login of %s refused: %s", printable(event.user), event.problem)
            case _:
                self._spawn(self._decide(event))

    async def _decide(self, question: ServerQuestion) -> None:
        try:
            await self._authenticator.decide(question)
        except ProtocolError as error:
            await asyncio.sleep(self._failure_delay())  # it was the last failure of the client's
            self._advance()
            self._core.disconnect(error.reason, str(error))
            self._driver.close()
            return
        self._answer()
