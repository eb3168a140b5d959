"""Transport messages (RFC 4253; EXT_INFO of RFC 8308; OpenSSH's PING).

Data that a peer appends to DISCONNECT, IGNORE or DEBUG is kept as `extra`: nothing depends on it.
"""

from __future__ import annotations

from ssh_wire.declare import Message, Record, message, record
from ssh_wire.types import Cookie, Counted, NameList, Rest, Text, UInt32

__all__ = [
    "Debug",
    "DelayedCompression",
    "Disconnect",
    "ExtInfo",
    "Extension",
    "Ignore",
    "KexInit",
    "NewCompress",
    "NewKeys",
    "Ping",
    "Pong",
    "ServiceAccept",
    "ServiceRequest",
    "Unimplemented",
]


@message(1)
class Disconnect(Message):
    """End the connection (RFC 4253 section 11.1)."""

    code: UInt32
    description: Text = ""
    language: Text = ""
    extra: Rest = b""


@message(2)
class Ignore(Message):
    """Data to be ignored (RFC 4253 section 11.2)."""

    data: bytes = b""
    extra: Rest = b""


@message(3)
class Unimplemented(Message):
    """Answer a message that is not known, by its sequence number (RFC 4253 section 11.4)."""

    sequence: UInt32


@message(4)
class Debug(Message):
    """Text for debugging (RFC 4253 section 11.3)."""

    always_display: bool
    message: Text
    language: Text = ""
    extra: Rest = b""


@message(5)
class ServiceRequest(Message):
    """Ask for a service (RFC 4253 section 10)."""

    name: str


@message(6)
class ServiceAccept(Message):
    """Grant the service that was asked for (RFC 4253 section 10)."""

    name: str


@record
class Extension(Record):
    """One extension: its name and its value (RFC 8308 section 2.3)."""

    name: bytes
    value: bytes


@message(7)
class ExtInfo(Message):
    """The extensions that the sender supports (RFC 8308 section 2.3)."""

    extensions: Counted[Extension]


@record
class DelayedCompression(Record):
    """The value of the extension delay-compression (RFC 8308 section 3.2)."""

    client_to_server: NameList
    server_to_client: NameList


@message(8)
class NewCompress(Message):
    """Compression begins (RFC 8308 section 3.2)."""


@message(20)
class KexInit(Message):
    """Begin a key exchange with what the sender supports (RFC 4253 section 7.1)."""

    cookie: Cookie
    kex_algorithms: NameList
    server_host_key_algorithms: NameList
    encryption_client_to_server: NameList
    encryption_server_to_client: NameList
    mac_client_to_server: NameList
    mac_server_to_client: NameList
    compression_client_to_server: NameList
    compression_server_to_client: NameList
    languages_client_to_server: NameList = ()
    languages_server_to_client: NameList = ()
    first_kex_packet_follows: bool = False
    reserved: UInt32 = 0


@message(21)
class NewKeys(Message):
    """From here on the new keys are in use (RFC 4253 section 7.3)."""


@message(192)
class Ping(Message):
    """Ask for a PONG with the same data (OpenSSH PROTOCOL section 1.8)."""

    data: bytes


@message(193)
class Pong(Message):
    """Answer a PING (OpenSSH PROTOCOL section 1.8)."""

    data: bytes
