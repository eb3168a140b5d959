"""How a client's connection comes to be: dialled, keys exchanged, host key judged, logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from ssh_auth import ClientAuth
from ssh_connection.aio.client.handshake import Handshake
from ssh_connection.aio.client.login import ClientLogin
from ssh_connection.aio.client.settings import SessionProof
from ssh_connection.aio.endpoint import Endpoint
from ssh_keys import PublicKey, plain_key
from ssh_transport import ClientTransport, ConnectionLost, HostKeyRefused
from ssh_transport import events as ev
from ssh_wire import SSHError, UsageError, lazy
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_auth import AuthAttempt
    from ssh_connection.aio.client.settings import ClientSettings
    from ssh_connection.aio.services import hostkeys
    from ssh_connection.multiplexer import Multiplexer
    from ssh_connection.services import Service
    from ssh_keys import Credential
    from ssh_transport import CompressionCounts
    from ssh_transport.aio import Driver

else:
    m = lazy.module("ssh_wire.messages.connection")  # loads with the multiplexer
    hostkeys = lazy.module("ssh_connection.aio.services.hostkeys")  # a server may announce none

__all__ = ["ClientEndpoint", "Dialer"]

Dialer: TypeAlias = "Callable[[Driver], Awaitable[None]]"
"""Connects a driver to a byte stream: a socket, a pipe, a channel of another connection."""

_T = TypeVar("_T")


_DOING: Final = {
    "connect": "connecting to",
    "handshake": "exchanging keys with",
    "auth": "authenticating at",
}
"""What each stage does, for errors."""


class ClientEndpoint(Endpoint[ClientTransport]):
    """The client's end of a connection, up to the point where the user is logged in."""

    def __init__(
        self,
        settings: ClientSettings,
        random: Callable[[int], bytes],
        core: ClientTransport | None = None,
    ) -> None:
        core = core or ClientTransport(
            settings.transport,
            random=random,
            now=asyncio.get_running_loop().time(),
            host_key_algorithms=settings.host_key_algorithms or None,
        )
        super().__init__(core, settings.limits, settings.timeouts.close)
        self._settings = settings
        self._handshake = Handshake()
        self._clock = timeout(None)
        self._login: ClientLogin | None = None
        self._established = False
        self._host_key_blob = b""
        self._host_proof: tuple[Credential, bytes] | None = None
        self._credentials = settings.credentials

    @property
    def compression_counts(self) -> tuple[CompressionCounts | None, CompressionCounts | None]:
        """What was expanded, and compressed, with the present keys; None where nothing is."""
        return self._core.compression_counts

    # ------------------------------------------------------------- establishing

    async def establish(self, dial: Dialer) -> None:
        """Connect, exchange keys, check the host key, authenticate.

        Args:
            dial: connects the driver to a byte stream.

        Raises:
            OSError: the stream cannot be connected.
            ClosedBeforeIdentification: the server ended the connection at once; has what it sent.
            IdentificationError: what answered is not an SSH server.
            HostKeyRefused: the host key was not accepted.
            NegotiationFailed: there is no common algorithm.
            AuthenticationFailed: no credential was enough.
            SSHTimeout: a stage took longer than its timeout.
            ConnectionLost: the server went away.
        """
        try:
            await self._stage("connect", self._settings.timeouts.connect, dial(self._driver))
            await self._stage(
                "handshake", self._settings.timeouts.handshake, self._exchange_keys()
            )
            await self._stage("auth", self._settings.timeouts.auth, self._authenticate())
            self._require_open()
        except BaseException as error:
            self._driver.close()
            self._end(ConnectionLost("the connection was not established"))
            await self._clean_up()
            if isinstance(error, ConnectionLost) and not self._handshake.identified:
                raise self._handshake.failure(error.__cause__) from error
            raise
        self._established = True
        self._start_keepalive(self._settings.keepalive)
        self._start_inactivity()

    async def _stage(self, name: str, seconds: float, work: Awaitable[None]) -> None:
        clock = timeout(seconds)
        self._clock = clock
        try:
            async with clock:
                await work
        except TimeoutError as error:
            if not clock.expired():
                raise
            from ssh_connection.errors import SSHTimeout

            doing = f"{_DOING[name]} {self._settings.host} port {self._settings.port}"
            raise SSHTimeout(name, seconds, doing=doing) from error

    async def _without_timeout(self, work: Awaitable[_T]) -> _T:
        """Do work whose time is a person's, not the server's."""
        due = self._clock.when()
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._clock.reschedule(None)
        try:
            return await work
        finally:
            if due is not None:
                self._clock.reschedule(due + loop.time() - started)

    async def _exchange_keys(self) -> None:
        self._require_open()  # a reset may be faster than this task
        self._core.request_service("ssh-userauth")
        self._driver.flush()
        self._settings.transport.algorithms.load_ahead()
        received = await self._handshake.host_key
        if received is None:
            self._require_open()  # raises what ended the connection
        else:
            await self._judge_host_key(received)

    async def _judge_host_key(self, received: ev.HostKeyReceived) -> None:
        presented = received.credential
        settings, key = self._settings, plain_key(presented)
        trusted = False
        try:
            if not isinstance(presented, PublicKey) and settings.verify_host_certificate:
                trusted = await self._without_timeout(settings.verify_host_certificate(presented))
            if trusted is not True:
                trusted = await self._without_timeout(settings.verify_host_key(key))
        except BaseException:
            self._reject("the host key could not be checked")
            raise
        if trusted is not True:
            self._reject("the host key is not trusted")
            problem = f"the host key {key.fingerprint()} of {self._settings.host} is not trusted"
            raise HostKeyRefused(problem)
        if settings.find_credentials is not None:
            # what the server sends next waits for the answer to its host key
            self._credentials = await self._without_timeout(settings.find_credentials())
        self._require_open()
        self._host_key_blob = presented.blob
        self._core.accept_host_key()
        self._host_proof = presented, received.signature
        if settings.on_session is not None:
            settings.on_session(self._proof)

    def _reject(self, description: str) -> None:
        if not self.is_closed:
            self._core.reject_host_key(description)
            self._driver.flush()

    def _logged_in(self) -> None:
        # called while the packet is processed: what follows it belongs to the connection
        self._core.authenticated()
        self._core.sink = self._receive

    async def _authenticate(self) -> None:
        """Log in; what needs no answer leaves behind NEWKEYS, in the same write."""
        # EXT_INFO may have arrived behind the host key: it decides how a key signs
        while (event := self._core.next_event()) is not None:
            self.transport_event(event)
        self._require_open()
        login = ClientLogin(
            self._settings,
            self._credentials,
            self._core,
            self._driver,
            self._logged_in,
            self._host_key_blob,
        )
        self._login = login
        self._core.use_userauth_numbers(ClientAuth.NUMBERS)
        self._core.sink = login.receive
        self._driver.schedule_flush()
        await login.conduct(self._without_timeout)

    # ------------------------------------------------------------- the server's other keys

    def _services(self, mux: Multiplexer) -> Iterable[Service]:
        if self._settings.update_host_keys is None:
            return ()
        row = hostkeys.announcement_row(
            self._settings.update_host_keys,
            self._global_request,
            lambda: self.session_id,
            self._children.spawn,
            mux,
        )
        return (row,)

    # ------------------------------------------------------------- events

    def _require_open(self) -> None:
        if self._lost.done() and not self._established:
            cause = self._lost.result().__cause__
            if isinstance(cause, SSHError):
                # what the handshake failed of says more than that the connection is gone
                raise cause
        super()._require_open()

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        super().transport_event(event)
        if not self._established:
            self._handshake.receive(event)
        if isinstance(event, ev.ExtInfoReceived) and self._login is not None:
            self._login.take_extensions()

    def _end(self, error: Exception) -> None:
        super()._end(error)
        self._handshake.end()
        if self._login is not None:
            self._login.end(self._lost.result())

    # ------------------------------------------------------------- about the connection

    @property
    def host(self) -> str:
        """The server's name, as it was asked for."""
        return self._settings.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self._settings.port

    @property
    def end(self) -> Exception | None:
        """What ended the connection; None while it is open."""
        return self._lost.result() if self._lost.done() else None

    @property
    def username(self) -> str:
        """The user that is logged in."""
        return self._settings.username

    @property
    def host_key(self) -> PublicKey:
        """The server's host key."""
        return self._core.host_key

    @property
    def _proof(self) -> SessionProof:
        """What the server has proven in the first key exchange.

        Raises:
            UsageError: the host key is not accepted yet.
        """
        if self._host_proof is None:
            problem = "the host key is not accepted yet"
            raise UsageError(problem)
        host_key, signature = self._host_proof
        return SessionProof(
            host_key=host_key, session_id=self._core.session_id, signature=signature
        )

    @property
    def server_software(self) -> str:
        """The softwareversion that the server identified itself with, escaped."""
        return self._core.peer_software

    @property
    def preferred_kex(self) -> str:
        """The key exchange method that the server prefers, which this side may not have."""
        choices = self._core.peer_first_choices
        return "" if choices is None else choices.kex

    @property
    def auth_attempts(self) -> tuple[AuthAttempt, ...]:
        """What was tried to log in, the one that succeeded last."""
        return self._login.attempts if self._login is not None else ()
