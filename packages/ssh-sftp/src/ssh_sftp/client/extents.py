"""Which ranges of a file a transfer reads or writes, in which order: pure iterators.

A transfer takes blocks from `Extents`, and does not know whether these are of a whole file, of the
rest of one, of the parts of a sparse file that hold data, or samples for a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

__all__ = ["Extents", "Range", "after", "samples", "sparse", "whole"]

Range: TypeAlias = tuple[int, int | None]
"""The offsets of the first byte of a range and of the one behind its last; None is the end of a
file whose size is not known."""

_SAMPLED_WHOLE: Final = 4 * 1024 * 1024
_SAMPLES: Final = 64
_SAMPLE: Final = 32_768
_ENDS: Final = 1024 * 1024


def whole(size: int) -> Iterator[Range]:
    """Return the one range of a file of `size` bytes; none if it is empty."""
    if size:
        yield 0, size


def after(ranges: Iterable[Range], begun: int) -> Iterator[Range]:
    """Return what is left of ranges of which everything below `begun` is transferred already."""
    for start, end in ranges:
        if end is None or end > begun:
            yield max(start, begun), end


def sparse(ranges: Iterable[Range], size: int) -> Iterator[Range]:
    """Return the ranges that hold data, and the last byte of the file.

    The last byte is transferred also where it is in a hole: it gives the file its size.
    """
    reached = 0
    for start, end in ranges:
        until = size if end is None else min(end, size)
        if start < until:
            yield start, until
            reached = until
    if reached < size:
        yield size - 1, size


def samples(size: int) -> Iterator[Range]:
    """Return ranges of the first `size` bytes of a file that are compared instead of all.

    Up to 4 MiB these are all bytes; else the first 32 KiB, the last MiB, where an interrupted
    transfer may have failed, and 64 blocks of 32 KiB between them.
    """
    if size <= _SAMPLED_WHOLE:
        yield from whole(size)
        return
    last = size - _ENDS
    for index in range(_SAMPLES):
        start = index * (last - _SAMPLE) // _SAMPLES
        yield start, start + _SAMPLE
    yield last, size


class Extents:
    """Cut ranges into blocks.

    Attributes:
        exhausted: whether no block is left.
    """

    __slots__ = ("_end", "_next", "_ranges", "exhausted")

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ranges = iter(ranges)
        self._next = 0
        self._end: int | None = 0
        self.exhausted: bool = False
        self._step()

    @property
    def is_open_ended(self) -> bool:
        """Return whether the end of the present range is not known."""
        return self._end is None

    def take(self, most: int) -> tuple[int, int]:
        """Return the offset and the length of the next block, which has at most `most` bytes."""
        offset, end = self._next, self._end
        if end is None:
            self._next = offset + most
            return offset, most
        length = end - offset
        if length > most:
            self._next = offset + most
            return offset, most
        self._step()
        return offset, length

    def end_at(self, offset: int) -> None:
        """Note that the file ends at `offset` or before: what lies behind it is left out."""
        end = offset if self._end is None else min(offset, self._end)
        self._end = end
        if self._next >= end:
            self.exhausted = True

    def _step(self) -> None:
        for start, end in self._ranges:
            if end is None or start < end:
                self._next, self._end = start, end
                break
        else:
            self.exhausted = True
