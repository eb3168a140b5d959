"""The server's side of SOCKS 4, 4a and 5, as a dynamic forward needs it: CONNECT, no password.

    server = SOCKSServer()
    reply = server.receive(data)          # to be sent at once
    if server.request is not None:        # connect to server.request.address, then
        reply = server.granted()          # or server.refused(SOCKSFailure.HOST_UNREACHABLE)
        behind = server.rest              # what came behind the request

A client need not wait for a reply before it sends on.  SOCKS 4 and 4a are the documents
"SOCKS: A protocol for TCP proxy across firewalls" and "SOCKS 4A"; SOCKS 5 is RFC 1928.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import Final, Literal, TypeAlias, final

from ssh_connection.addresses import TCPAddress, is_port
from ssh_wire import OpenFailureReason, SSHError, lazy_attrs
from ssh_wire.text import printable

__all__ = ["SOCKSError", "SOCKSFailure", "SOCKSRequest", "SOCKSServer", "failure_of"]

_CONNECT: Final = 1
_NO_PASSWORD: Final = 0
_NO_METHOD: Final = b"\x05\xff"
_IPV4, _DOMAIN, _IPV6 = 1, 3, 4
_SIZES: Final = {_IPV4: 4, _IPV6: 16}
_HEAD_4: Final = Struct(">BBH4s")
_PORT: Final = Struct(">H")
_MAX_TEXT: Final = 1024
"""Bytes of a user or a host of SOCKS 4, as OpenSSH has it."""
_NOWHERE: Final = bytes(6)
"""Address and port that a reply names; clients ignore them, and nothing here listens there."""


class SOCKSFailure(IntEnum):
    """Why a connection is refused (RFC 1928 section 6); SOCKS 4 has one code for all."""

    GENERAL = 1
    NOT_ALLOWED = 2
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    CONNECTION_REFUSED = 5
    COMMAND_NOT_SUPPORTED = 7
    ADDRESS_TYPE_NOT_SUPPORTED = 8


_BY_ERRNO: Final = {
    errno.ECONNREFUSED: SOCKSFailure.CONNECTION_REFUSED,
    errno.ENETUNREACH: SOCKSFailure.NETWORK_UNREACHABLE,
    errno.EACCES: SOCKSFailure.NOT_ALLOWED,
    errno.EPERM: SOCKSFailure.NOT_ALLOWED,
}


class SOCKSError(SSHError):
    """The program that connected to a dynamic forward does not speak SOCKS as it should.

    Attributes:
        reply: what to send before its connection is closed.
    """

    def __init__(self, problem: str, reply: bytes = b"") -> None:
        self.reply = reply
        super().__init__(f"SOCKS: {problem}")


@final
@lazy_attrs.frozen
class SOCKSRequest:
    """What a client asks for: a connection.

    Attributes:
        version: 4 (4a among it) or 5.
        address: what it wants to be connected to; the host is an IP address or a name.
    """

    version: Literal[4, 5]
    address: TCPAddress


@lazy_attrs.frozen
class _Step:
    """What was read: how many bytes, what is answered, and what is expected now."""

    used: int
    reply: bytes
    state: _State | SOCKSRequest


_State: TypeAlias = Callable[[bytes], "_Step | None"]
"""Reads what is expected from the beginning of the bytes; None while some are missing."""


class SOCKSServer:
    """One conversation with a client.

    Attributes:
        request: what it asks for, once that has been read.
        rest: what it has sent behind the request.
    """

    def __init__(self) -> None:
        self.request: SOCKSRequest | None = None
        self.rest: bytes = b""
        self._state: _State = _version

    def receive(self, data: bytes) -> bytes:
        """Take what the client has sent; return what is to be sent to it.

        Raises:
            SOCKSError: it does not speak SOCKS, or asks for something else than CONNECT.
        """
        self.rest += data
        reply = b""
        while self.request is None and (step := self._state(self.rest)) is not None:
            self.rest = self.rest[step.used :]
            reply += step.reply
            if isinstance(step.state, SOCKSRequest):
                self.request = step.state
            else:
                self._state = step.state
        return reply

    def granted(self) -> bytes:
        """Return the reply to a request: the connection is made."""
        return _reply(self._version, None)

    def refused(self, failure: SOCKSFailure) -> bytes:
        """Return the reply to a request: there is no connection."""
        return _reply(self._version, failure)

    @property
    def _version(self) -> int:
        return 4 if self.request is None else self.request.version


def failure_of(error: Exception) -> SOCKSFailure:
    """Return how a failed connection is reported: one of a socket, or of a channel."""
    reason = getattr(error, "reason", None)
    if reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED:
        return SOCKSFailure.NOT_ALLOWED
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, SOCKSFailure.HOST_UNREACHABLE)
    if reason == OpenFailureReason.CONNECT_FAILED:
        return SOCKSFailure.HOST_UNREACHABLE
    return SOCKSFailure.GENERAL


def _reply(version: int, failure: SOCKSFailure | None) -> bytes:
    if version == 4:  # noqa: PLR2004 (the version)
        return bytes((0, 90 if failure is None else 91)) + _NOWHERE
    return bytes((5, 0 if failure is None else failure, 0, _IPV4)) + _NOWHERE


# ------------------------------------------------------------------ what is expected


def _version(data: bytes) -> _Step | None:
    if not data:
        return None
    state = {4: _request_4, 5: _methods}.get(data[0])
    if state is None:
        problem = f"the first byte is {data[0]}, not version 4 or 5; is it an HTTP proxy's client?"
        raise SOCKSError(problem)
    return _Step(0, b"", state)


def _request_4(data: bytes) -> _Step | None:
    """VN, CD, DSTPORT, DSTIP, USERID, NUL; with 4a a host name and NUL behind it."""
    if len(data) < _HEAD_4.size:
        return None
    _, command, port, ip = _HEAD_4.unpack_from(data)
    user = _text(data, _HEAD_4.size)
    if user is None:
        return None
    used = _HEAD_4.size + len(user) + 1
    host = str(IPv4Address(ip))
    if ip[:3] == bytes(3) and ip[3]:  # 0.0.0.x: "the client should ... send the domain name"
        name = _text(data, used)
        if name is None:
            return None
        used += len(name) + 1
        host = _host(name, 4)
    return _Step(used, b"", _request(4, command, host, port))


def _text(data: bytes, start: int) -> bytes | None:
    """Return the bytes before the next NUL; None while there is none."""
    end = data.find(b"\0", start, start + _MAX_TEXT + 1)
    if end < 0:
        if len(data) - start > _MAX_TEXT:
            problem = f"a text is longer than {_MAX_TEXT} bytes"
            raise SOCKSError(problem, _reply(4, SOCKSFailure.GENERAL))
        return None
    return data[start:end]


def _methods(data: bytes) -> _Step | None:
    """VER, NMETHODS, METHODS (RFC 1928 section 3)."""
    if len(data) < 2 or len(data) < (used := 2 + data[1]):  # noqa: PLR2004 (version and count)
        return None
    if _NO_PASSWORD not in data[2:used]:
        problem = "the client wants a password to be asked for"
        raise SOCKSError(problem, _NO_METHOD)
    return _Step(used, bytes((5, _NO_PASSWORD)), _request_5)


def _request_5(data: bytes) -> _Step | None:
    """VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT (RFC 1928 section 4)."""
    if len(data) < 5:  # noqa: PLR2004 (the head, and the length of a name)
        return None
    version, command, _reserved, kind, length = data[:5]
    if version != 5:  # noqa: PLR2004 (the version)
        problem = f"the version of the request is {version}, that of the methods was 5"
        raise SOCKSError(problem)
    if kind != _DOMAIN and kind not in _SIZES:
        problem = f"the address type is {kind}, not 1, 3 or 4"
        raise SOCKSError(problem, _reply(5, SOCKSFailure.ADDRESS_TYPE_NOT_SUPPORTED))
    start, size = (5, length) if kind == _DOMAIN else (4, _SIZES[kind])
    end = start + size
    if len(data) < end + _PORT.size:
        return None
    (port,) = _PORT.unpack_from(data, end)
    return _Step(end + _PORT.size, b"", _request(5, command, _host_5(kind, data[start:end]), port))


def _host_5(kind: int, address: bytes) -> str:
    if kind == _DOMAIN:
        return _host(address, 5)
    return str(IPv4Address(address) if kind == _IPV4 else IPv6Address(address))


def _host(name: bytes, version: int) -> str:
    """Return a host name; one that no resolver takes is refused here."""
    try:
        host = name.decode("utf-8")
    except UnicodeDecodeError:
        host = ""
    if not host or not host.isprintable():
        problem = f"{printable(name)!r} is not a host name"
        raise SOCKSError(problem, _reply(version, SOCKSFailure.HOST_UNREACHABLE))
    return host


def _request(version: Literal[4, 5], command: int, host: str, port: int) -> SOCKSRequest:
    if command != _CONNECT:
        problem = f"the command {command} is not CONNECT, which is 1"
        raise SOCKSError(problem, _reply(version, SOCKSFailure.COMMAND_NOT_SUPPORTED))
    if not is_port(port):
        problem = f"{port} is not a port to connect to"
        raise SOCKSError(problem, _reply(version, SOCKSFailure.GENERAL))
    return SOCKSRequest(version, TCPAddress(host, port))
