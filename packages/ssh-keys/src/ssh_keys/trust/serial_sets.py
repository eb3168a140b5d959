"""Sets of certificate serial numbers, and how a KRL writes them (OpenSSH's PROTOCOL.krl).

A serial number takes 8 bytes in a list, a run of any length 21 bytes as a range, and each serial
number of a bitmap one bit.  The shortest of the three is written for each part of a set.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_keys.errors import KeyFormatError
from ssh_wire import MPInt, Record, Repeated, UInt64, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_RUNS", "MAX_SERIAL", "SerialSection", "SerialSet", "read_section"]

Range: TypeAlias = tuple[int, int]

MAX_SERIAL: Final = 2**64 - 1
MAX_RUNS: Final = 1 << 20
"""The most runs in a set; they are counted when twice as many have been added."""

_MAX_BITS: Final = 16_384
"""The longest bitmap, as long as an mpint of SSH may be."""
_GAP: Final = 64
"""The distance from which a bitmap is not shorter: a list takes as many bits."""
_RANGE_SIZE: Final = 21
_BITMAP_SIZE: Final = 17
_LISTED_SIZE: Final = 8


class SerialSection(enum.IntEnum):
    """The sections with serial numbers (section 2)."""

    LIST = 0x20
    RANGE = 0x21
    BITMAP = 0x22


@record
class _Serial(Record):
    """One serial number."""

    value: UInt64


@record
class _List(Record):
    """Serial numbers, one by one (section 2.1)."""

    serials: Repeated[_Serial]


@record
class _Range(Record):
    """The first and the last serial number of a run (section 2.2)."""

    first: UInt64
    last: UInt64


@record
class _Bitmap(Record):
    """A bit for each serial number from an offset on (section 2.3)."""

    offset: UInt64
    bits: MPInt


class SerialSet:
    """A set of serial numbers, as runs that neither touch nor overlap.

    Adding is cheap; the runs are sorted when they are needed.
    """

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges = list(ranges)
        self._in_order = False

    def add(self, first: int, last: int) -> None:
        """Add every serial from `first` to `last`, both included.

        Raises:
            KeyFormatError: it is not a run of serial numbers from 1 on, or there are too many
                runs.
        """
        # OpenSSH refuses "lo == 0" too: 0 means no serial number
        if not 0 < first <= last <= MAX_SERIAL:
            problem = f"{first} to {last} is not a range of serial numbers"
            raise KeyFormatError(problem)
        self._ranges.append((first, last))
        self._in_order = False
        # half of them may be duplicates; counting each time would be quadratic
        if len(self._ranges) > 2 * MAX_RUNS and len(self._sorted()) > MAX_RUNS:
            problem = f"more than {MAX_RUNS} runs of serial numbers are revoked"
            raise KeyFormatError(problem)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The runs in ascending order, each as its first and its last serial."""
        return tuple(self._sorted())

    def __contains__(self, serial: object) -> bool:
        if not isinstance(serial, int):
            return False
        ranges = self._sorted()
        pos = bisect_right(ranges, (serial, MAX_SERIAL)) - 1
        return pos >= 0 and serial <= ranges[pos][1]

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def sections(self) -> Iterator[tuple[SerialSection, bytes]]:
        """Yield the sections for the serial numbers, in ascending order."""
        listed: list[int] = []
        for cluster in _clusters(self._sorted()):
            span = cluster[-1][1] - cluster[0][0] + 1
            apart = sum(
                min((last - first + 1) * _LISTED_SIZE, _RANGE_SIZE) for first, last in cluster
            )
            if span <= _MAX_BITS and _BITMAP_SIZE + (span + 7) // 8 < apart:
                yield from _flush(listed)
                yield SerialSection.BITMAP, _bitmap(cluster)
                continue
            for first, last in cluster:
                if (last - first + 1) * _LISTED_SIZE <= _RANGE_SIZE:
                    listed.extend(range(first, last + 1))
                    continue
                yield from _flush(listed)
                yield SerialSection.RANGE, _Range(first=first, last=last).encode()
        yield from _flush(listed)

    def _sorted(self) -> list[Range]:
        if not self._in_order:
            self._ranges = _merged(self._ranges)
            self._in_order = True
        return self._ranges


def read_section(section: SerialSection, data: bytes, into: SerialSet) -> None:
    """Add the serial numbers of a section to a set.

    Raises:
        WireError: it is not one complete section.
        KeyFormatError: a number is 0 or too large, or a range ends before it begins.
    """
    if section is SerialSection.LIST:
        for serial in _List.decode(data).serials:
            into.add(serial.value, serial.value)
    elif section is SerialSection.RANGE:
        run = _Range.decode(data)
        into.add(run.first, run.last)
    else:
        bitmap = _Bitmap.decode(data)
        for first, last in _runs(bitmap.bits):
            into.add(bitmap.offset + first, bitmap.offset + last)


def _merged(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


def _clusters(ranges: list[Range]) -> Iterator[list[Range]]:
    """Yield groups of runs that are close enough together for one bitmap."""
    cluster: list[Range] = []
    for first, last in ranges:
        if cluster:
            far = first - cluster[-1][1] > _GAP
            if far or last - cluster[0][0] >= _MAX_BITS:
                yield cluster
                cluster = []
        cluster.append((first, last))
    if cluster:
        yield cluster


def _flush(listed: list[int]) -> Iterator[tuple[SerialSection, bytes]]:
    if listed:
        yield (
            SerialSection.LIST,
            _List(serials=tuple(_Serial(value=each) for each in listed)).encode(),
        )
        listed.clear()


def _bitmap(cluster: list[Range]) -> bytes:
    offset = cluster[0][0]
    bits = 0
    for first, last in cluster:
        bits |= ((1 << (last - first + 1)) - 1) << (first - offset)
    return _Bitmap(offset=offset, bits=bits).encode()


def _runs(bits: int) -> Iterator[Range]:
    """Yield the runs of bits that are set, the lowest first."""
    text = bin(bits)[:1:-1]
    start = text.find("1")
    while start >= 0:
        end = text.find("0", start)
        end = len(text) if end < 0 else end
        yield start, end - 1
        start = text.find("1", end)
