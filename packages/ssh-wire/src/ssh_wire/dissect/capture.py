"""Capture files: pcap (as tcpdump writes it) and pcapng (as Wireshark does).

The formats are draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.  A file may be
hostile: lengths are checked before anything is sliced, and a frame longer than any that is
captured ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct

from ssh_wire import lazy_attrs
from ssh_wire.errors import WireError

__all__ = ["CaptureError", "Frame", "frames", "is_capture"]

_PCAP = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",  # the same with nanoseconds
    b"\xa1\xb2\x3c\x4d": ">",
}
_PCAP_HEAD = 24
_SECTION = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_SECTION_HEAD = 12

_LONGEST_FRAME = 262_144
_LONGEST_BLOCK = 16_777_216
_LINK_TYPE = 0x0FFF_FFFF
"""The upper bits of pcap's field are the length of the frame check sequence."""


class CaptureError(WireError):
    """The file is not a capture, or is damaged."""


@lazy_attrs.frozen
class Frame:
    """One captured frame.

    Attributes:
        number: its place in the file, from 1.
        link: its link type, a number LINKTYPE_… of tcpdump.
        data: the bytes that were captured.
    """

    number: int
    link: int
    data: bytes


def is_capture(data: bytes) -> bool:
    """Say whether a file begins like a capture."""
    return data[:4] in _PCAP or data[:4] == _SECTION


def frames(data: bytes) -> Iterator[Frame]:
    """Yield the frames of a capture file.

    Raises:
        CaptureError: it is not a capture, or is damaged; the frames before the damage have been
            yielded.
    """
    if data[:4] in _PCAP:
        yield from _pcap(data, _PCAP[data[:4]])
    elif data[:4] == _SECTION:
        yield from _PcapNG(data).frames()
    else:
        problem = "capture: neither pcap nor pcapng"
        raise CaptureError(problem)


def _pcap(data: bytes, order: str) -> Iterator[Frame]:
    if len(data) < _PCAP_HEAD:
        problem = "capture: the input ends inside the file header"
        raise CaptureError(problem)
    (link,) = Struct(order + "I").unpack_from(data, 20)
    record = Struct(order + "8xI4x")
    pos, number = _PCAP_HEAD, 0
    while pos < len(data):
        number += 1
        if pos + record.size > len(data):
            raise _ends_inside(number)
        (size,) = record.unpack_from(data, pos)
        pos += record.size
        yield Frame(number, link & _LINK_TYPE, _slice(data, pos, size, number))
        pos += size


class _Block(IntEnum):
    """The blocks of pcapng that matter here."""

    INTERFACE = 1
    OLD_PACKET = 2
    SIMPLE_PACKET = 3
    PACKET = 6


class _PcapNG:
    """The blocks of a pcapng file.

    A section begins with its byte order and has interfaces of its own.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._links: list[int] = []
        self._order = "<"
        self._number = 0

    def frames(self) -> Iterator[Frame]:
        pos = 0
        while pos < len(self._data):
            if self._data[pos : pos + 4] == _SECTION:
                self._begin_section(pos)
            kind, size = self._block(pos)
            frame = self._frame(kind, pos + 8, pos + size - 4)
            if frame is not None:
                yield frame
            pos += size

    def _begin_section(self, pos: int) -> None:
        magic = self._data[pos + 8 : pos + _SECTION_HEAD]
        if magic not in _BYTE_ORDER:
            problem = f"capture: the section at byte {pos} has no byte order"
            raise CaptureError(problem)
        self._order = _BYTE_ORDER[magic]
        self._links = []

    def _block(self, pos: int) -> tuple[int, int]:
        """Return the type and the size of the block at `pos`, which must be complete."""
        ends = len(self._data)
        kind, size = self._unpack("II", pos, ends)
        if not _SECTION_HEAD <= size <= _LONGEST_BLOCK or size % 4:
            problem = f"capture: the block at byte {pos} has {size} bytes"
            raise CaptureError(problem)
        (again,) = self._unpack("I", pos + size - 4, ends)
        if again != size:
            problem = f"capture: the block at byte {pos} ends with another size than its own"
            raise CaptureError(problem)
        return kind, size

    def _frame(self, kind: int, pos: int, end: int) -> Frame | None:
        """Process a block; return its frame if it has one."""
        match _Block(kind) if kind in set(_Block) else None:
            case _Block.INTERFACE:
                (link,) = self._unpack("H", pos, end)
                self._links.append(link)
            case _Block.OLD_PACKET:
                interface, size = self._unpack("H10xI", pos, end)
                return self._made(interface, pos + 20, end, size)
            case _Block.PACKET:
                interface, size = self._unpack("I8xI", pos, end)
                return self._made(interface, pos + 20, end, size)
            case _Block.SIMPLE_PACKET:
                (size,) = self._unpack("I", pos, end)
                # the frame may be truncated to the snapshot length; the rest is padding
                return self._made(0, pos + 4, end, min(size, end - pos - 4))
            case _:
                pass
        return None

    def _made(self, interface: int, pos: int, end: int, size: int) -> Frame:
        self._number += 1
        if interface >= len(self._links):
            problem = f"capture: frame {self._number} is of an interface that is not described"
            raise CaptureError(problem)
        if pos + size > end:
            raise _ends_inside(self._number)
        data = _slice(self._data, pos, size, self._number)
        return Frame(self._number, self._links[interface], data)

    def _unpack(self, form: str, pos: int, end: int) -> tuple[int, ...]:
        struct = Struct(self._order + form)
        if pos + struct.size > end:
            problem = f"capture: the input ends inside the block before byte {end}"
            raise CaptureError(problem)
        return struct.unpack_from(self._data, pos)


def _slice(data: bytes, pos: int, size: int, number: int) -> bytes:
    if size > _LONGEST_FRAME:
        problem = f"capture: frame {number} has {size} bytes, more than {_LONGEST_FRAME}"
        raise CaptureError(problem)
    if pos + size > len(data):
        raise _ends_inside(number)
    return bytes(data[pos : pos + size])


def _ends_inside(number: int) -> CaptureError:
    return CaptureError(f"capture: the input ends inside frame {number}")
