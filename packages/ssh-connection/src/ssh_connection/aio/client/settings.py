"""What a client connection is told when it is made: frozen, with its defaults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ssh_auth import AuthCredential, AuthLimits, AuthStrategy
from ssh_connection.aio.settings import KeepaliveOptions, Timeouts
from ssh_connection.limits import ConnectionLimits
from ssh_keys import PublicKey
from ssh_transport import TransportOptions
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio.client.agent_forwarding import AgentOpener
    from ssh_connection.aio.client.x11_forwarding import X11Source
    from ssh_connection.aio.process.launch import Launch
    from ssh_connection.aio.services.hostkeys import HostKeyUpdater
    from ssh_keys import Certificate, Credential

__all__ = [
    "CertificateVerifier",
    "ClientSettings",
    "CredentialFinder",
    "HostKeyVerifier",
    "SessionForwards",
    "SessionProof",
]

HostKeyVerifier: TypeAlias = Callable[[PublicKey], Awaitable[bool]]
"""Decides whether the server's host key is trusted; only an exact True accepts it."""

CertificateVerifier: TypeAlias = "Callable[[Certificate], Awaitable[bool]]"
"""Decides whether a host certificate is trusted.

An exact True accepts the key in it; anything else leaves the key to be judged as if it had
come alone.
"""

CredentialFinder: TypeAlias = Callable[[], Awaitable[Sequence[AuthCredential] | AuthStrategy]]
"""Returns what the user can prove itself with, in order, or what decides that."""


@lazy_attrs.frozen(kw_only=True)
class SessionProof:
    """What the server has proven in the first key exchange.

    Attributes:
        host_key: its host key or certificate, which is trusted.
        session_id: the session identifier.
        signature: the signature of it by that key.
    """

    host_key: Credential
    session_id: bytes = lazy_attrs.field(repr=False)
    signature: bytes = lazy_attrs.field(repr=False)


@lazy_attrs.frozen(kw_only=True)
class SessionForwards:
    """What sessions of a connection may have forwarded, and what each has without being told.

    Attributes:
        agent: connects to the agent; None where there is none.
        x11: finds the display; None where there is none.
        every_agent: whether each session asks for the agent.
        every_x11: whether each session asks for X11.
    """

    agent: AgentOpener | None = None
    x11: X11Source | None = None
    every_agent: bool = False
    every_x11: bool = False

    def wanted_by(self, launch: Launch) -> bool:
        """Return whether a session asks for anything."""
        agent, x11 = launch.agent_forwarding, launch.x11_forwarding
        return bool(
            (self.every_agent if agent is None else agent)
            or (self.every_x11 if x11 is None else x11)
        )


@lazy_attrs.frozen(kw_only=True)
class ClientSettings:
    """Everything that a client connection needs to know."""

    host: str
    """The server's name, for messages."""
    port: int = 22
    """The server's port, for messages."""
    username: str
    """The user to log in as."""
    verify_host_key: HostKeyVerifier
    """Decides whether the server is the right one."""
    verify_host_certificate: CertificateVerifier | None = None
    """Decides about a host certificate, before the key in it is judged alone."""
    update_host_keys: HostKeyUpdater | None = None
    """Told of the server's other keys (OpenSSH's UpdateHostKeys)."""
    credentials: Sequence[AuthCredential] | AuthStrategy = ()
    """What the user can prove itself with, in the order it is tried, or what decides that."""
    find_credentials: CredentialFinder | None = None
    """Returns what is to be used instead of `credentials`; called once the host key is accepted.

    So no agent is asked for anything, and no file of a key is read, for a server that is not
    trusted.
    """
    withhold: Callable[[AuthCredential], str] | None = None
    """Asked about each credential when the host key has been judged: why it is not to be used.

    An empty string lets it be used; anything else is reported among the attempts.
    """
    forbid_forwarding: Callable[[], str] | None = None
    """Asked when something is to be forwarded: why it is not to be; an empty string allows it."""
    public_key_algorithms: tuple[str, ...] | None = None
    """The signature algorithms that keys may use (PubkeyAcceptedAlgorithms); None for all."""
    hostbased_algorithms: tuple[str, ...] | None = None
    """Those that keys of this host may use (HostbasedAcceptedAlgorithms); None for all."""
    hostbound: bool = True
    """Whether users' keys sign for this server alone, where it takes that (OpenSSH's PROTOCOL)."""
    on_session: Callable[[SessionProof], None] | None = None
    """Told of the session, before the user is authenticated: for what an agent is bound to."""
    require_proof: bool = False
    """Whether a server is refused that authenticates the user without any proof."""
    auth_limits: AuthLimits = lazy_attrs.field(factory=AuthLimits)
    """How much the server may ask for before the user is authenticated."""
    transport: TransportOptions
    """Algorithms, limits and rekey thresholds of the transport."""
    host_key_algorithms: tuple[str, ...] = ()
    """Host key algorithms to prefer: those of keys that are known already."""
    timeouts: Timeouts = lazy_attrs.field(factory=Timeouts)
    """How long each stage may take."""
    keepalive: KeepaliveOptions | None = lazy_attrs.field(factory=KeepaliveOptions)
    """How a dead peer is found; None never asks."""
    limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    """How much of everything the connection may have."""
    session_forwards: SessionForwards = lazy_attrs.field(factory=SessionForwards)
    """What sessions may have forwarded: the agent, X11."""
    environment: Mapping[str, str] = lazy_attrs.field(factory=dict[str, str])
    """Environment variables to ask for in each session, before those of its command."""
    on_banner: Callable[[str], None] | None = None
    """Takes the server's banner, escaped."""
    keystroke_interval: int = 0
    """Milliseconds between the packets of what is typed in a session with a terminal; 0 for as it
    is typed (ObscureKeystrokeTiming)."""
    on_bulk: Callable[[], None] | None = None
    """Called before a channel that is not interactive is opened or taken: all but a session with
    a terminal."""
