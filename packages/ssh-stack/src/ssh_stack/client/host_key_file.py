"""The file in which host keys are remembered, and how it follows a server's keys."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ssh_keys import HostKeyUpdate, KeyPolicy, KnownHosts, PublicKey
from ssh_wire import lazy_attrs

__all__ = ["HostKeyFile"]

_WRITE_LOCK: Final = threading.Lock()
"""Held while a file is read and replaced: no line of another connection is lost between."""


@lazy_attrs.frozen
class HostKeyFile:
    """A known_hosts file that is written to."""

    path: str
    """The file."""
    hashed: bool = False
    """Whether names are hashed in it (HashKnownHosts)."""
    policy: KeyPolicy = KeyPolicy.DEFAULT
    """Which keys in it are strong enough to be read."""

    async def append(self, host: str, port: int, key: PublicKey) -> None:
        """Add a key of a host.

        Raises:
            OSError: the file cannot be written.
            KeyFormatError: it is not a regular file.
            UsageError: no line can have the host's name.
        """
        await asyncio.to_thread(self._append, host, port, key)

    async def plan(
        self, name: tuple[str, int], used: PublicKey, keys: Sequence[PublicKey], known: KnownHosts
    ) -> HostKeyUpdate:
        """Return what would make the file list the keys that a server names.

        Args:
            name: the server's name and port, as the file has it.
            used: the key of the connection; where the file does not list it nothing is changed.
            keys: what the server names.
            known: what is known from all files.
        """
        if not await asyncio.to_thread(Path(self.path).is_file):  # a pipe is not read again
            return HostKeyUpdate()
        return await asyncio.to_thread(self._plan, name, used, keys, known)

    async def update(self, name: tuple[str, int], update: HostKeyUpdate) -> None:
        """Change the file as planned."""
        await asyncio.to_thread(self._update, name, update)

    def _append(self, host: str, port: int, key: PublicKey) -> None:
        from ssh_keys.files import append_known_host  # only when it is needed

        with _WRITE_LOCK:
            append_known_host(self.path, host, port, key, hashed=self.hashed)

    def _plan(
        self, name: tuple[str, int], used: PublicKey, keys: Sequence[PublicKey], known: KnownHosts
    ) -> HostKeyUpdate:
        from ssh_keys.files import read_known_hosts  # only when it is needed

        source = os.fspath(self.path)
        fresh = read_known_hosts(self.path, policy=self.policy)
        if used not in fresh.lookup(*name).trusted:
            return HostKeyUpdate()
        others = KnownHosts(
            entries=tuple(each for each in known.entries if each.source != source),
            unusable=tuple(each for each in known.unusable if each.source != source),
        )
        return HostKeyUpdate.plan(fresh.merge(others), *name, keys, source=source)

    def _update(self, name: tuple[str, int], update: HostKeyUpdate) -> None:
        from ssh_keys.files import update_known_host  # only when it is needed

        if update.old:
            with _WRITE_LOCK:
                update_known_host(self.path, *name, update, hashed=self.hashed, policy=self.policy)
        else:  # other programs may write to the end meanwhile: nothing of theirs is lost
            for key in update.new:
                self._append(*name, key)
