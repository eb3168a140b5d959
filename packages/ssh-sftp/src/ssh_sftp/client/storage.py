"""The local side of a transfer, as protocols.

The cores decide what to write and read at which offset; implementations do it, on a disk or in
memory.  A directory is entered by one plain name at a time, so no name of the peer becomes a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_wire import lazy_attrs

__all__ = [
    "FileKind",
    "FileSink",
    "FileSource",
    "MemorySink",
    "OnFinished",
    "OnWritten",
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


class SinkDirectory(Protocol):
    """A local directory that is being downloaded into."""

    def enter(self) -> None:
        """Open the directory, made if it is missing."""

    def file(self, name: str, attributes: Attributes) -> FileSink:
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
    """

    name: str
    kind: FileKind
    path: str
    reason: str = ""
    size: int | None = None


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

    def finish(self, finished: OnFinished) -> None:
        """Call `finished`."""
        finished(None)

    def discard(self) -> None:
        """Discard what has arrived."""
        self.data.clear()
