"""Connection messages (RFC 4254; the break request of RFC 4335)."""

from __future__ import annotations

from typing import Literal

from ssh_wire.declare import Message, Record, message, record
from ssh_wire.lazy_attrs import field
from ssh_wire.messageset import MessageSet
from ssh_wire.types import Rest, Text, UInt32, View

__all__ = [
    "CHANNEL_OPENS",
    "CHANNEL_REQUESTS",
    "GLOBAL_REQUESTS",
    "BreakRequest",
    "CancelTCPIPForward",
    "ChannelClose",
    "ChannelData",
    "ChannelEOF",
    "ChannelExtendedData",
    "ChannelFailure",
    "ChannelOpen",
    "ChannelOpenConfirmation",
    "ChannelOpenFailure",
    "ChannelRequest",
    "ChannelSuccess",
    "DirectTCPIPOpen",
    "EnvRequest",
    "ExecRequest",
    "ExitSignal",
    "ExitStatus",
    "ForwardedPort",
    "ForwardedTCPIPOpen",
    "GlobalHead",
    "GlobalRequest",
    "OpenHead",
    "PtyRequest",
    "RequestFailure",
    "RequestHead",
    "RequestSuccess",
    "SessionOpen",
    "ShellRequest",
    "SignalRequest",
    "SubsystemRequest",
    "TCPIPForward",
    "UnreadChannelOpen",
    "UnreadChannelRequest",
    "UnreadGlobalRequest",
    "WindowAdjust",
    "WindowChange",
    "X11Open",
    "X11Request",
    "XonXoff",
]


# ------------------------------------------------------------------ global requests


@record
class GlobalHead(Message):
    """What every global request begins with (RFC 4254 section 4); the base of all of them."""

    kind: str
    want_reply: bool


@message(80)
class GlobalRequest(GlobalHead):
    """A request that concerns no channel, its details unread (RFC 4254 section 4)."""

    details: Rest = b""


@message(80)
class TCPIPForward(GlobalHead):
    """Ask the peer to listen (RFC 4254 section 7.1); port 0 lets it choose."""

    kind: Literal["tcpip-forward"] = field(default="tcpip-forward", init=False)
    address: str
    port: UInt32


@message(80)
class CancelTCPIPForward(GlobalHead):
    """Ask the peer to stop listening (RFC 4254 section 7.1)."""

    kind: Literal["cancel-tcpip-forward"] = field(default="cancel-tcpip-forward", init=False)
    address: str
    port: UInt32


@record
class UnreadGlobalRequest(Record):
    """A global request with a text that is not UTF-8: what its refusal needs.

    It begins after the message number.
    """

    kind: bytes
    want_reply: bool


@message(81)
class RequestSuccess(Message):
    """A global request was granted (RFC 4254 section 4)."""

    details: Rest = b""


@record
class ForwardedPort(Record):
    """The port that the peer chose: the details of a REQUEST_SUCCESS (RFC 4254 section 7.1)."""

    port: UInt32


@message(82)
class RequestFailure(Message):
    """A global request was refused (RFC 4254 section 4)."""


# ------------------------------------------------------------------ channels


@record
class OpenHead(Message):
    """What every channel open begins with (RFC 4254 section 5.1); the base of all of them."""

    kind: str
    sender: UInt32
    window: UInt32
    max_packet: UInt32


@message(90)
class ChannelOpen(OpenHead):
    """Open a channel of any type, its details unread (RFC 4254 section 5.1)."""

    details: Rest = b""


@message(90)
class SessionOpen(OpenHead):
    """Open a session (RFC 4254 section 6.1)."""

    kind: Literal["session"] = field(default="session", init=False)


@message(90)
class DirectTCPIPOpen(OpenHead):
    """Ask the peer to connect (RFC 4254 section 7.2)."""

    kind: Literal["direct-tcpip"] = field(default="direct-tcpip", init=False)
    host: str
    port: UInt32
    origin_host: str
    origin_port: UInt32


@message(90)
class ForwardedTCPIPOpen(OpenHead):
    """Hand over a connection to a forwarded port (RFC 4254 section 7.2)."""

    kind: Literal["forwarded-tcpip"] = field(default="forwarded-tcpip", init=False)
    address: str
    port: UInt32
    origin_host: str
    origin_port: UInt32


@message(90)
class X11Open(OpenHead):
    """Hand over a connection of an X11 client (RFC 4254 section 6.3.2)."""

    kind: Literal["x11"] = field(default="x11", init=False)
    origin_host: str
    origin_port: UInt32


@record
class UnreadChannelOpen(Record):
    """A channel open with a text that is not UTF-8: what its refusal needs.

    It begins after the message number.
    """

    kind: bytes
    sender: UInt32
    window: UInt32
    max_packet: UInt32


@message(91)
class ChannelOpenConfirmation(Message):
    """The channel is open (RFC 4254 section 5.1)."""

    recipient: UInt32
    sender: UInt32
    window: UInt32
    max_packet: UInt32
    details: Rest = b""


@message(92)
class ChannelOpenFailure(Message):
    """The channel is refused (RFC 4254 section 5.1)."""

    recipient: UInt32
    reason: UInt32
    description: Text = ""
    language: Text = ""


@message(93)
class WindowAdjust(Message):
    """Let the peer send more (RFC 4254 section 5.2)."""

    recipient: UInt32
    increment: UInt32


@message(94)
class ChannelData(Message):
    """Data of a channel (RFC 4254 section 5.2)."""

    recipient: UInt32
    data: View


@message(95)
class ChannelExtendedData(Message):
    """Data of another type, such as standard error (RFC 4254 section 5.2)."""

    recipient: UInt32
    data_type: UInt32
    data: View


@message(96)
class ChannelEOF(Message):
    """No more data follows (RFC 4254 section 5.3)."""

    recipient: UInt32


@message(97)
class ChannelClose(Message):
    """The channel is over (RFC 4254 section 5.3)."""

    recipient: UInt32


# ------------------------------------------------------------------ channel requests


@record
class RequestHead(Message):
    """What every channel request begins with (RFC 4254 section 5.4); the base of all of them."""

    recipient: UInt32
    kind: str
    want_reply: bool = False


@message(98)
class ChannelRequest(RequestHead):
    """A request on a channel, its details unread (RFC 4254 section 5.4)."""

    details: Rest = b""


@record
class UnreadChannelRequest(Record):
    """A channel request with a text that is not UTF-8: what its refusal needs.

    It begins after the message number.
    """

    recipient: UInt32
    kind: bytes
    want_reply: bool


@message(98)
class PtyRequest(RequestHead):
    """Ask for a pseudo-terminal (RFC 4254 section 6.2)."""

    kind: Literal["pty-req"] = field(default="pty-req", init=False)
    term: str
    columns: UInt32
    rows: UInt32
    width: UInt32 = 0
    height: UInt32 = 0
    modes: bytes = b""


@message(98)
class X11Request(RequestHead):
    """Ask for the forwarding of X11 (RFC 4254 section 6.3.1)."""

    kind: Literal["x11-req"] = field(default="x11-req", init=False)
    single_connection: bool
    protocol: str
    cookie: str = field(repr=False)
    screen: UInt32


@message(98)
class EnvRequest(RequestHead):
    """Set an environment variable (RFC 4254 section 6.4)."""

    kind: Literal["env"] = field(default="env", init=False)
    name: bytes
    value: bytes


@message(98)
class ShellRequest(RequestHead):
    """Start the user's shell (RFC 4254 section 6.5)."""

    kind: Literal["shell"] = field(default="shell", init=False)


@message(98)
class ExecRequest(RequestHead):
    """Run a command (RFC 4254 section 6.5)."""

    kind: Literal["exec"] = field(default="exec", init=False)
    command: bytes


@message(98)
class SubsystemRequest(RequestHead):
    """Start a subsystem (RFC 4254 section 6.5)."""

    kind: Literal["subsystem"] = field(default="subsystem", init=False)
    name: str


@message(98)
class WindowChange(RequestHead):
    """The terminal has another size (RFC 4254 section 6.7)."""

    kind: Literal["window-change"] = field(default="window-change", init=False)
    columns: UInt32
    rows: UInt32
    width: UInt32 = 0
    height: UInt32 = 0


@message(98)
class XonXoff(RequestHead):
    """Say whether the client may do flow control by itself (RFC 4254 section 6.8)."""

    kind: Literal["xon-xoff"] = field(default="xon-xoff", init=False)
    client_can_do: bool


@message(98)
class SignalRequest(RequestHead):
    """Send a signal to the remote process (RFC 4254 section 6.9); the name is without SIG."""

    kind: Literal["signal"] = field(default="signal", init=False)
    name: str


@message(98)
class BreakRequest(RequestHead):
    """Send a BREAK of so many milliseconds, 0 for the usual (RFC 4335 section 3)."""

    kind: Literal["break"] = field(default="break", init=False)
    length: UInt32 = 0


@message(98)
class ExitStatus(RequestHead):
    """The command has ended with a status (RFC 4254 section 6.10)."""

    kind: Literal["exit-status"] = field(default="exit-status", init=False)
    status: UInt32


@message(98)
class ExitSignal(RequestHead):
    """The command was ended by a signal (RFC 4254 section 6.10)."""

    kind: Literal["exit-signal"] = field(default="exit-signal", init=False)
    name: Text
    core_dumped: bool
    message: Text = ""
    language: Text = ""


@message(99)
class ChannelSuccess(Message):
    """A channel request was granted (RFC 4254 section 5.4)."""

    recipient: UInt32


@message(100)
class ChannelFailure(Message):
    """A channel request was refused (RFC 4254 section 5.4)."""

    recipient: UInt32


GLOBAL_REQUESTS: MessageSet[GlobalHead] = MessageSet(
    TCPIPForward, CancelTCPIPForward, GlobalRequest
)
"""Global requests, unknown ones as `GlobalRequest`."""

CHANNEL_OPENS: MessageSet[OpenHead] = MessageSet(
    SessionOpen, DirectTCPIPOpen, ForwardedTCPIPOpen, X11Open, ChannelOpen
)
"""Channel opens, unknown types as `ChannelOpen`."""

CHANNEL_REQUESTS: MessageSet[RequestHead] = MessageSet(
    PtyRequest,
    X11Request,
    EnvRequest,
    ShellRequest,
    ExecRequest,
    SubsystemRequest,
    WindowChange,
    XonXoff,
    SignalRequest,
    BreakRequest,
    ExitStatus,
    ExitSignal,
    ChannelRequest,
)
"""Channel requests, unknown names as `ChannelRequest`."""
