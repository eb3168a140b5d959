"""Where the upload of one file is: each state has what is known by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.checking import Check
from ssh_sftp.client.extents import Extents
from ssh_sftp.client.storage import FileSource
from ssh_sftp.errors import SFTPTransferError
from ssh_wire import lazy_attrs

__all__ = [
    "CLOSING",
    "COMPARING",
    "DONE",
    "OPEN",
    "OPENING",
    "OVER",
    "RENAMING",
    "UNDOING",
    "Checking",
    "Closing",
    "Done",
    "LocalSource",
    "Opening",
    "Renaming",
    "SentBlocks",
    "State",
    "Undoing",
    "Verifying",
    "Writing",
]


class Opening:
    """The file on the server is being opened, or waits for its turn."""


@lazy_attrs.frozen
class Checking:
    """What an earlier attempt has left on the server is compared with the local file."""

    handle: bytes
    check: Check


@lazy_attrs.frozen
class Writing:
    """Blocks are sent and acknowledged."""

    handle: bytes
    source: FileSource
    extents: Extents


@lazy_attrs.frozen
class Verifying:
    """Everything is acknowledged, and is compared with the local file."""

    handle: bytes
    check: Check


class Closing:
    """The last requests about the handle are outstanding, and the block of a small file."""


class Renaming:
    """The file gets its final name."""


@lazy_attrs.frozen
class Undoing:
    """The upload has failed; replies are outstanding.

    Attributes:
        kept: the handle of a partial file that stays for a later attempt, until it is closed.
        keeps: whether a partial file stays.
    """

    kept: bytes | None = None
    keeps: bool = False


class Done:
    """Nothing is outstanding."""


State: TypeAlias = Opening | Checking | Writing | Verifying | Closing | Renaming | Undoing | Done
OPENING: Final = Opening()
CLOSING: Final = Closing()
RENAMING: Final = Renaming()
UNDOING: Final = Undoing()
DONE: Final = Done()

# as tuples: a union would be made again for each question
COMPARING: Final = (Checking, Verifying)
OPEN: Final = (Checking, Writing, Verifying)
OVER: Final = (Undoing, Done)


class LocalSource:
    """The local file of an upload.

    Attributes:
        attributes: its attributes.
        path: its path.
        size: its bytes.
    """

    __slots__ = ("_open", "_source", "attributes", "path", "size")

    def __init__(self, open_source: Callable[[], FileSource]) -> None:
        self._open = open_source
        self._source: FileSource | None = None
        self.attributes: Attributes = Attributes()
        self.path: str = ""
        self.size: int = 0

    def open(self) -> FileSource:
        """Open it, and note its attributes."""
        self._source = source = self._open()
        self.attributes = source.attributes
        self.path = source.path
        self.size = self.attributes.size or 0
        return source

    @property
    def source(self) -> FileSource:
        """What its blocks are read from.

        Raises:
            SFTPTransferError: it is not open.
        """
        if self._source is None:
            raise SFTPTransferError(self.path, "it is not open")
        return self._source

    def close(self) -> None:
        """Close it, if it is open."""
        if self._source is not None:
            self._source.close()
            self._source = None


class SentBlocks:
    """The blocks of an upload that were sent.

    Attributes:
        blocks: the offset and length of each block without a reply, by the number of its request.
        acknowledged: the bytes that the server has, those of an earlier attempt included.
        refused_at: the lowest offset of a block that the server has refused, if any.
    """

    __slots__ = ("acknowledged", "blocks", "refused_at")

    def __init__(self) -> None:
        self.blocks: dict[int, tuple[int, int]] = {}
        self.acknowledged: int = 0
        self.refused_at: int | None = None

    def refuse(self, offset: int) -> None:
        """Note that the server has refused the block at `offset`."""
        self.refused_at = offset if self.refused_at is None else min(offset, self.refused_at)

    def give_up(self) -> int:
        """Forget the blocks without a reply; return how many bytes they have."""
        size = sum(length for _, length in self.blocks.values())
        self.blocks.clear()
        return size
