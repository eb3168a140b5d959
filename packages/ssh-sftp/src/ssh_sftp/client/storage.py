"""The local side of a transfer, as protocols.

The cores decide what to write and read at which offset; implementations do it, on a disk or in
memory.  A directory is entered by one plain name at a time, so no name of the peer becomes a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.extents import Range
from ssh_wire import lazy_attrs

__all__ = [
    "FileKind",
    "FileSink",
    "FileSource",
    "MemorySink",
    "OnFinished",
    "OnWritten",
    "OrderedSink",
    "PartSink",
    "SinkDirectory",
    "SourceDirectory",
    "SourceEntry",
]

OnWritten: TypeAlias = Callable[[int, Exception | None], None]
"""Told how many bytes a sink has dealt with, and why they are not written if so."""

OnFinished: TypeAlias = Callable[[Exception | None], None]


class FileSink(Protocol):
    """A local file that is being downloaded."""

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write at an offset; call `written` now or later.  `data` is valid during the call."""

    def finish(self, finished: OnFinished) -> None:
        """Give the file its name and attributes; call `finished` now or later."""

    def discard(self) -> None:
        """Remove the partial file."""


class PartSink(FileSink, Protocol):
    """A local file that is being downloaded, and that a later attempt may continue."""

    def resume(self) -> int:
        """Open what an earlier attempt has left; return how many bytes that are.

        Raises:
            OSError: the file may not be continued.
        """
        ...

    def restart(self) -> None:
        """Remove the bytes that an earlier attempt has left."""

    def read(self, length: int, offset: int) -> bytes:
        """Return what was written: `length` bytes from an offset, fewer only at the end."""
        ...

    def keep(self) -> None:
        """Close the partial file, and leave it for a later attempt."""


class SinkDirectory(Protocol):
    """A local directory that is being downloaded into."""

    def enter(self) -> None:
        """Open the directory, made if it is missing."""

    def file(self, name: str, attributes: Attributes) -> PartSink:
        """Return the sink for a file in it.

        Raises:
            OSError: no local file can have this name.
        """
        ...

    def directory(self, name: str, attributes: Attributes) -> SinkDirectory:
        """Return a directory in it, not entered yet.

        Raises:
            OSError: no local directory can have this name.
        """
        ...

    def release(self) -> None:
        """Release it: its listing is complete."""


class FileKind(Enum):
    """The type of a local directory entry."""

    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "other"
    UNKNOWN = "unknown"


@lazy_attrs.frozen
class SourceEntry:
    """An entry of a local directory.

    Attributes:
        name: its name.
        kind: what it is.
        path: its path, for messages.
        reason: why it cannot be transferred, if it is of another type.
        size: how many bytes it has, if that was asked for.
        mtime: when it was last written, if that was asked for.
        is_link: whether it is a symbolic link.
    """

    name: str
    kind: FileKind
    path: str
    reason: str = ""
    size: int | None = None
    mtime: int | None = None
    is_link: bool = False


class FileSource(Protocol):
    """A local file that is being uploaded."""

    @property
    def path(self) -> str:
        """Its path, for messages."""
        ...

    @property
    def attributes(self) -> Attributes:
        """Size, permissions and times when it was opened."""
        ...

    @property
    def version(self) -> str:
        """What tells this version of the file from another: its size and time."""
        ...

    def ranges(self) -> Iterable[Range]:
        """Return the ranges that hold data, in order; what lies between them is zero."""
        ...

    def is_unchanged(self) -> bool:
        """Return whether the file still is the version that was opened."""
        ...

    def read(self, length: int, offset: int) -> bytes:
        """Return `length` bytes from an offset, fewer only at the end."""
        ...

    def close(self) -> None:
        """Close it."""


class SourceDirectory(Protocol):
    """A local directory that is being uploaded."""

    @property
    def path(self) -> str:
        """Its path, for messages."""
        ...

    def enter(self) -> Attributes:
        """Open it; return its permissions and times."""
        ...

    def entries(self) -> Iterable[SourceEntry]:
        """Return its entries."""
        ...

    def file(self, name: str) -> Callable[[], FileSource]:
        """Return a function that opens a file in it."""
        ...

    def directory(self, name: str) -> SourceDirectory:
        """Return a directory in it, not entered yet."""
        ...

    def release(self) -> None:
        """Release it: its entries have been read."""


class MemorySink:
    """Download into memory.

    Attributes:
        data: what has arrived.
    """

    def __init__(self) -> None:
        self.data: bytearray = bytearray()

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Keep a copy of `data`."""
        if offset > len(self.data):
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset : offset + len(data)] = data
        written(len(data), None)

    def resume(self) -> int:
        """Return how many bytes are there."""
        return len(self.data)

    def restart(self) -> None:
        """Discard what is there."""
        self.data.clear()

    def read(self, length: int, offset: int) -> bytes:
        """Return what is there."""
        return bytes(self.data[offset : offset + length])

    def finish(self, finished: OnFinished) -> None:
        """Call `finished`."""
        finished(None)

    def discard(self) -> None:
        """Discard what has arrived."""
        self.data.clear()

    def keep(self) -> None:
        """Leave what has arrived."""


class OrderedSink:
    """Write what arrives in order, so that a partial file has no gaps.

    Then its size says how much of it is right, also when the program is killed.  What arrives
    early is kept meanwhile; it counts as outstanding, so there is a bound.

    Args:
        sink: does the writing.
        begun: how many bytes it has.
    """

    __slots__ = ("_held", "_next", "_sink")

    def __init__(self, sink: FileSink, begun: int) -> None:
        self._sink = sink
        self._next = begun
        self._held: dict[int, tuple[bytes, OnWritten]] = {}

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        """Write at an offset, when everything before it is written."""
        if offset != self._next:
            self._held[offset] = (bytes(data), written)
            return
        self._pass_on(data, written)
        while self._next in self._held:
            held, also = self._held.pop(self._next)
            try:
                self._pass_on(memoryview(held), also)
            except Exception as error:  # noqa: BLE001 (whoever waits for it is told)
                also(len(held), error)

    def release(self) -> None:
        """Drop what is kept: the file is not written any more."""
        held, self._held = self._held, {}
        for data, written in held.values():
            written(len(data), None)

    def _pass_on(self, data: memoryview, written: OnWritten) -> None:
        offset, self._next = self._next, self._next + len(data)
        self._sink.write(data, offset, written)
