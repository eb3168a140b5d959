"""The client's authentication, driven: who signs, who is asked, what is sent."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ssh_auth import (
    AuthAttempt,
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientAuth,
    ClientPolicy,
    KeyCredential,
    Question,
    UnusableCredential,
)
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_auth import AuthCredential, AuthProgress, AuthStrategy, ClientEvent
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_transport import ClientTransport
    from ssh_transport.aio import Driver
    from ssh_wire.primitives import Buffer

__all__ = ["ClientLogin"]

T = TypeVar("T")
_HOSTBOUND: Final = "publickey-hostbound@openssh.com"
_log = logging.getLogger("ssh_connection")


class _WithoutTimeout(Protocol):
    """Awaits something that the timeout does not count: the user's answers take their time."""

    async def __call__(self, work: Awaitable[T], /) -> T: ...


class ClientLogin:
    """One authentication, from the first request to its result.

    Args:
        settings: how the user is authenticated.
        credentials: what the user can prove itself with, or what decides that.
        core: the transport, which carries the messages.
        driver: writes what the transport has to send.
        logged_in: called when the user is authenticated.
        host_key: the server's host key or certificate, as it was exchanged.
    """

    def __init__(
        self,
        settings: ClientSettings,
        credentials: Sequence[AuthCredential] | AuthStrategy,
        core: ClientTransport,
        driver: Driver,
        logged_in: Callable[[], None],
        host_key: bytes,
    ) -> None:
        if settings.withhold is not None:
            credentials = _allowed(credentials, settings.withhold)
        if _log.isEnabledFor(logging.DEBUG) and isinstance(credentials, Sequence):
            _tell_credentials(credentials)
        self._auth = ClientAuth(
            settings.username,
            core.session_id,
            credentials,
            limits=settings.auth_limits,
            policy=ClientPolicy(
                host=settings.host,
                algorithms=settings.public_key_algorithms,
                hostbased_algorithms=settings.hostbased_algorithms,
                hostbound=settings.hostbound,
                require_proof=settings.require_proof,
            ),
        )
        self._host_key = host_key
        self._core = core
        self._driver = driver
        self._logged_in = logged_in
        self._told = 0
        self._on_banner = settings.on_banner
        self._questions: deque[ClientEvent] = deque()
        self._arrived = asyncio.Event()
        self._lost: Exception | None = None
        self.attempts: tuple[AuthAttempt, ...] = ()
        self.take_extensions()

    def receive(self, payload: Buffer) -> None:
        """Take a message of the server; the payload is valid during the call."""
        self._auth.receive(payload)
        self._advance()

    def take_extensions(self) -> None:
        """Take what the server has announced (RFC 8308): it may come before or meanwhile."""
        self._auth.server_sig_algs = self._core.server_sig_algs
        if self._core.peer_extensions.get(_HOSTBOUND) == b"0":
            self._auth.hostbound_key = self._host_key

    def end(self, error: Exception) -> None:
        """End: the connection is lost."""
        self._lost = error
        self._arrived.set()

    async def conduct(self, without_timeout: _WithoutTimeout) -> None:
        """Send the first request, and answer what is asked until there is a result.

        Raises:
            AuthenticationFailed: no credential was enough.
            ConnectionLost: the server went away.
        """
        self._auth.start()
        self._advance()
        while True:
            while self._questions:
                event = self._questions.popleft()
                if isinstance(event, AuthSucceeded):
                    return
                if isinstance(event, AuthRejected):
                    raise event.error
                await self._answer(event, without_timeout)
                if self._lost is None:
                    self._advance()
                    self._driver.schedule_flush()
            if self._lost is not None:
                raise self._lost
            self._arrived.clear()
            await self._arrived.wait()

    async def _answer(self, event: ClientEvent, without_timeout: _WithoutTimeout) -> None:
        if isinstance(event, Question):
            self._auth.answer(event, await without_timeout(event.obtain()))
        elif isinstance(event, BannerReceived) and self._on_banner is not None:
            self._on_banner(event.text)

    def _advance(self) -> None:
        """Send what there is to send; take note of what happened."""
        if _log.isEnabledFor(logging.DEBUG):
            self._tell_attempts()
        for message in self._auth.take_messages():
            self._core.send_payload(message)
        while (event := self._auth.next_event()) is not None:
            if isinstance(event, AuthSucceeded):
                self.attempts = event.attempts
                self._logged_in()
            self._questions.append(event)
        self._arrived.set()

    def _tell_attempts(self) -> None:
        """Log what has come of credentials since the last time."""
        for attempt in self._auth.attempts[self._told :]:
            remaining = attempt.remaining
            left = "" if remaining is None else f"; the server accepts {', '.join(remaining)}"
            _log.debug("authentication by %s%s", attempt, left)
        self._told = len(self._auth.attempts)


def _tell_credentials(credentials: Sequence[AuthCredential]) -> None:
    """Log what there is to log in with, in the order in which it is tried."""
    for number, each in enumerate(credentials, 1):
        if isinstance(each, KeyCredential):
            what = f"{each.offered.kind} {each.offered.fingerprint()}"
        else:
            what = each.problem if isinstance(each, UnusableCredential) else ""
        about = ", ".join(filter(None, (printable(each.source), printable(what))))
        _log.debug("credential %d: %s%s", number, each.method, f" ({about})" if about else "")


def _allowed(
    credentials: Sequence[AuthCredential] | AuthStrategy, withhold: Callable[[AuthCredential], str]
) -> Sequence[AuthCredential] | AuthStrategy:
    """Return the credentials, those that are withheld replaced by the reason."""
    if isinstance(credentials, Sequence):
        return [_judged(each, withhold) for each in credentials]
    return _Withholding(credentials, withhold)


def _judged(
    credential: AuthCredential, withhold: Callable[[AuthCredential], str]
) -> AuthCredential:
    problem = withhold(credential)
    if not problem:
        return credential
    return UnusableCredential(credential.method, credential.source, problem)


class _Withholding:
    """A strategy whose credentials are judged when their turn comes."""

    def __init__(self, strategy: AuthStrategy, withhold: Callable[[AuthCredential], str]) -> None:
        self._strategy = strategy
        self._withhold = withhold

    def next_credential(self, progress: AuthProgress, /) -> AuthCredential | None:
        credential = self._strategy.next_credential(progress)
        return None if credential is None else _judged(credential, self._withhold)
