"""The handles of one server session (sections 6.2, 6.3 and 9).

A handle is a number that this session has given to the client.  None is used twice, so one that
was closed, invented, or of another session is refused.
"""

from __future__ import annotations

import errno
from typing import Generic, TypeVar

from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.numbers import MAX_HANDLE_BYTES

__all__ = ["Handles"]

H = TypeVar("H")


class Handles(Generic[H]):
    """Map handles of one type to open objects.

    Args:
        kind: the first byte of the handles, different for each type.
    """

    def __init__(self, kind: bytes) -> None:
        self._kind = kind
        self._open: dict[bytes, H] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, handle: object) -> bool:
        return handle in self._open

    def add(self, item: H) -> bytes:
        """Return a new handle for an object."""
        handle = self._kind + self._next.to_bytes(7, "big")
        self._next += 1
        self._open[handle] = item
        return handle

    def find(self, handle: bytes) -> H:
        """Return the object of a handle.

        Raises:
            OSError: the handle is not open.
            SFTPProtocolError: it is longer than a handle may be.
        """
        item = self._open.get(handle)
        if item is None:
            raise self._unknown(handle)
        return item

    def take(self, handle: bytes) -> H:
        """Return the object of a handle, and remove the handle."""
        item = self._open.pop(handle, None)
        if item is None:
            raise self._unknown(handle)
        return item

    def take_all(self) -> list[H]:
        """Return all open objects, and remove their handles."""
        items = [*self._open.values()]
        self._open.clear()
        return items

    @staticmethod
    def _unknown(handle: bytes) -> Exception:
        if len(handle) > MAX_HANDLE_BYTES:
            problem = f"a handle of {len(handle)} bytes"
            return SFTPProtocolError(problem)
        return OSError(errno.EIO, "no such handle")
