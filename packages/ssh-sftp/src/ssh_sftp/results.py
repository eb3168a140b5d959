"""The results of a transfer."""

from __future__ import annotations

from ssh_wire import lazy_attrs

__all__ = ["Skipped", "TransferFailure", "TransferRefusal", "Transferred"]


@lazy_attrs.frozen
class Skipped:
    """A file that a transfer left out.

    Attributes:
        path: the file, on the side that has it.
        reason: the reason, as text.
    """

    path: str
    reason: str


@lazy_attrs.frozen
class TransferRefusal:
    """An optional step that the server or the local file system refused; the file is complete.

    Attributes:
        path: the file, on the side that refused.
        what: the step: "the size check", "permissions and times", "fsync".
        cause: the refusal.
    """

    path: str
    what: str
    cause: Exception


@lazy_attrs.frozen
class TransferFailure:
    """A file or directory that was not transferred.

    Attributes:
        path: the file, on the side that has it.
        cause: the error; a transfer of this file only raises the same type.
    """

    path: str
    cause: Exception


@lazy_attrs.frozen
class Transferred:
    """The result of a transfer.

    Attributes:
        files: how many files were transferred.
        directories: how many directories were transferred.
        bytes: how many bytes they have together.
        skipped: what was left out, such as symbolic links in a tree.
        sizes_checked: for how many of the files the size that the server reports was compared
            with the number of transferred bytes.  A server may report none, or refuse; the size
            of files of an uploaded tree of up to 16 KiB is not checked, as one acknowledgement
            covers them.
        refused: the optional steps that were refused.
        resumed: how many of the bytes an earlier attempt had left (`resume=True`).
        verified: how many of the files were compared on both sides (`verify=True`).
        links: how many symbolic links were made (`keep_links=True`).
    """

    files: int
    directories: int
    bytes: int
    skipped: tuple[Skipped, ...] = ()
    sizes_checked: int = 0
    refused: tuple[TransferRefusal, ...] = ()
    resumed: int = 0
    verified: int = 0
    links: int = 0
