"""SSH channels, processes and forwarding (RFC 4254); the endpoints that carry them.

Public modules:

    ssh_connection  channels, the multiplexer, results, errors
    addresses       host:port, written and compared
    testing         two multiplexers joined in memory
    aio/            the asyncio endpoints: client, server, processes, streams, forwards

Internal:

    multiplexer     many channels over one connection, global requests
    channel         one channel: order of EOF and CLOSE, requests
    receive_window  what arrives on a channel, within the window that we granted
    send_window     what leaves, within the window that the peer granted
    handler         what is told of what happens on a channel
    states          which messages a channel takes in which state: the table
    replies         answers in the order of the requests
    output          where a multiplexer sends its messages
    hostkeys        all host keys of a server, announced and proven
    keepalive       when to ask a silent peer, and when to give it up
    pty             the terminal of a session
    limits          how much of everything a connection may have
    results         what became of a command
    errors          what goes wrong on channels

Nothing outside `aio` does I/O: a `Multiplexer` is driven with payloads by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol as ChannelProtocol
    from ssh_connection.errors import ChannelClosed as ChannelClosed
    from ssh_connection.errors import ChannelOpenRefused as ChannelOpenRefused
    from ssh_connection.errors import ChannelViolation as ChannelViolation
    from ssh_connection.errors import CommandFailed as CommandFailed
    from ssh_connection.errors import ForwardingDisabled as ForwardingDisabled
    from ssh_connection.errors import NoExitStatus as NoExitStatus
    from ssh_connection.errors import RequestRefused as RequestRefused
    from ssh_connection.errors import SSHTimeout as SSHTimeout
    from ssh_connection.handler import ChannelHandler as ChannelHandler
    from ssh_connection.handler import NullHandler as NullHandler
    from ssh_connection.keepalive import Keepalive as Keepalive
    from ssh_connection.limits import ConnectionLimits as ConnectionLimits
    from ssh_connection.multiplexer import Multiplexer as Multiplexer
    from ssh_connection.multiplexer import MultiplexerHandler as MultiplexerHandler
    from ssh_connection.output import Output as Output
    from ssh_connection.replies import PendingReply as PendingReply
    from ssh_connection.results import Completed as Completed
    from ssh_connection.results import ExitSignal as ExitSignal
    from ssh_connection.states import ChannelState as ChannelState
    from ssh_wire.modes import TerminalMode as TerminalMode
    from ssh_wire.modes import decode_modes as decode_modes
    from ssh_wire.modes import encode_modes as encode_modes
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_connection.channel": "ChannelProtocol",
            "ssh_connection.errors": (
                "ChannelClosed ChannelOpenRefused ChannelViolation CommandFailed "
                "ForwardingDisabled NoExitStatus RequestRefused SSHTimeout"
            ),
            "ssh_connection.handler": "ChannelHandler NullHandler",
            "ssh_connection.keepalive": "Keepalive",
            "ssh_connection.limits": "ConnectionLimits",
            "ssh_connection.multiplexer": "Multiplexer MultiplexerHandler",
            "ssh_connection.output": "Output",
            "ssh_connection.replies": "PendingReply",
            "ssh_connection.results": "Completed ExitSignal",
            "ssh_connection.states": "ChannelState",
            "ssh_wire.modes": "TerminalMode decode_modes encode_modes",
        },
    )
