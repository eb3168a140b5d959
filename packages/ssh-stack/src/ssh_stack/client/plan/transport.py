"""The transport: algorithms, limits, timeouts, and how a dead server is found."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ssh_connection import ConnectionLimits
from ssh_connection.aio import KeepaliveOptions, Timeouts
from ssh_stack.sources import Default
from ssh_transport import Algorithms, Limits, profiles
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.options import ClientOptions
    from ssh_stack.config import HostConfig
    from ssh_stack.config.algorithms import AlgorithmList
    from ssh_transport.trace import Trace

__all__ = [
    "TransportPlan",
    "attempt_seconds",
    "merge_transport",
    "offered_algorithms",
    "usual_signature_algorithms",
]


@lazy_attrs.frozen(kw_only=True)
class TransportPlan:
    """How the connection is protected and kept alive.

    Attributes:
        algorithms: What is offered, in the order of preference (KexAlgorithms, HostKeyAlgorithms,
            Ciphers, MACs, Compression).
        comments: What follows the version in the identification (VersionAddendum).
        warns_of_kex: Whether a key exchange that quantum computers could undo later is warned of
            (WarnWeakCrypto).
        keeps_host_key_order: Whether the order of the host key algorithms is the user's,
            whatever keys are known of the server.
        limits: What is accepted of the server's transport.
        connection_limits: How much of everything the connection may have.
        rekey_bytes: Bytes in one direction after which to rekey (RekeyLimit).
        rekey_seconds: Seconds after which to rekey.
        timeouts: How long each stage may take, in seconds (ConnectTimeout).
        keepalive: How a dead server is found; None where it is not asked
            (ServerAliveInterval, ServerAliveCountMax).
        trace: Takes every message and event of the transport, without content.
    """

    algorithms: Algorithms
    comments: str = ""
    warns_of_kex: bool = False
    keeps_host_key_order: bool = False
    limits: Limits = lazy_attrs.field(factory=Limits)
    connection_limits: ConnectionLimits = lazy_attrs.field(factory=ConnectionLimits)
    rekey_bytes: int = 1024**3
    rekey_seconds: float = 3600.0
    timeouts: Timeouts = lazy_attrs.field(factory=Timeouts)
    keepalive: KeepaliveOptions | None = lazy_attrs.field(factory=KeepaliveOptions)
    trace: Trace | None = lazy_attrs.field(default=None, repr=False)


def merge_transport(options: ClientOptions, config: HostConfig) -> TransportPlan:
    """Return how the connection is protected and kept alive.

    Raises:
        ConfigError: a list of algorithms leaves nothing.
    """
    size, seconds = config.rekey_limit or (0, 0)
    return TransportPlan(
        algorithms=offered_algorithms(options, config),
        comments=config.version_addendum,
        warns_of_kex=_warns_of_kex(options, config),
        keeps_host_key_order=_keeps_host_key_order(config),
        limits=options.transport_limits,
        connection_limits=_limits(options, config),
        # the lower one counts
        rekey_bytes=min(options.rekey_bytes, size or options.rekey_bytes),
        rekey_seconds=min(options.rekey_seconds, seconds or options.rekey_seconds),
        timeouts=_timeouts(options, config),
        keepalive=_keepalive(options, config),
        trace=options.trace,
    )


def _limits(options: ClientOptions, config: HostConfig) -> ConnectionLimits:
    """Return the limits; timeouts of channels are the configuration's, unless given."""
    if options.limits.channel_timeouts or not config.channel_timeouts:
        return options.limits
    return lazy_attrs.evolve(options.limits, channel_timeouts=config.channel_timeouts)


def offered_algorithms(options: ClientOptions, config: HostConfig) -> Algorithms:
    """Return what is offered: the lists of the configuration change the profile's.

    They do not change `Algorithms` that the caller gives, and add nothing to "strict".

    Raises:
        ConfigError: a list leaves nothing.
    """
    given = options.compression
    if isinstance(options.algorithms, Algorithms):
        if isinstance(given, Default):
            return options.algorithms
        return lazy_attrs.evolve(options.algorithms, compression=_compression(wanted=given))
    base = profiles(options.algorithms, "client")
    closed = options.algorithms == "strict"
    compression = base.compression
    if not isinstance(given, Default):
        compression = _compression(wanted=given)
    elif config.compression and not closed:
        compression = _compression(wanted=True)
    return lazy_attrs.evolve(
        base,
        compression=compression,
        kex=_apply_change(base.kex, config.kex_algorithms, closed=closed),
        host_keys=_apply_change(base.host_keys, config.host_key_algorithms, closed=closed),
        ciphers=_apply_change(base.ciphers, config.ciphers, closed=closed),
        macs=_apply_change(base.macs, config.macs, closed=closed),
    )


def _compression(*, wanted: bool) -> tuple[str, ...]:
    """Return the methods of compression, as kex.c lists them where it is wanted."""
    return ("zlib@openssh.com", "none") if wanted else ("none",)


def _warns_of_kex(options: ClientOptions, config: HostConfig) -> bool:
    """Return whether to warn: not those who list the methods of key exchange (sshconnect.c)."""
    chosen = config.kex_algorithms is not None or isinstance(options.algorithms, Algorithms)
    return config.warn_weak_crypto and not chosen


def _apply_change(
    names: tuple[str, ...], change: AlgorithmList | None, *, closed: bool
) -> tuple[str, ...]:
    """Return a list with a change made to it; a closed one gets no name that it has not."""
    if change is None:
        return names
    found = change.applied(names)
    if closed:
        found = tuple(name for name in found if name in names)
    if not found:
        problem = f"leaves no {change.what} algorithm of the profile strict"
        raise change.line.error(problem)
    return found


@cache
def usual_signature_algorithms(*, legacy: bool = False) -> tuple[str, ...]:
    """Return the default signature algorithms of user keys: SHA-1 only in the profile "legacy"."""
    from ssh_transport.algorithms import HOST_KEYS  # few connections need it

    return tuple(name for name in HOST_KEYS if legacy or name != "ssh-rsa")


def _keeps_host_key_order(config: HostConfig) -> bool:
    """Return whether the order of the host key algorithms is the user's, whatever host is known.

    As sshconnect2.c has it: known keys decide the order where nothing is configured, or only what
    is to be added or removed.
    """
    change = config.host_key_algorithms
    return change is not None and change.sign in {"", "^"}


def attempt_seconds(options: ClientOptions, config: HostConfig) -> float:
    """Return how long one attempt to connect may take."""
    if not isinstance(options.timeouts, Default):
        return options.timeouts.connect
    return config.connect_timeout or Timeouts().connect


def _timeouts(options: ClientOptions, config: HostConfig) -> Timeouts:
    """ConnectTimeout bounds "the connection to the server", each of its two stages here.

    It bounds one attempt to connect.  Of several there is a second between two.
    """
    if not isinstance(options.timeouts, Default):
        return options.timeouts
    attempts = config.connection_attempts
    connect = attempt_seconds(options, config) * attempts + (attempts - 1)
    if not config.connect_timeout:
        return Timeouts(connect=connect)
    return Timeouts(connect=connect, handshake=config.connect_timeout)


def _keepalive(options: ClientOptions, config: HostConfig) -> KeepaliveOptions | None:
    """Return how a dead server is found."""
    if not isinstance(options.keepalive, Default):
        return options.keepalive
    usual = KeepaliveOptions()
    interval = usual.interval if config.alive_interval is None else config.alive_interval
    count_max = usual.count_max if config.alive_count_max is None else config.alive_count_max
    return KeepaliveOptions(interval=interval, count_max=count_max) if interval else None
