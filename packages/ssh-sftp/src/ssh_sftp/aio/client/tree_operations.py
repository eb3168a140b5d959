"""The operations of a client that concern a tree, or take several requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from ssh_sftp.aio.client.operations import DirEntry, Operations, PathLike, path_text
from ssh_sftp.attributes import Attributes
from ssh_sftp.client.check_file import HASHES, has_check_file, hash_of
from ssh_sftp.client.glob_pattern import Step, steps_of
from ssh_sftp.errors import SFTPError, SFTPNoSuchFile, SFTPTransferError
from ssh_sftp.messages import CheckFileName, Close, ExtendedReply, Handle, Open, Status
from ssh_sftp.names import join
from ssh_sftp.numbers import OpenFlags
from ssh_wire import UsageError, lazy_attrs

__all__ = ["TreeOperations"]

_AT_ONCE = 64


class TreeOperations(Operations):
    """Walk, match and remove trees; make and compare files by several requests."""

    async def walk(
        self, top: PathLike = "."
    ) -> AsyncIterator[tuple[str, list[DirEntry], list[DirEntry]]]:
        """Iterate over a tree from the top: each directory, its directories, its other entries.

        Links are not followed.  Take entries out of the first list to leave them out.
        """
        waiting = [(path_text(top), self._session.options.max_depth)]
        while waiting:
            path, depth = waiting.pop()
            directories: list[DirEntry] = []
            others: list[DirEntry] = []
            async for entry in self.scandir(path):
                (directories if entry.is_dir else others).append(entry)
            yield path, directories, others
            if directories and depth <= 1:
                raise SFTPTransferError(path, "the tree is deeper than is followed")
            waiting += [(entry.path, depth - 1) for entry in reversed(directories)]

    async def glob(self, pattern: PathLike, root: PathLike = "") -> AsyncIterator[str]:
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
        text = path_text(pattern)
        start = "/" if text.startswith("/") else path_text(root)
        seen: set[str] = set()
        async for path in self._matching(start, steps_of(text)):
            if path not in seen:
                seen.add(path)
                yield path

    async def rmtree(self, path: PathLike, *, missing_ok: bool = False) -> None:
        """Remove a directory and everything in it; links are removed, and not followed.

        The tree must not change meanwhile: the protocol cannot exclude that a directory is
        replaced by a link before it is listed.

        Raises:
            SFTPTransferError: the path is a link, or not a directory.
            SFTPError: the server refused; `filename` says what stays.  Other files may be removed.
        """
        text = path_text(path)
        try:
            found = await self.lstat(text)
        except SFTPNoSuchFile:
            if missing_ok:
                return
            raise
        if found.is_symlink or not await self._opens_as_directory(text, found):
            raise SFTPTransferError(text, "it is not a directory")
        found_directories: list[str] = []
        async for directory, _, others in self.walk(text):
            found_directories.append(directory)
            for start in range(0, len(others), _AT_ONCE):
                await self._remove_all(others[start : start + _AT_ONCE])
        for directory in reversed(found_directories):
            await self.rmdir(directory)

    async def touch(self, path: PathLike, mode: int = 0o666, *, exist_ok: bool = True) -> None:
        """Make an empty file; if it exists, set its times to now.

        Raises:
            FileExistsError: it exists, and `exist_ok` is False.
            SFTPError: the server refused.
        """
        text = path_text(path)
        flags = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE
        number = self._protocol.next_id()
        created = Attributes(permissions=mode)
        request = Open(id=number, path=text, flags=flags.value, attributes=created)
        try:
            reply = await self._session.call(request, Handle, text)
        except SFTPError:
            if self._session.closed or not await self.exists(text):
                raise
            if not exist_ok:
                raise FileExistsError(17, "the file exists", text) from None
            now = int(time.time())
            await self.utime(text, now, now)
            return
        closing = Close(id=self._protocol.next_id(), handle=reply.handle)
        await self._session.call(closing, Status, text)

    async def utime(self, path: PathLike, atime: int, mtime: int) -> None:
        """Set the times of access and of modification, in seconds since 1970."""
        await self.setstat(path, Attributes(atime=atime, mtime=mtime))

    async def chown(self, path: PathLike, uid: int, gid: int) -> None:
        """Set the user and the group that own a path, by number; links are followed."""
        await self.setstat(path, Attributes(uid=uid, gid=gid))

    async def checksum(self, path: PathLike, algorithm: str = "sha256") -> bytes:
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
        if algorithm not in HASHES:
            problem = f"{algorithm!r} is not one of {', '.join(sorted(HASHES))}"
            raise UsageError(problem)
        text = path_text(path)
        if has_check_file(self._protocol.extensions, self._peer_software):
            number = self._protocol.next_id()
            request = CheckFileName(id=number, path=text, algorithms=algorithm)
            try:
                reply = await self._session.call(request, ExtendedReply, text)
                return hash_of(reply.details)[1]
            except SFTPError:
                if self._session.closed:
                    raise
        return await self._hash_here(text, algorithm)

    async def _hash_here(self, path: str, algorithm: str) -> bytes:
        """Read a file and return its hash."""
        raise NotImplementedError

    # ------------------------------------------------------------------ inside

    async def _remove_all(self, entries: Sequence[DirEntry]) -> None:
        removals = [self.remove(entry.path) for entry in entries]
        for outcome in await asyncio.gather(*removals, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _matching(self, path: str, steps: Sequence[Step]) -> AsyncIterator[str]:
        """Iterate over what matches the steps from a path on."""
        if not steps:
            yield path
            return
        step, rest = steps[0], steps[1:]
        if step.literal:
            below = join(path, step.name)
            if rest or await self._is_there(below):
                async for found in self._matching(below, rest):
                    yield found
        elif step.deep:
            async for found in self._matching_deep(path, rest):
                yield found
        else:
            for entry in await self._listed(path):
                if step.matches(entry.name) and (not rest or await self._leads_on(entry)):
                    async for found in self._matching(entry.path, rest):
                        yield found

    async def _matching_deep(self, top: str, rest: Sequence[Step]) -> AsyncIterator[str]:
        waiting = [(top, self._session.options.max_depth)]
        while waiting:
            path, depth = waiting.pop()
            below = [each.path for each in await self._listed(path) if each.is_dir]
            async for found in self._matching(path, rest):
                yield found
            if below and depth <= 1:
                raise SFTPTransferError(path, "the tree is deeper than is followed")
            waiting += [(each, depth - 1) for each in reversed(below)]

    async def _listed(self, path: str) -> list[DirEntry]:
        """Return the entries of a directory, none if the server refuses to list it."""
        try:
            found = [entry async for entry in self.scandir(path or ".")]
        except SFTPTransferError:
            raise
        except SFTPError:
            if self._session.closed:
                raise
            return []
        return found if path else [lazy_attrs.evolve(each, path=each.name) for each in found]

    async def _leads_on(self, entry: DirEntry) -> bool:
        return entry.is_dir or (entry.is_symlink and await self.is_dir(entry.path))

    async def _is_there(self, path: str) -> bool:
        try:
            await self.lstat(path)
        except SFTPError:
            if self._session.closed:
                raise
            return False
        return True
