"""The server's end of a connection: deny by default, serve what was switched on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ssh_auth import AuthContext, ServerAuth
from ssh_connection.aio.callbacks import logged
from ssh_connection.aio.endpoint import Endpoint
from ssh_connection.aio.server.identity import HostIdentity
from ssh_connection.aio.server.login import ServerLogin
from ssh_connection.aio.server.services import services_for
from ssh_connection.aio.server.session import User
from ssh_connection.aio.services.hostkeys import HostKeyProofs
from ssh_transport import ConnectionLost, PeerDisconnected, ServerTransport
from ssh_transport import events as ev
from ssh_wire import DisconnectReason, SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_auth import Authenticated
    from ssh_connection.aio.server.settings import ServerSettings, SessionSettings

__all__ = ["ServerConnection"]

_log = logging.getLogger("ssh_connection.server")

_ANNOUNCED: Final = {"publickey-hostbound@openssh.com": b"0"}
"""What authentication adds to the server's EXT_INFO (OpenSSH's PROTOCOL section 3.1)."""


class ServerConnection(Endpoint[ServerTransport]):
    """One client's connection."""

    peer: tuple[str, int] | None
    """The address and port that the client connected from; who accepts it sets this."""
    local: tuple[str, int] | None
    """The address and port that it connected to."""
    grace_exceeded: bool = False
    """Whether the client took longer than the grace time to log in."""

    def __init__(self, settings: ServerSettings, random: Callable[[int], bytes]) -> None:
        loop = asyncio.get_running_loop()
        self._identity = HostIdentity(settings.host_keys, settings.host_certificates)
        core = ServerTransport(
            lazy_attrs.evolve(settings.transport, announced=_announced(settings)),
            random=random,
            now=loop.time(),
            host_keys=self._identity.presented,
        )
        super().__init__(core, settings.limits, settings.close_timeout)
        self._settings = settings
        self._login: ServerLogin | None = None
        self._user: User | None = None
        self._closing = False
        self._grace = loop.call_later(settings.login_grace, self._grace_over)
        self.peer = self.local = None

    @property
    def user(self) -> User | None:
        """Who is logged in; None until somebody is."""
        return self._user

    @property
    def failed_attempts(self) -> int:
        """How many attempts to authenticate have failed or were abandoned."""
        return self._login.failures if self._login is not None else 0

    # ------------------------------------------------------------- transport and authentication

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        super().transport_event(event)
        match event:
            case ev.SignatureRequested(key=key, algorithm=algorithm, data=data):
                signature = self._identity.sign_at_once(key, data, algorithm)
                if signature is not None:
                    self._core.provide_signature(signature)
                else:
                    self._children.spawn(self._sign(event))
            case ev.ServiceRequested(name=name):
                self._begin_login()
                self._core.accept_service(name)
            case _:
                pass

    async def _sign(self, event: ev.SignatureRequested) -> None:
        """Sign beside the event loop; without a signature there is no connection."""
        signature = b""
        with logged(_log, "the host key %s cannot sign", event.key.fingerprint()) as guard:
            signature = await self._identity.sign(event.key, event.data, event.algorithm)
        if guard.failed:
            self._core.disconnect(DisconnectReason.KEY_EXCHANGE_FAILED, "no signature")
            self._driver.close()
        elif not self.is_closed:
            self._core.provide_signature(signature)
            self._driver.flush()

    def _begin_login(self) -> None:
        context = AuthContext(
            peer=self.peer,
            local=self.local,
            session_id=self._core.session_id,
            client_version=self._core.peer_software,
            host_key=self._core.host_key,
        )

        def authenticated(event: Authenticated) -> None:
            self._authenticated(event, context)

        spawn = self._children.spawn
        self._login = ServerLogin(
            self._settings, self._core, self._driver, context, spawn, authenticated
        )
        self._core.use_userauth_numbers(ServerAuth.NUMBERS)
        self._core.sink = self._login.receive

    def _authenticated(self, event: Authenticated, context: AuthContext) -> None:
        self._grace.cancel()
        user = User(event.user, event.credential, event.permissions)
        settings: SessionSettings | None = None
        with logged(self._settings.log, "settings_for failed"):
            settings = self._settings.session_settings(user)
        if settings is None:  # a user is not served as another one is meant to be
            self._core.disconnect(DisconnectReason.BY_APPLICATION, "the user cannot be served")
            self._driver.close()
            return
        host_keys = HostKeyProofs(self._identity, self._core, self._mux, self._children.spawn)
        self._user = user
        served = services_for(user, settings, context, self._mux, self._children)
        self._mux.services.register(host_keys.row, *served)
        self._core.authenticated()
        self._core.sink = self._mux.receive
        self._start_keepalive(self._settings.keepalive)
        self._start_inactivity()
        host_keys.announce()
        if self._settings.on_authenticated is not None:
            with logged(self._settings.log, "on_authenticated failed"):
                self._settings.on_authenticated(self)

    def _grace_over(self) -> None:
        self.grace_exceeded = True
        self._core.disconnect(DisconnectReason.BY_APPLICATION, "login took too long")
        self._driver.close()
        self._end(ConnectionLost("login took too long"))

    async def close(self) -> None:
        """Disconnect and clean up, in bounded time."""
        self._closing = True
        await super().close()

    def _end(self, error: Exception) -> None:
        first = not self.is_closed
        super()._end(error)
        self._grace.cancel()
        if self._login is not None:
            self._login.close()
        if first and self._settings.on_end is not None:
            fault = None if self._closing or _is_goodbye(error) else _root(error)
            with logged(self._settings.log, "on_end failed"):
                self._settings.on_end(self, fault)


def _announced(settings: ServerSettings) -> dict[str, bytes]:
    """Return what is added to the server's EXT_INFO."""
    # the names of RFC 9987 for the forwarding of the agent are announced
    return _ANNOUNCED | {"agent-forward": b"0"} if settings.agent_forwarding else _ANNOUNCED


def _is_goodbye(error: Exception) -> bool:
    """Return whether a client has ended the connection because it is done."""
    return isinstance(error, PeerDisconnected) and error.code == DisconnectReason.BY_APPLICATION


def _root(error: Exception) -> Exception:
    """Return the error of SSH that another one reports, or the error itself."""
    return error.__cause__ if isinstance(error.__cause__, SSHError) else error
