"""What a transfer did, and what it did not do."""

from __future__ import annotations

import attrs

__all__ = ["Skipped", "TransferFailure", "TransferRefusal", "Transferred"]


@attrs.frozen
class Skipped:
    """A file that a transfer left out.

    Attributes:
        path: the file, on the side that has it.
        reason: why, for people.
    """

    path: str
    reason: str


@attrs.frozen
class TransferRefusal:
    """A nicety that the server, or the local file system, refused; the file is there all the same.

    Attributes:
        path: the file, on the side that refused.
        what: what was asked for: "the size check", "permissions and times", "fsync".
        cause: the refusal.
    """

    path: str
    what: str
    cause: Exception


@attrs.frozen
class TransferFailure:
    """A file or directory that was not transferred.

    Attributes:
        path: the file, on the side that has it.
        cause: why; its type is that of the error that a transfer of this file alone raises.
    """

    path: str
    cause: Exception


@attrs.frozen
class Transferred:
    """What a transfer did.

    Attributes:
        files: how many files were transferred.
        directories: how many directories were gone through.
        bytes: how many bytes they have together.
        skipped: what was left out, such as symbolic links in a tree.
        sizes_checked: for how many of the files the size that the server tells was compared
            with the number of bytes that were transferred.  A server may tell none, or refuse
            to; for files of an uploaded tree of up to 16 KiB it is not asked, as one
            acknowledgement covers them whole.
        refused: what was asked for besides and refused.
    """

    files: int
    directories: int
    bytes: int
    skipped: tuple[Skipped, ...] = ()
    sizes_checked: int = 0
    refused: tuple[TransferRefusal, ...] = ()
