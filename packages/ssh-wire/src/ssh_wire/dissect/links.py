"""The TCP segment in a frame, after the headers of link and network layer.

Frames with anything but a complete TCP segment over IPv4 or IPv6 are ignored: other protocols,
other links, and fragments, which a TCP connection does not have if its path MTU is known.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from ssh_wire import lazy, lazy_attrs
from ssh_wire.dissect.capture import Frame

if TYPE_CHECKING:
    import ipaddress
else:
    ipaddress = lazy.module("ipaddress")

__all__ = ["ACK", "SYN", "Address", "Segment", "segment"]

_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN = {0x8100, 0x88A8, 0x9100}
_MOST_TAGS = 4
_TCP = 6
_FRAGMENT = 0x3FFF
"""More fragments follow, or this is not the first (RFC 791 section 3.1)."""

_EXTENSIONS = {0, 43, 60}
"""Hop-by-hop, routing and destination options, each 8 bytes and a multiple more (RFC 8200)."""
_MOST_EXTENSIONS = 8

_IPV4_HEAD = Struct(">BxHxxHxB")
_IPV6_HEAD = Struct(">4xHB")
_TCP_HEAD = Struct(">HHI4xBB")
_VERSION_4, _VERSION_6 = 4, 6
_IPV4_LENGTH, _IPV6_LENGTH, _TCP_LENGTH = 20, 40, 20
"""The shortest headers, in bytes."""
_EXTENSION_UNIT = 8

SYN, ACK = 2, 16
"""Flags of a segment (RFC 9293 section 3.1)."""


@lazy_attrs.frozen
class Address:
    """An address and a port.

    Attributes:
        address: four or sixteen bytes.
        port: the TCP port.
    """

    address: bytes
    port: int

    def __str__(self) -> str:
        host = str(ipaddress.ip_address(self.address))
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@lazy_attrs.frozen
class Segment:
    """One TCP segment.

    Attributes:
        source: its sender.
        destination: its receiver.
        sequence: the sequence number of its first byte.
        flags: `SYN` and `ACK` among them.
        data: its bytes.
    """

    source: Address
    destination: Address
    sequence: int
    flags: int
    data: bytes


def segment(frame: Frame) -> Segment | None:
    """Return the TCP segment in a frame, None where there is none that is whole."""
    strip = _LINKS.get(frame.link)
    packet = strip(frame.data) if strip is not None else b""
    if not packet:
        return None
    return _ipv6(packet) if packet[0] >> 4 == _VERSION_6 else _ipv4(packet)


def _after(size: int) -> Callable[[bytes], bytes]:
    return lambda data: data[size:]


def _ethernet(data: bytes) -> bytes:
    return _after_tags(data, 12)


def _after_tags(data: bytes, pos: int) -> bytes:
    """Return the packet after the EtherType at `pos` and any VLAN tags."""
    for _ in range(_MOST_TAGS):
        kind = int.from_bytes(data[pos : pos + 2], "big")
        pos += 2
        if kind in {_IPV4, _IPV6}:
            return data[pos:]
        if kind not in _VLAN:
            break
        pos += 2
    return b""


_LINKS: dict[int, Callable[[bytes], bytes]] = {
    0: _after(4),  # NULL: BSD's loopback
    1: _ethernet,
    12: _after(0),  # RAW, as some systems number it
    14: _after(0),
    101: _after(0),  # RAW
    108: _after(4),  # LOOP: OpenBSD's loopback
    113: lambda data: _after_tags(data, 14),  # LINUX_SLL
    228: _after(0),  # IPV4
    229: _after(0),  # IPV6
    276: lambda data: _after_tags(data[:2] + data[20:], 0),  # LINUX_SLL2
}
"""Link type (LINKTYPE_… of tcpdump) -> the function that removes its header."""


def _ipv4(data: bytes) -> Segment | None:
    if len(data) < _IPV4_LENGTH:
        return None
    first, total, fragment, protocol = _IPV4_HEAD.unpack_from(data)
    head = (first & 15) * 4
    is_whole = first >> 4 == _VERSION_4 and not fragment & _FRAGMENT and head >= _IPV4_LENGTH
    if not is_whole or protocol != _TCP:
        return None
    # a total of 0 is for the network card to fill in
    return _tcp(data[head : total or len(data)], data[12:16], data[16:20])


def _ipv6(data: bytes) -> Segment | None:
    if len(data) < _IPV6_LENGTH:
        return None
    size, protocol = _IPV6_HEAD.unpack_from(data)
    rest = data[_IPV6_LENGTH : _IPV6_LENGTH + size if size else len(data)]
    for _ in range(_MOST_EXTENSIONS):
        if protocol not in _EXTENSIONS or len(rest) < _EXTENSION_UNIT:
            break
        protocol, rest = rest[0], rest[_EXTENSION_UNIT * (1 + rest[1]) :]
    return _tcp(rest, data[8:24], data[24:40]) if protocol == _TCP else None


def _tcp(data: bytes, source: bytes, destination: bytes) -> Segment | None:
    if len(data) < _TCP_LENGTH:
        return None
    from_port, to_port, sequence, offset, flags = _TCP_HEAD.unpack_from(data)
    head = (offset >> 4) * 4
    if not _TCP_LENGTH <= head <= len(data):
        return None
    return Segment(
        Address(source, from_port), Address(destination, to_port), sequence, flags, data[head:]
    )
