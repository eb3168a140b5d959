"""Make the symbolic links of a tree again on the other side, after its files.

So nothing is written through one of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ssh_sftp.aio.client.local_tree import LocalTree
from ssh_sftp.client.link_targets import stays_within
from ssh_sftp.client.selection import everything
from ssh_sftp.errors import SFTPError, SFTPTransferErrors
from ssh_sftp.names import join
from ssh_sftp.results import Skipped, TransferFailure, Transferred
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp.aio.client.operations import Operations
    from ssh_sftp.aio.client.session import ClientSession

__all__ = ["TreeLinks"]

T = TypeVar("T")

_LINK: Final = "it is a symbolic link"
_OUT: Final = "it is a symbolic link that leads out of the tree"
_AT_ONCE: Final = 64


class TreeLinks:
    """The links of one transfer of a tree.

    Args:
        client: sends requests.
        session: its session.
        local: the local directory.
        remote: the directory on the server.
    """

    def __init__(
        self, client: Operations, session: ClientSession, local: Path, remote: str
    ) -> None:
        self._client = client
        self._session = session
        self._local = local
        self._remote = remote
        self._failures: list[TransferFailure] = []
        self._left_out: list[Skipped] = []
        self._made = 0

    async def after_put(self, transfer: Awaitable[Transferred]) -> Transferred:
        """Make the local links on the server when the files are transferred."""
        return await self._after(transfer, str(self._local), self._send)

    async def after_get(self, transfer: Awaitable[Transferred]) -> Transferred:
        """Make the links of the server here when the files are transferred.

        One that leads out of the tree is left out.
        """
        return await self._after(transfer, self._remote, self._fetch)

    async def _after(
        self,
        transfer: Awaitable[Transferred],
        top: str,
        make: Callable[[list[str]], Awaitable[None]],
    ) -> Transferred:
        failures: tuple[TransferFailure, ...] = ()
        try:
            done = await transfer
        except SFTPTransferErrors as errors:
            done, failures = errors.done, tuple(errors.errors)
        links = [each.path for each in done.skipped if each.reason == _LINK]
        await make([path.removeprefix(top).lstrip("/") for path in links])
        others = [each for each in done.skipped if each.reason != _LINK]
        done = lazy_attrs.evolve(done, links=self._made, skipped=(*others, *self._left_out))
        if failures or self._failures:
            raise SFTPTransferErrors((*failures, *self._failures), done)
        return done

    # ------------------------------------------------------------------ to the server

    async def _send(self, paths: list[str]) -> None:
        targets = await asyncio.to_thread(self._targets, paths)
        await _in_groups(targets, self._send_one)

    def _targets(self, paths: Iterable[str]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for path in paths:
            full = self._local / path
            try:
                found.append((path, os.fspath(full.readlink())))
            except OSError as error:
                self._failures.append(TransferFailure(str(full), error))
        return found

    async def _send_one(self, link: tuple[str, str]) -> None:
        path, target = link
        full = join(self._remote, path)
        try:
            await self._make(full, target)
        except SFTPError as error:
            self._fail(str(self._local / path), error)
        else:
            self._made += 1

    async def _make(self, path: str, target: str) -> None:
        """Make a link on the server; another link of that name is replaced."""
        try:
            await self._client.symlink(target, path)
        except SFTPError:
            if self._session.closed or not (await self._client.lstat(path)).is_symlink:
                raise
            if await self._client.readlink(path) == target:
                return
            await self._client.remove(path)
            await self._client.symlink(target, path)

    # ------------------------------------------------------------------ from the server

    async def _fetch(self, paths: list[str]) -> None:
        found: list[tuple[str, str]] = []

        async def read(path: str) -> None:
            full = join(self._remote, path)
            try:
                target = await self._client.readlink(full)
            except SFTPError as error:
                self._fail(full, error)
                return
            if stays_within(path, target):
                found.append((path, target))
            else:
                self._left_out.append(Skipped(full, _OUT))

        await _in_groups(paths, read)
        tree = LocalTree(str(self._local), everything, 1)
        self._made += len(await asyncio.to_thread(tree.make_links, sorted(found)))
        self._failures += tree.failures

    def _fail(self, path: str, error: SFTPError) -> None:
        if self._session.closed:
            raise error
        self._failures.append(TransferFailure(path, error))


async def _in_groups(items: list[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do some work for each item, a number of them at once."""
    for start in range(0, len(items), _AT_ONCE):
        await asyncio.gather(*map(work, items[start : start + _AT_ONCE]))
