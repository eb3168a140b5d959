"""SSH channels, processes and forwarding (RFC 4254); the endpoints that carry them.

Public modules:

    ssh_connection  channels, the multiplexer, results, errors
    addresses       a TCP port or a Unix socket, written and compared
    services        the registry: which channel types and requests a side serves
    x11/            displays, cookies, and the setup of an X11 connection
    testing         two multiplexers joined in memory
    control/        one connection shared between programs (ControlMaster)
    aio/            the asyncio endpoints: client, server, processes, streams, forwards

Internal:

    multiplexer     many channels over one connection, global requests
    channel         one channel: order of EOF and CLOSE, requests
    receive_window  what arrives on a channel, within the window that we granted
    send_window     what leaves, within the window that the peer granted
    handler         what is told of what happens on a channel
    refusals        the handler of a multiplexer that was given none
    states          which messages a channel takes in which state: the table
    replies         answers in the order of the requests
    output          where a multiplexer sends its messages
    hostkeys        all host keys of a server, announced and proven
    socks           SOCKS 4, 4a and 5, as a dynamic forward serves it
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
    from ssh_connection.errors import ChannelTimedOut as ChannelTimedOut
    from ssh_connection.errors import ChannelViolation as ChannelViolation
    from ssh_connection.errors import CommandFailed as CommandFailed
    from ssh_connection.errors import ForwardingDisabled as ForwardingDisabled
    from ssh_connection.errors import NoExitStatus as NoExitStatus
    from ssh_connection.errors import RedirectFailed as RedirectFailed
    from ssh_connection.errors import RequestRefused as RequestRefused
    from ssh_connection.errors import SSHTimeout as SSHTimeout
    from ssh_connection.expect import Expected as Expected
    from ssh_connection.expect import ExpectTimeout as ExpectTimeout
    from ssh_connection.expect import PatternNotFound as PatternNotFound
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
    from ssh_connection.services import ChannelType as ChannelType
    from ssh_connection.services import GlobalRequestType as GlobalRequestType
    from ssh_connection.services import Services as Services
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
                "ChannelClosed ChannelOpenRefused ChannelTimedOut ChannelViolation CommandFailed "
                "ForwardingDisabled NoExitStatus RedirectFailed RequestRefused SSHTimeout"
            ),
            "ssh_connection.expect": "ExpectTimeout Expected PatternNotFound",
            "ssh_connection.handler": "ChannelHandler NullHandler",
            "ssh_connection.keepalive": "Keepalive",
            "ssh_connection.limits": "ConnectionLimits",
            "ssh_connection.multiplexer": "Multiplexer MultiplexerHandler",
            "ssh_connection.output": "Output",
            "ssh_connection.replies": "PendingReply",
            "ssh_connection.results": "Completed ExitSignal",
            "ssh_connection.services": "ChannelType GlobalRequestType Services",
            "ssh_connection.states": "ChannelState",
            "ssh_wire.modes": "TerminalMode decode_modes encode_modes",
        },
    )
