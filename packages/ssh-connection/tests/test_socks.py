"""The server's side of SOCKS: requests in any pieces, refusals, and bytes of any kind."""

from __future__ import annotations

import errno
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection import ChannelOpenRefused
from ssh_connection.addresses import TCPAddress
from ssh_connection.socks import SOCKSError, SOCKSFailure, SOCKSRequest, SOCKSServer, failure_of
from ssh_wire import OpenFailureReason

Made: TypeAlias = tuple[bytes, SOCKSRequest]
"""What a client sends, and what it asks for with that."""

METHODS = b"\x05\x01\x00"
ASKED_4 = b"\x04\x01\x00\x50\x7f\x00\x00\x01me\x00"
GRANTED_4 = b"\x00\x5a" + bytes(6)
REFUSED_4 = b"\x00\x5b" + bytes(6)


def port_bytes(port: int) -> bytes:
    return port.to_bytes(2, "big")


def asked_4a(host: str, port: int = 80, command: int = 1) -> bytes:
    head = bytes((4, command)) + port_bytes(port) + b"\x00\x00\x00\x01"
    return head + b"\x00" + host.encode() + b"\x00"


def asked_5(host: bytes, port: int = 80, command: int = 1, kind: int = 3) -> bytes:
    size = bytes((len(host),)) if kind == 3 else b""
    return bytes((5, command, 0, kind)) + size + host + port_bytes(port)


def reply_5(code: int) -> bytes:
    return bytes((5, code, 0, 1)) + bytes(6)


def request(version: Literal[4, 5], host: str, port: int = 80) -> SOCKSRequest:
    return SOCKSRequest(version, TCPAddress(host, port))


_HOSTS = st.text(
    st.characters(exclude_categories=["C", "Z"], max_codepoint=0x24F), min_size=1, max_size=120
)
_PORTS = st.integers(1, 65535)


def plain_4(ip: int, port: int, user: bytes) -> Made:
    address = IPv4Address(ip)
    sent = bytes((4, 1)) + port_bytes(port) + address.packed + user.replace(b"\0", b"") + b"\0"
    return sent, request(4, str(address), port)


def named_4(host: str, port: int) -> Made:
    return asked_4a(host, port), request(4, host, port)


def named_5(host: str, port: int) -> Made:
    return METHODS + asked_5(host.encode(), port), request(5, host, port)


def numbered_5(address: IPv4Address | IPv6Address, port: int) -> Made:
    kind = 1 if address.version == 4 else 4
    return METHODS + asked_5(address.packed, port, kind=kind), request(5, str(address), port)


_REQUESTS = st.one_of(
    # below 256 are the addresses that stand for a name
    st.builds(plain_4, st.integers(256, 2**32 - 1), _PORTS, st.binary(max_size=30)),
    st.builds(named_4, _HOSTS, _PORTS),
    st.builds(named_5, _HOSTS, _PORTS),
    st.builds(numbered_5, st.ip_addresses(), _PORTS),
)


@given(_REQUESTS, st.binary(max_size=20), st.data())
def test_request_is_the_same_however_it_is_cut(
    made: Made, behind: bytes, data: st.DataObject
) -> None:
    sent, expected = made
    server = SOCKSServer()
    replies = b""
    left = sent + behind
    while left:
        count = data.draw(st.integers(1, len(left)))
        assert server.request in {None, expected}
        replies += server.receive(left[:count])
        left = left[count:]
    assert server.request == expected
    assert server.rest == behind
    assert replies == (b"\x05\x00" if expected.version == 5 else b"")


@given(_REQUESTS, st.data())
def test_request_is_not_there_before_its_last_byte(made: Made, data: st.DataObject) -> None:
    server = SOCKSServer()
    server.receive(made[0][: data.draw(st.integers(0, len(made[0]) - 1))])
    assert server.request is None


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=30))
def test_any_bytes_are_a_request_an_error_or_too_few(pieces: list[bytes]) -> None:
    server = SOCKSServer()
    for piece in pieces:
        try:
            server.receive(piece)
        except SOCKSError:
            return
        if server.request is not None:
            assert 0 < server.request.address.port < 65536
            assert server.request.address.host.isprintable()
            return
        # an unfinished request has a bound, so a client cannot fill the memory
        assert len(server.rest) <= 2 * 1024 + 10


def test_methods_are_answered_before_the_request_comes() -> None:
    server = SOCKSServer()
    assert server.receive(b"\x05\x02\x02\x00") == b"\x05\x00"
    assert server.receive(asked_5(b"db")) == b""
    assert server.request == request(5, "db")


@pytest.mark.parametrize(
    ("sent", "granted", "refused"),
    [(ASKED_4, GRANTED_4, REFUSED_4), (METHODS + asked_5(b"db"), reply_5(0), reply_5(2))],
)
def test_reply_is_of_the_version_of_the_request(
    sent: bytes, granted: bytes, refused: bytes
) -> None:
    server = SOCKSServer()
    server.receive(sent)
    assert server.granted() == granted
    assert server.refused(SOCKSFailure.NOT_ALLOWED) == refused


@pytest.mark.parametrize(
    ("sent", "reply", "problem"),
    [
        (b"GET / HTTP/1.1\r\n", b"", "not version 4 or 5"),
        (b"\x00", b"", "not version 4 or 5"),
        (b"\x05\x00", b"\x05\xff", "password"),
        (b"\x05\x01\x02", b"\x05\xff", "password"),
        (METHODS + b"\x04\x01\x00\x03\x01a\x00\x50", b"", "that of the methods was 5"),
        (METHODS + asked_5(b"db", command=2), reply_5(7), "not CONNECT"),
        (METHODS + asked_5(b"db", command=3), reply_5(7), "not CONNECT"),
        (METHODS + asked_5(b"", kind=2) + b"..", reply_5(8), "address type is 2"),
        (METHODS + asked_5(b"", port=80), reply_5(4), "not a host name"),
        (METHODS + asked_5(b"a\0b"), reply_5(4), "not a host name"),
        (METHODS + asked_5(b"a\nb"), reply_5(4), "not a host name"),
        (METHODS + asked_5(b"\xff"), reply_5(4), "not a host name"),
        (METHODS + asked_5(b"db", port=0), reply_5(1), "not a port"),
        (asked_4a("db", command=2), REFUSED_4, "not CONNECT"),
        (asked_4a(""), REFUSED_4, "not a host name"),
        (asked_4a("db", port=0), REFUSED_4, "not a port"),
        (b"\x04\x01\x00\x50\x7f\x00\x00\x01" + b"u" * 1025, REFUSED_4, "longer than 1024"),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00" + b"h" * 1025, REFUSED_4, "longer than 1024"),
    ],
)
def test_other_request_is_refused_with_its_reply(sent: bytes, reply: bytes, problem: str) -> None:
    with pytest.raises(SOCKSError, match=problem) as caught:
        SOCKSServer().receive(sent)
    assert caught.value.reply == reply


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), SOCKSFailure.CONNECTION_REFUSED),
        (OSError(errno.ENETUNREACH, ""), SOCKSFailure.NETWORK_UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, ""), SOCKSFailure.HOST_UNREACHABLE),
        (OSError("no number"), SOCKSFailure.HOST_UNREACHABLE),
        (PermissionError(errno.EPERM, ""), SOCKSFailure.NOT_ALLOWED),
        (
            ChannelOpenRefused("x", OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, ""),
            SOCKSFailure.NOT_ALLOWED,
        ),
        (
            ChannelOpenRefused("x", OpenFailureReason.CONNECT_FAILED, ""),
            SOCKSFailure.HOST_UNREACHABLE,
        ),
        (ChannelOpenRefused("x", OpenFailureReason.RESOURCE_SHORTAGE, ""), SOCKSFailure.GENERAL),
        (ValueError(), SOCKSFailure.GENERAL),
    ],
)
def test_failure_of_a_connection_has_its_own_code(error: Exception, failure: SOCKSFailure) -> None:
    assert failure_of(error) is failure
