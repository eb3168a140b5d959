# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""The SFTP client."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast, overload

from ssh_sftp import (
    Attributes,
    BinaryMode,
    Found,
    Progress,
    Select,
    ServerLimits,
    StatVFSReply,
    SyncDirection,
    SyncResult,
    TextMode,
    Transferred,
)
from ssh_sftp import aio as aio_ssh_sftp
from ssh_sftp.aio import DirEntry, OnError, PathLike
from ssh_stack.sync._blocking import unwrap
from ssh_stack.sync._streams import OverStreams
from ssh_stack.sync.file import RemoteFile, RemoteTextFile
from ssh_stack.sync.path import RemotePath

__all__ = ["SFTPClient"]


class SFTPClient(OverStreams):
    """A client session of SFTP version 3.

        with conn.sftp() as sftp:
            sftp.get("/srv/data", "data", recursive=True)

    Paths are text; those that are no UTF-8 have lone surrogates, as Python's own file
    names do.  Relative ones start where the server puts them, mostly at home.
    """

    def start(self) -> None:
        """Exchange versions with the server; entering the context does it.

        Raises:
            SFTPProtocolError: the server speaks another version, or not SFTP.
            SFTPConnectionLost: the stream ended.
        """
        self._portal.wait(self._wrapped.start)

    def close(self) -> None:
        """End the session."""
        self._portal.wait(self._wrapped.close)

    def __enter__(self) -> Self:
        self._portal.wait(self._wrapped.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)

    def path(self, path: PathLike = ".") -> RemotePath:
        """Return a path on the server, with the methods of `pathlib`."""
        return RemotePath(self._portal, self._wrapped.path(path))

    @overload
    def open(
        self,
        path: PathLike,
        mode: BinaryMode = "rb",
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
    ) -> RemoteFile: ...

    @overload
    def open(
        self,
        path: PathLike,
        mode: TextMode,
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteTextFile: ...

    @overload
    def open(
        self,
        path: PathLike,
        mode: str,
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile: ...

    def open(
        self,
        path: PathLike,
        mode: str = "rb",
        attributes: Attributes | None = None,
        *,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> RemoteFile | RemoteTextFile:
        r"""Open a file; modes are those of the built-in `open`, with "rb" as the default.

        Args:
            path: the file.
            mode: "r", "w", "a" or "x", with "+" to read and write; with "b" a file of bytes, and
                a text file without.
            attributes: attributes of a file that is created.
            buffering: 0 for a binary file whose `write` returns when the server has acknowledged
                it; by default writes are joined into blocks, and `flush` waits for the server.
            encoding: of a text file; by default UTF-8.
            errors: what is done with text that cannot be decoded or encoded: "strict" (the
                default), "replace", or any other of the handlers of `codecs`.
            newline: the line end of a text file, as the built-in `open` has it; what is written
                gets "\n" by default, for the server's own line end is not known.

        Raises:
            UsageError: the mode, encoding, error handler or line end does not exist.
            SFTPError: the server refused; `filename` is the path.
        """
        function = cast("Callable[..., Awaitable[Any]]", self._wrapped.open)
        opened = self._portal.wait(
            function,
            path,
            mode,
            attributes,
            buffering=buffering,
            encoding=encoding,
            errors=errors,
            newline=newline,
        )
        if isinstance(opened, aio_ssh_sftp.RemoteTextFile):
            return RemoteTextFile(self._portal, opened)
        return RemoteFile(self._portal, opened)

    def read_bytes(self, path: PathLike) -> bytes:
        """Return the content of a file."""
        return self._portal.wait(self._wrapped.read_bytes, path)

    def write_bytes(self, path: PathLike, data: bytes | bytearray | memoryview) -> int:
        """Write a file, in place; return how many bytes it has now."""
        return self._portal.wait(self._wrapped.write_bytes, path, data)

    def copy(self, old: PathLike, new: PathLike) -> None:
        """Copy a file on the server, which moves the bytes itself (PROTOCOL section 4.10).

        If the server does not have copy-data, the file is read and written, in bounded memory.
        The copy gets the permissions of the file, without set-user-ID, set-group-ID and sticky.
        It is written in place: a copy that fails is incomplete.

        Raises:
            SFTPTransferError: it is not a regular file, both are the same file, or it became
                shorter meanwhile.
            SFTPError: the server refused; `filename` says which file.
        """
        self._portal.wait(self._wrapped.copy, old, new)

    def copy_to(
        self,
        source: PathLike,
        other: SFTPClient,
        target: PathLike,
        *,
        recursive: bool = False,
        preserve: bool = False,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Copy a file, or with `recursive` a directory, of this server to another server.

        The bytes go through this process in blocks; no file is in memory as a whole, and none on
        a local disk.  A file goes into `target` if that is a directory; else it gets that name
        when all of it is there.  A directory is copied to `target`; files that are there stay.

        `SFTPOptions.atomic` and `fsync` are those of the other session; `resume` and `verify` do
        not apply.

        Args:
            source: the file or directory on this server; links to it are followed.
            other: the session with the other server.
            target: the destination there.
            recursive: copy directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            select: returns whether an entry of a tree is copied: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree fails, "continue" with the others and raise
                `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is copied, with its path, and its size if known.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were copied.
            SFTPError: a server refused; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, or it is a directory.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        return self._portal.wait(
            self._wrapped.copy_to,
            source,
            unwrap(other),
            target,
            recursive=recursive,
            preserve=preserve,
            select=select,
            on_error=on_error,
            progress=progress,
            found=found,
        )

    def get(
        self,
        remote: PathLike,
        local: str | os.PathLike[str] | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        keep_links: bool = False,
        resume: bool | None = None,
        verify: bool | None = None,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Download a file, or with `recursive` the content of a directory.

        A file goes into `local` if that is a directory or ends in a slash; else it gets that name
        when it is complete.  A directory is copied to `local`; files that are there already stay.
        Missing local directories are made, those above `local` included.

        Args:
            remote: the file or directory on the server; links to it are followed.
            local: the destination; by default the same name in the current directory.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            keep_links: make the links of a tree again, after its files; a download leaves out
                those that lead out of the tree.
            resume: go on from what an earlier attempt with `resume` has left, after a
                comparison, and leave what is transferred if this one fails; by default as in
                `SFTPOptions`.
            verify: compare the content on both sides before a file gets its name; by default as
                in `SFTPOptions`.
            select: returns whether an entry of a tree is transferred: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is transferred, with its path, and its size if known.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, its content is not right (`verify`), or
                it changed while it was read (`resume`).
            SFTPUnsafeName: the server listed a name that leads out of the directory.
        """
        return self._portal.wait(
            self._wrapped.get,
            remote,
            local,
            recursive=recursive,
            preserve=preserve,
            keep_links=keep_links,
            resume=resume,
            verify=verify,
            select=select,
            on_error=on_error,
            progress=progress,
            found=found,
        )

    def put(
        self,
        local: str | os.PathLike[str],
        remote: PathLike | None = None,
        *,
        recursive: bool = False,
        preserve: bool = False,
        keep_links: bool = False,
        resume: bool | None = None,
        verify: bool | None = None,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> Transferred:
        """Upload a file, or with `recursive` the content of a directory.

        A file goes into `remote` if that is a directory; else it gets that name when the server
        has acknowledged all of it.  A directory is copied to `remote`; files that are there
        already stay.  The directory above `remote` has to exist.

        A server that refuses an optional step (the size check, permissions and times, fsync) still
        has the whole file: see `Transferred.refused`.

        Args:
            local: the file or directory; links to it are followed.
            remote: the destination; by default the same name in the directory that relative
                paths start from.
            recursive: transfer directories and everything in them except links.
            preserve: keep permissions (never set-user-ID, set-group-ID or sticky) and times.
            keep_links: make the links of a tree again, after its files; a download leaves out
                those that lead out of the tree.
            resume: go on from what an earlier attempt with `resume` has left, after a
                comparison, and leave what is transferred if this one fails; by default as in
                `SFTPOptions`.
            verify: compare the content on both sides before a file gets its name; by default as
                in `SFTPOptions`.
            select: returns whether an entry of a tree is transferred: a `PathFilter`, say;
                by default each one.
            on_error: when a file of a tree cannot be read or written, "continue" with the others
                and raise `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size, and its path; or a
                `TransferProgress`.
            found: called before a file is transferred, with its path and its size.

        Returns:
            The result: files, bytes, what was skipped, and how many sizes were checked.

        Raises:
            SFTPTransferErrors: some files of a tree failed; the others were transferred.
            SFTPError: the server refused; `filename` says which file, or which directory is
                missing.
            OSError: the local side failed; `filename` says which file.
            SFTPTransferError: a file arrived incomplete, its content is not right (`verify`), or
                it changed while it was read (`resume`).
        """
        return self._portal.wait(
            self._wrapped.put,
            local,
            remote,
            recursive=recursive,
            preserve=preserve,
            keep_links=keep_links,
            resume=resume,
            verify=verify,
            select=select,
            on_error=on_error,
            progress=progress,
            found=found,
        )

    def sync(
        self,
        local: str | os.PathLike[str],
        remote: PathLike,
        *,
        direction: SyncDirection,
        delete: bool = False,
        dry_run: bool = False,
        checksum: bool = False,
        select: Select | None = None,
        on_error: OnError = "continue",
        progress: Progress | None = None,
        found: Found | None = None,
    ) -> SyncResult:
        """Make a directory like another one: transfer only what differs.

        A file differs if its size or its time of writing does, in whole seconds.  Permissions
        (never set-user-ID, set-group-ID or sticky) and times are kept, or else all files would
        differ the next time.  Links and special files are left out.

        Deletion is not done if a part of the source could not be read, and not of what `select`
        leaves out, nor of partial files where the session's transfers resume.  A file or link that
        is where a directory should be is replaced in any case; a directory that is where a file
        should be is replaced with `delete`, else a failure.

        Args:
            local: the local directory; made for a download if it is missing.
            remote: the directory on the server; made for an upload if it is missing.
            direction: "upload" makes the server's like the local one, "download" the reverse.
            delete: delete what the source does not have.
            dry_run: change nothing; the result has the plan.
            checksum: compare the content of files of equal size by SHA-256, not their times; all
                of them are read on both sides.
            select: returns whether an entry is transferred or deleted: a `PathFilter`, say;
                by default each one.
            on_error: when a file cannot be read or written, "continue" with the others and raise
                `SFTPTransferErrors` at the end, or "stop" at once with the error.
            progress: called with the bytes of a file so far, its size if known, and its path;
                or a `TransferProgress`.
            found: called before a file is transferred, with its path, and its size if known.

        Returns:
            The result: the plan, what was transferred, and what was deleted.

        Raises:
            SFTPTransferErrors: some files failed; `done` is the result.
            SFTPError: the server refused; `filename` says which file.
            OSError: the local side failed; `filename` says which file.
            SFTPUnsafeName: the server listed a name that leads out of the directory.
            UsageError: the direction does not exist.
        """
        return self._portal.wait(
            self._wrapped.sync,
            local,
            remote,
            direction=direction,
            delete=delete,
            dry_run=dry_run,
            checksum=checksum,
            select=select,
            on_error=on_error,
            progress=progress,
            found=found,
        )

    def walk(self, top: PathLike = ".") -> Iterator[tuple[str, list[DirEntry], list[DirEntry]]]:
        """Iterate over a tree from the top: each directory, its directories, its other entries.

        Links are not followed.  Take entries out of the first list to leave them out.
        """
        return self._portal.iterate(self._wrapped.walk, top)

    def glob(self, pattern: PathLike, root: PathLike = "") -> Iterator[str]:
        """Iterate over the paths that match a pattern, each once, in the server's order.

        "*" and "?" match any characters but "/", leading dots too, "[a-c]" one of a set; "**" as a
        component matches the directory and all below it, links not followed.  Directories that
        cannot be listed are left out.

        Args:
            pattern: the pattern; a relative one starts in `root`.
            root: a directory; by default where relative paths start from.

        Raises:
            ValueError: it is empty, or has "**" with more in one component.
        """
        return self._portal.iterate(self._wrapped.glob, pattern, root)

    def rmtree(self, path: PathLike, *, missing_ok: bool = False) -> None:
        """Remove a directory and everything in it; links are removed, and not followed.

        The tree must not change meanwhile: the protocol cannot exclude that a directory is
        replaced by a link before it is listed.

        Raises:
            SFTPTransferError: the path is a link, or not a directory.
            SFTPError: the server refused; `filename` says what stays.  Other files may be removed.
        """
        self._portal.wait(self._wrapped.rmtree, path, missing_ok=missing_ok)

    def touch(self, path: PathLike, mode: int = 438, *, exist_ok: bool = True) -> None:
        """Make an empty file; if it exists, set its times to now.

        Raises:
            FileExistsError: it exists, and `exist_ok` is False.
            SFTPError: the server refused.
        """
        self._portal.wait(self._wrapped.touch, path, mode, exist_ok=exist_ok)

    def utime(self, path: PathLike, atime: int, mtime: int) -> None:
        """Set the times of access and of modification, in seconds since 1970."""
        self._portal.wait(self._wrapped.utime, path, atime, mtime)

    def chown(self, path: PathLike, uid: int, gid: int) -> None:
        """Set the user and the group that own a path, by number; links are followed."""
        self._portal.wait(self._wrapped.chown, path, uid, gid)

    def checksum(self, path: PathLike, algorithm: str = "sha256") -> bytes:
        """Return the hash of a file, of SHA-2.

        The server computes it if it has check-file (draft-ietf-secsh-filexfer-extensions-00
        section 3); else the file is read, and the hash computed here.

        Args:
            path: the file.
            algorithm: "sha224", "sha256", "sha384" or "sha512".

        Raises:
            UsageError: it is another algorithm.
            SFTPError: the server refused to read the file.
        """
        return self._portal.wait(self._wrapped.checksum, path, algorithm)

    @property
    def extensions(self) -> Mapping[str, bytes]:
        """The extensions that the server announced, with their data."""
        return self._wrapped.extensions

    def supports(self, extension: str) -> bool:
        """Return whether the server announced an extension, in the version that is known here."""
        return self._portal.call(self._wrapped.supports, extension)

    def limits(self) -> ServerLimits:
        """Return what the server takes (PROTOCOL section 4.8)."""
        return self._portal.wait(self._wrapped.limits)

    def stat(self, path: PathLike) -> Attributes:
        """Return the attributes of a path, links followed (section 6.8)."""
        return self._portal.wait(self._wrapped.stat, path)

    def lstat(self, path: PathLike) -> Attributes:
        """Return the attributes of a path, of a link itself (section 6.8)."""
        return self._portal.wait(self._wrapped.lstat, path)

    def exists(self, path: PathLike) -> bool:
        """Return whether there is anything at a path, links followed."""
        return self._portal.wait(self._wrapped.exists, path)

    def is_dir(self, path: PathLike) -> bool:
        """Return whether a path is, or leads to, a directory; False if the server refuses STAT.

        If the server does not report the type of the file, OPENDIR finds it out.
        """
        return self._portal.wait(self._wrapped.is_dir, path)

    def is_file(self, path: PathLike) -> bool:
        """Return whether a path is, or leads to, a regular file; False if the server refuses STAT.

        If the server does not report the type of the file, all but a directory counts as a file.
        """
        return self._portal.wait(self._wrapped.is_file, path)

    def setstat(self, path: PathLike, attributes: Attributes) -> None:
        """Change the attributes that are given, links followed (section 6.9)."""
        self._portal.wait(self._wrapped.setstat, path, attributes)

    def lsetstat(self, path: PathLike, attributes: Attributes) -> None:
        """Change attributes of a link itself (PROTOCOL section 4.7)."""
        self._portal.wait(self._wrapped.lsetstat, path, attributes)

    def chmod(self, path: PathLike, mode: int) -> None:
        """Change permissions."""
        self._portal.wait(self._wrapped.chmod, path, mode)

    def truncate(self, path: PathLike, size: int) -> None:
        """Make a file `size` bytes long."""
        self._portal.wait(self._wrapped.truncate, path, size)

    def statvfs(self, path: PathLike) -> StatVFSReply:
        """Return the facts of the file system that a path is on (PROTOCOL section 4.4)."""
        return self._portal.wait(self._wrapped.statvfs, path)

    def owner_names(
        self, users: Sequence[int], groups: Sequence[int]
    ) -> tuple[dict[int, str], dict[int, str]]:
        """Return the server's names of users and of groups, by number (PROTOCOL section 4.12).

        A number without a name is left out.  The names are unchanged: escape them before they
        are printed.

        Raises:
            SFTPUnsupported: the server does not have users-groups-by-id@openssh.com.
        """
        return self._portal.wait(self._wrapped.owner_names, users, groups)

    def mkdir(self, path: PathLike, mode: int | None = None) -> None:
        """Make a directory (section 6.6)."""
        self._portal.wait(self._wrapped.mkdir, path, mode)

    def makedirs(self, path: PathLike, mode: int | None = None, *, exist_ok: bool = False) -> None:
        """Make a directory with the permissions `mode`, and the missing directories above it."""
        self._portal.wait(self._wrapped.makedirs, path, mode, exist_ok=exist_ok)

    def rmdir(self, path: PathLike) -> None:
        """Remove an empty directory (section 6.6)."""
        self._portal.wait(self._wrapped.rmdir, path)

    def remove(self, path: PathLike) -> None:
        """Remove a file (section 6.5)."""
        self._portal.wait(self._wrapped.remove, path)

    def rename(self, old: PathLike, new: PathLike) -> None:
        """Rename; fails where the new name exists (section 6.5)."""
        self._portal.wait(self._wrapped.rename, old, new)

    def posix_rename(self, old: PathLike, new: PathLike) -> None:
        """Rename, and replace a file that has the new name (PROTOCOL section 4.3)."""
        self._portal.wait(self._wrapped.posix_rename, old, new)

    def readlink(self, path: PathLike) -> str:
        """Return the target of a symbolic link (section 6.10)."""
        return self._portal.wait(self._wrapped.readlink, path)

    def symlink(self, target: PathLike, link: PathLike) -> None:
        """Make `link` a symbolic link to `target` (section 6.10).

        Servers do not agree on which of the two is sent first (OpenSSH's PROTOCOL section 4.1).
        Where neither the server's name nor its extensions tell, the link is read back before
        success is reported; one that was made at the wrong path is removed and made again.

        Raises:
            SFTPError: the server refused, or it reported success and there is no such link.
        """
        self._portal.wait(self._wrapped.symlink, target, link)

    def hardlink(self, old: PathLike, new: PathLike) -> None:
        """Give a file another name (PROTOCOL section 4.5)."""
        self._portal.wait(self._wrapped.hardlink, old, new)

    def realpath(self, path: PathLike) -> str:
        """Return the canonical absolute form of a path (section 6.11)."""
        return self._portal.wait(self._wrapped.realpath, path)

    def expand_path(self, path: PathLike) -> str:
        """Return the canonical form of a path that may begin with "~" (PROTOCOL 4.9)."""
        return self._portal.wait(self._wrapped.expand_path, path)

    def home(self, user: str = "") -> str:
        """Return the home directory of a user, or of the own user (PROTOCOL section 4.11)."""
        return self._portal.wait(self._wrapped.home, user)

    def listdir(self, path: PathLike = ".") -> list[str]:
        """Return the names in a directory, in the server's order."""
        return self._portal.wait(self._wrapped.listdir, path)

    def scandir(self, path: PathLike = ".") -> Iterator[DirEntry]:
        """Iterate over a directory as the server lists it, some names ahead (section 6.7).

        Raises:
            SFTPUnsafeName: a name in it is not a plain component.
        """
        return self._portal.iterate(self._wrapped.scandir, path)
