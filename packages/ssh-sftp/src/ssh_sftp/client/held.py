"""What was read of an open file and not returned yet: bytes at a position, and lines."""

from __future__ import annotations

__all__ = ["Held"]


class Held:
    """Bytes of a file, from an offset on."""

    __slots__ = ("_data", "_start")

    def __init__(self) -> None:
        self._data = b""
        self._start = 0

    def replace(self, data: bytes, start: int) -> None:
        """Hold other bytes."""
        self._data, self._start = data, start

    def clear(self) -> None:
        """Hold nothing."""
        self._data = b""

    def bytes_at(self, position: int, size: int = -1) -> bytes:
        """Return up to `size` bytes at a position, all that follow if it is negative."""
        start = position - self._start
        if not 0 <= start < len(self._data):
            return b""
        return self._data[start : start + size] if size >= 0 else self._data[start:]

    def line_at(self, position: int, limit: int) -> bytes | None:
        """Return the line at a position, or `limit` bytes of it; None if its end is not held."""
        if limit == 0:
            return b""
        start = position - self._start
        if not 0 <= start < len(self._data):
            return None
        stop = self._data.find(b"\n", start) + 1
        if limit > 0 and (stop == 0 or stop > start + limit):
            stop = start + limit
            if stop > len(self._data):
                return None
        return self._data[start:stop] if stop else None
