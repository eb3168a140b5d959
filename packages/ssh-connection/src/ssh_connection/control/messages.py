"""The messages of the control protocol (OpenSSH's PROTOCOL.mux; "info" is of its mux.c).

Numbers are uint32 and the protocol's own.  What PROTOCOL.mux calls a bool is a uint32 in
OpenSSH's code, and so it is here.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_connection.control.errors import ControlViolation
from ssh_wire import Record, Repeated, Text, Truncated, UInt32, record

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = [
    "CLIENT_MESSAGES",
    "FORWARDS",
    "INFO",
    "NO_ESCAPE",
    "SERVER_MESSAGES",
    "UNIX_PORT",
    "VERSION",
    "Alive",
    "AliveCheck",
    "Answer",
    "CloseForward",
    "ControlMessage",
    "ExitMessage",
    "Extension",
    "Failure",
    "ForwardKind",
    "Hello",
    "Info",
    "InfoRequest",
    "NewSession",
    "NewStdioForward",
    "Ok",
    "OpenForward",
    "PermissionDenied",
    "Proxy",
    "ProxyRequest",
    "RemotePort",
    "Request",
    "SessionOpened",
    "StopListening",
    "TerminalFailed",
    "Terminate",
    "decode_client",
    "decode_server",
    "encode",
]

VERSION: Final = 4
"""The version of the protocol (SSHMUX_VER)."""
NO_ESCAPE: Final = 0xFFFFFFFF
"""The escape character of a session that has none."""
UNIX_PORT: Final = 0xFFFFFFFE
"""The port that makes a host the path of a Unix socket (PORT_STREAMLOCAL, -2)."""
INFO: Final = "info"
"""The extension that answers `InfoRequest`."""
FORWARDS: Final = "proxy-forwards@ssh-stack"
"""The extension of masters that have the server listen for their clients in proxy mode.

They answer the request, and cancel what is left when the client leaves.  Masters of OpenSSH take
the request too, but nothing of the rest.
"""

_NUMBER: Final = Struct(">I")
_HEAD: Final = Struct(">II")


class ControlMessage(Record):
    """A message; its number goes before its fields."""

    __slots__ = ()

    TYPE = 0
    """The number of the message."""


@record
class Extension(Record):
    """An extension that a side has (section 1)."""

    name: Text
    value: bytes = b""


@record
class Hello(ControlMessage):
    """The first message of each side (section 1)."""

    TYPE = 0x00000001

    version: UInt32 = VERSION
    extensions: Repeated[Extension] = ()


# ---------------------------------------------------------------- from clients


@record
class Request(ControlMessage):
    """What a client asks for; the answer has the same request id."""

    DESCRIPTORS = 0
    """How many descriptors follow the message."""

    request_id: UInt32 = 0


@record
class NewSession(Request):
    """Start a session with the client's descriptors 0, 1 and 2 (section 2)."""

    TYPE = 0x10000002
    DESCRIPTORS = 3

    reserved: bytes = b""
    want_tty: UInt32 = 0
    want_x11: UInt32 = 0
    want_agent: UInt32 = 0
    subsystem: UInt32 = 0
    escape: UInt32 = NO_ESCAPE
    terminal: Text = ""
    command: Text = ""
    environment: Repeated[Text] = ()


@record
class NewStdioForward(Request):
    """Join the client's descriptors 0 and 1 to a port or socket (section 3).

    PROTOCOL.mux has the port as a string; OpenSSH sends a uint32.
    """

    TYPE = 0x10000008
    DESCRIPTORS = 2

    reserved: bytes = b""
    host: Text
    port: UInt32


@record
class AliveCheck(Request):
    """Ask for a sign of life (section 4)."""

    TYPE = 0x10000004


@record
class Terminate(Request):
    """End the master (section 5)."""

    TYPE = 0x10000005


class ForwardKind:
    """The kinds of forwards (MUX_FWD_LOCAL, …)."""

    LOCAL: Final = 1
    REMOTE: Final = 2
    DYNAMIC: Final = 3


@record
class OpenForward(Request):
    """Forward a port or socket (section 6); an empty host is the usual one."""

    TYPE = 0x10000006

    kind: UInt32
    listen_host: Text = ""
    listen_port: UInt32 = 0
    connect_host: Text = ""
    connect_port: UInt32 = 0


@record
class CloseForward(OpenForward):
    """Cancel a forward (section 7)."""

    TYPE = 0x10000007


@record
class StopListening(Request):
    """Take no further clients, and remove the socket (section 8)."""

    TYPE = 0x10000009


@record
class ProxyRequest(Request):
    """Speak the connection protocol from now on (section 9)."""

    TYPE = 0x1000000F


@record
class InfoRequest(Request):
    """Ask about the master (extension "info"): "connection" or "channels"."""

    TYPE = 0x20000001

    name: Text


# ---------------------------------------------------------------- from masters


@record
class Answer(ControlMessage):
    """What answers a request."""

    request_id: UInt32 = 0


@record
class Ok(Answer):
    """It is done (section 10)."""

    TYPE = 0x80000001


@record
class PermissionDenied(Answer):
    """Somebody refused it (section 10)."""

    TYPE = 0x80000002

    reason: Text


@record
class Failure(Answer):
    """It failed (section 10)."""

    TYPE = 0x80000003

    reason: Text


@record
class ExitMessage(ControlMessage):
    """The session has ended (section 2)."""

    TYPE = 0x80000004

    session: UInt32
    status: UInt32


@record
class Alive(Answer):
    """The master lives (section 4)."""

    TYPE = 0x80000005

    pid: UInt32


@record
class SessionOpened(Answer):
    """The session, or the stream of a stdio forward, is open (sections 2 and 3)."""

    TYPE = 0x80000006

    session: UInt32


@record
class RemotePort(Answer):
    """The server listens on this port (section 6)."""

    TYPE = 0x80000007

    port: UInt32


@record
class TerminalFailed(ControlMessage):
    """The server gave the session no terminal (section 2)."""

    TYPE = 0x80000008

    session: UInt32


@record
class Proxy(Answer):
    """From here on it is the connection protocol (section 9)."""

    TYPE = 0x8000000F


@record
class Info(Answer):
    """The answer to `InfoRequest`."""

    TYPE = 0x90000001

    known: UInt32
    text: Text


CLIENT_MESSAGES: Final = (
    *(Hello, NewSession, NewStdioForward, AliveCheck, Terminate, OpenForward, CloseForward),
    *(StopListening, ProxyRequest, InfoRequest),
)
"""What clients send."""

SERVER_MESSAGES: Final = (
    *(Hello, Ok, PermissionDenied, Failure, ExitMessage, Alive, SessionOpened, RemotePort),
    *(TerminalFailed, Proxy, Info),
)
"""What masters send."""

_Table: TypeAlias = "dict[int, type[ControlMessage]]"
_OF_CLIENT: Final[_Table] = {each.TYPE: each for each in CLIENT_MESSAGES}
_OF_SERVER: Final[_Table] = {each.TYPE: each for each in SERVER_MESSAGES}


def encode(message: ControlMessage) -> bytes:
    """Return the bytes of a message, its number first.

    Raises:
        EncodeError: a field's value does not fit its wire type.
    """
    return _NUMBER.pack(message.TYPE) + message.encode()


def decode_client(data: Buffer) -> ControlMessage | Request:
    """Decode what a client sent; a request that is unknown is a plain `Request` with its id.

    Raises:
        WireError: it is not such a message.
    """
    found = _find(_OF_CLIENT, data)
    if found is not None:
        return found
    if len(data) < _HEAD.size:
        raise Truncated("Request", "request_id")
    return Request(request_id=_HEAD.unpack_from(data)[1])


def decode_server(data: Buffer) -> ControlMessage:
    """Decode what a master sent.

    Raises:
        ControlViolation: there is no such message.
        WireError: it is not what its number says.
    """
    found = _find(_OF_SERVER, data)
    if found is None:
        problem = (
            f"the master sent a message of the unknown type {_NUMBER.unpack_from(data)[0]:#x}"
        )
        raise ControlViolation(problem)
    return found


def _find(table: _Table, data: Buffer) -> ControlMessage | None:
    if len(data) < _NUMBER.size:
        raise Truncated("message", "type")
    kind = table.get(_NUMBER.unpack_from(data)[0])
    # what a later version adds behind the fields is ignored, as by OpenSSH
    return None if kind is None else kind.read(data, _NUMBER.size)[0]
