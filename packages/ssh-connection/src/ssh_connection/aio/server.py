"""The server's end of a connection: deny by default, serve what was switched on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from ssh_auth import (
    AuthContext,
    Authenticated,
    AuthLimits,
    DecisionInvalid,
    ServerAuth,
    TokenRefused,
)
from ssh_connection.aio import callbacks
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.endpoint import Endpoint
from ssh_connection.aio.gate import Gate, ServerAuthentication
from ssh_connection.aio.identity import HostIdentity, HostSigner
from ssh_connection.aio.listening import ForwardingRules, ServerForwards
from ssh_connection.aio.session import Session, SessionHandler, SessionPolicy, User
from ssh_connection.aio.settings import KeepaliveOptions
from ssh_connection.limits import ConnectionLimits
from ssh_connection.results import ExitSignal
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import ConnectionLost, PeerDisconnected, ServerTransport, TransportOptions
from ssh_transport import events as ev
from ssh_wire import DisconnectReason, OpenFailureReason, ProtocolError, SSHError
from ssh_wire.messages import connection as m
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_auth import ServerEvent
    from ssh_connection.channel import Channel as ChannelCore
    from ssh_connection.replies import Reply
    from ssh_keys import Certificate  # noqa: TC004 (loads when the first one is met)
    from ssh_wire.primitives import Buffer

__all__ = ["ForwardingRules", "ServerConnection", "ServerSettings"]

_log = logging.getLogger("ssh_connection.server")

_FAILED: Final = 255
"""The exit status of a handler that failed, or returned none."""


@attrs.frozen(kw_only=True)
class ServerSettings:
    """Everything that a server connection needs to know; what is not set is denied."""

    host_keys: Sequence[PrivateKey | HostSigner]
    """The keys that prove who the server is, or what signs with them."""
    host_certificates: Sequence[Certificate] = ()
    """What authorities say about these keys."""
    authentication: ServerAuthentication
    """Who may log in."""
    auth_limits: AuthLimits = attrs.field(factory=AuthLimits)
    """How often a client may try, and how much it may ask for, until it is authenticated."""
    transport: TransportOptions
    """Algorithms, limits and rekey thresholds of the transport."""
    shell: SessionHandler | None = None
    """Runs shells and commands."""
    subsystems: Mapping[str, SessionHandler] = attrs.field(factory=dict[str, SessionHandler])
    """Runs subsystems, by name."""
    env: frozenset[str] = frozenset()
    """The environment variables that a client may set."""
    forwarding: ForwardingRules | None = None
    """Where to the client may forward."""
    login_grace: float = 120.0
    """Seconds from the connection to the authentication."""
    keepalive: KeepaliveOptions | None = attrs.field(factory=KeepaliveOptions)
    """How a dead peer is found; None never asks."""
    limits: ConnectionLimits = attrs.field(factory=ConnectionLimits)
    """How much of everything a connection may have."""
    close_timeout: float = 5.0
    """Seconds that closing may take before the connection is cut."""
    log: logging.Logger = _log
    """Told what goes wrong in functions that were given to the server."""
    on_authenticated: Callable[[ServerConnection], None] | None = None
    """Called when the user of a connection is authenticated."""
    on_end: Callable[[ServerConnection, Exception | None], None] | None = None
    """Called once when a connection has ended, with what ended it.

    None stands for an end that one side meant: `ServerConnection.close`, or the client's
    DISCONNECT with the reason BY_APPLICATION (RFC 4253 section 11.1).
    """


def _status_of(returned: object, session: Session) -> int | ExitSignal:
    """Return the exit status that a handler has returned; without one it has failed."""
    if isinstance(returned, ExitSignal):
        return returned
    if isinstance(returned, int) and not isinstance(returned, bool):
        if not returned or returned & 0xFF:
            return returned
        # clients keep the last byte, which would be that of success
        text = "a session handler returned exit status %d, which is told as %d"
        _log.error(text, returned, _FAILED)
    elif returned is not None:
        _log.error("a session handler returned a %s as exit status", type(returned).__name__)
    elif not session.has_ended:
        _log.error("a session handler returned no exit status, which is told as %d", _FAILED)
    return _FAILED


def _is_goodbye(error: Exception) -> bool:
    """Whether a client has ended the connection because it is done."""
    return isinstance(error, PeerDisconnected) and error.code == DisconnectReason.BY_APPLICATION


def _root(error: Exception) -> Exception:
    """Return the error of SSH that another one reports, or the error itself."""
    return error.__cause__ if isinstance(error.__cause__, SSHError) else error


class ServerConnection(Endpoint):
    """One client's connection."""

    peer: tuple[str, int] | None
    """The address and port that the client connected from; who accepts it sets this."""
    local: tuple[str, int] | None
    """The address and port that it connected to."""

    def __init__(self, settings: ServerSettings, random: Callable[[int], bytes]) -> None:
        loop = asyncio.get_running_loop()
        self._identity = HostIdentity(settings.host_keys, settings.host_certificates)
        core = ServerTransport(
            settings.transport,
            random=random,
            now=loop.time(),
            host_keys=self._identity.shown,
        )
        super().__init__(core, settings.limits, settings.close_timeout)
        self._server_core = core
        self._settings = settings
        self._auth: ServerAuth | None = None
        self._user: User | None = None
        self._sessions = 0
        self._no_more_sessions = False
        self._closing = False
        self._forwards: ServerForwards | None = None
        self._grace = loop.call_later(settings.login_grace, self._grace_over)
        self.peer = self.local = None

    @property
    def user(self) -> User | None:
        """Who is logged in; None until somebody is."""
        return self._user

    # ------------------------------------------------------------- transport and authentication

    def transport_event(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        super().transport_event(event)
        match event:
            case ev.SignatureRequested(key=key, algorithm=algorithm, data=data):
                signature = self._identity.sign_at_once(key, data, algorithm)
                if signature is not None:
                    self._server_core.provide_signature(signature)
                else:
                    self._spawn(self._sign(event))
            case ev.ServiceRequested(name=name):
                self._begin_auth()
                self._server_core.accept_service(name)
            case _:
                pass

    async def _sign(self, event: ev.SignatureRequested) -> None:
        """Sign beside the event loop; without a signature there is no connection."""
        try:
            signature = await self._identity.sign(event.key, event.data, event.algorithm)
        except Exception:  # noqa: BLE001 (whoever holds the key may raise anything)
            _log.exception("the host key %s cannot sign", event.key.fingerprint())
            self._core.disconnect(DisconnectReason.KEY_EXCHANGE_FAILED, "no signature")
            self._driver.close()
            return
        if not self.is_closed:
            self._server_core.provide_signature(signature)
            self._driver.flush()

    def _begin_auth(self) -> None:
        authentication = self._settings.authentication
        auth = self._auth = ServerAuth(
            self._core.session_id, authentication.policy, limits=self._settings.auth_limits
        )
        context = AuthContext(
            user="",
            peer=self.peer,
            local=self.local,
            session_id=self._core.session_id,
            client_software=self._core.peer_software,
        )
        gate = Gate(authentication, auth, context, self._settings.log)

        def receive(payload: Buffer) -> None:
            try:
                auth.receive(payload)
            finally:
                # what was said before a rule was broken leaves before the DISCONNECT
                self._advance_auth(auth, gate)

        self._core.sink = receive

    def _advance_auth(self, auth: ServerAuth, gate: Gate) -> None:
        """Send what there is to send; let the backend decide what is asked."""
        if self.is_closed:
            return
        algorithms = auth.take_algorithms()
        if algorithms is not None and self._server_core.ext_info_due(algorithms):
            self._server_core.send_ext_info(algorithms)
        for message in auth.take_messages():
            self._core.send_payload(message)
        while (event := auth.next_event()) is not None:
            if isinstance(event, Authenticated):
                self._authenticated(event)
            elif isinstance(event, DecisionInvalid):
                self._settings.log.error(
                    "authentication of %s: %s", printable(event.user), event.problem
                )
            elif isinstance(event, TokenRefused):
                self._settings.log.info(
                    "key %s refused for %s: %s",
                    event.key.fingerprint(),
                    printable(event.user),
                    event.problem,
                )
            else:
                self._spawn(self._decide(auth, gate, event))
        self._server_core.hold_connection_messages = auth.pending
        self._driver.schedule_flush()

    async def _decide(self, auth: ServerAuth, gate: Gate, event: ServerEvent) -> None:
        try:
            await gate.decide(event)
        except ProtocolError as error:
            self._advance_auth(auth, gate)
            self._core.disconnect(error.reason, str(error))
            self._driver.close()
            return
        self._advance_auth(auth, gate)

    def _authenticated(self, event: Authenticated) -> None:
        self._grace.cancel()
        user = self._user = User(event.user, event.key, event.permissions, event.certificate)
        rules = self._settings.forwarding
        if rules is not None and "port-forwarding" not in user.permissions.denied:
            self._forwards = ServerForwards(user, rules, self._mux, self._spawn)
            self._own(self._forwards)
        self._server_core.authenticated()
        self._core.sink = self._mux.receive
        self._start_keepalive(self._settings.keepalive)
        self._announce_host_keys()
        if self._settings.on_authenticated is not None:
            callbacks.guarded(self._settings.log, self._settings.on_authenticated, self)

    def _announce_host_keys(self) -> None:
        # a client that knows one key learns the others, and so survives a change of keys
        from ssh_connection import hostkeys  # noqa: PLC0415 (loads when it is used)

        self._mux.request(hostkeys.announcement(self._identity.keys))

    def _grace_over(self) -> None:
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
        if self._auth is not None:
            self._auth.close()
        if first and self._settings.on_end is not None:
            fault = None if self._closing or _is_goodbye(error) else _root(error)
            callbacks.guarded(self._settings.log, self._settings.on_end, self, fault)

    # ------------------------------------------------------------- channels

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelCore) -> None:
        """The client wants a channel."""
        match message:
            case m.SessionOpen():
                self._open_session(channel)
            case m.DirectTCPIPOpen():
                self._open_direct(message, channel)
            case _:
                super().channel_requested(message, channel)

    def _open_direct(self, message: m.DirectTCPIPOpen, core: ChannelCore) -> None:
        if self._forwards is not None:
            self._forwards.connect(message, core)
        else:
            super().channel_requested(message, core)

    def _open_session(self, core: ChannelCore) -> None:
        if self._no_more_sessions:
            problem = "a session after no-more-sessions@openssh.com"
            raise ProtocolError(problem)
        user = self._user
        if user is None or self._sessions >= self._settings.limits.sessions:
            core.refuse(OpenFailureReason.RESOURCE_SHORTAGE, "too many sessions")
            return
        self._sessions += 1
        channel = Channel(core)
        channel.on_closed(self._session_closed)
        policy = SessionPolicy(
            shell=self._settings.shell,
            subsystems=self._settings.subsystems,
            env=self._settings.env,
            pty="pty" not in user.permissions.denied,
            peer=self.peer,
            local=self.local,
            client_software=self._core.peer_software,
            spawn=self._run_session,
        )
        Session(channel, user, policy, self._settings.limits)
        core.confirm(channel)

    def _session_closed(self) -> None:
        self._sessions -= 1

    def _run_session(self, session: Session, handler: SessionHandler) -> None:
        task = self._spawn(self._handle(session, handler))
        # whoever has closed the session does not wait for what runs in it
        session.channel.on_closed(task.cancel)

    async def _handle(self, session: Session, handler: SessionHandler) -> None:
        status: int | ExitSignal = _FAILED
        try:
            status = _status_of(await callbacks.call(handler, session, context=None), session)
        except (SSHError, ConnectionError):
            # the client went away, or the stream ended under the handler
            _log.debug("a session handler was ended by its session", exc_info=True)
        except BaseException as error:
            task = asyncio.current_task()
            if (
                isinstance(error, asyncio.CancelledError)
                and task is not None
                and task.cancelling()
            ):
                raise  # the session is over
            _log.exception("a session handler failed")
            if not isinstance(error, Exception | asyncio.CancelledError):
                session.exit(_FAILED)  # the client is told, whatever becomes of the server
                raise
        session.exit(status)
        await session.channel.wait_closed()

    # ------------------------------------------------------------- global requests

    def _prove_host_keys(self, message: m.GlobalRequest, reply: Reply) -> None:
        """Sign for every key that is asked for, or for none."""
        from ssh_connection import hostkeys  # noqa: PLC0415 (loads when it is used)

        keys = hostkeys.asked_for(message, self._identity.keys)
        if keys is None or not reply.wanted:
            self._mux.deny(reply)
        else:
            self._spawn(self._sign_proofs(keys, reply))

    async def _sign_proofs(self, keys: Sequence[PublicKey], reply: Reply) -> None:
        from ssh_connection import hostkeys  # noqa: PLC0415 (loads when it is used)

        negotiated = self.agreement.host_key
        signatures: list[bytes] = []
        try:
            for key in keys:
                # an RSA key signs as it did in the key exchange, where it was the one
                algorithm = negotiated if negotiated in key.algorithms else key.algorithms[0]
                data = hostkeys.signed_data(self.session_id, key)
                signatures.append(await self._identity.sign(key, data, algorithm))
        except Exception:
            self._mux.deny(reply)
            raise
        self._mux.grant(reply, hostkeys.proof_of(signatures))

    def global_request(self, message: m.AnyGlobalRequest, reply: Reply) -> None:
        """The client asks for something."""
        match message:
            case m.TCPIPForward() if self._forwards is not None:
                self._forwards.listen(message, reply)
            case m.CancelTCPIPForward() if self._forwards is not None:
                self._forwards.cancel(message, reply)
            case m.GlobalRequest(kind="hostkeys-prove-00@openssh.com"):
                self._prove_host_keys(message, reply)
            case m.GlobalRequest(kind="no-more-sessions@openssh.com"):
                self._no_more_sessions = True
                self._mux.grant(reply)
            case _:
                super().global_request(message, reply)
