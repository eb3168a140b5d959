"""Limits of the connection protocol, each with its default."""

from __future__ import annotations

from collections.abc import Sequence

from ssh_wire import lazy_attrs

__all__ = ["ConnectionLimits"]


@lazy_attrs.frozen(kw_only=True)
class ConnectionLimits:
    """How much of everything one connection may have."""

    channels: int = 1024
    """Channels open at once, both sides' together."""
    sessions: int = 10
    """Sessions that a client may have open at once on our server (OpenSSH's MaxSessions)."""
    window: int = 2 * 1024 * 1024
    """Receive window of an interactive channel, in bytes."""
    bulk_window: int = 32 * 1024 * 1024
    """Receive window of a channel that moves files or is drained at once, in bytes."""
    max_packet: int = 32 * 1024
    """The largest data of one CHANNEL_DATA that we accept, in bytes."""
    max_data: int = 32 * 1024
    """The largest data of one CHANNEL_DATA that we send, in bytes."""
    global_requests: int = 64
    """Global requests of the peer that may wait for our answer."""
    channel_requests: int = 64
    """Requests on one channel that may wait for our answer."""
    listeners: int = 64
    """Ports that a client may have our server listen on."""
    environment: int = 128
    """Environment variables that a client may set for one session."""
    channel_timeouts: Sequence[tuple[str, float]] = ()
    """Patterns of types of channels, each with the seconds without data after which one is closed.

    0 stands for never, and the first pattern that matches counts.  "global" is for all channels
    together (ChannelTimeout of ssh_config(5) and sshd_config(5)).
    """
    unused_timeout: float | None = None
    """Seconds without any channel after which the connection is ended; None for never.

    It is sshd's UnusedConnectionTimeout.
    """
    write_buffer: int = 256 * 1024
    """Bytes that a channel holds back before it asks its writer to pause."""
