"""Is this the right server?  known_hosts and the policy for servers that are not in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import attrs

from ssh_keys import HostKeyStatus, KnownHosts, PublicKey
from ssh_stack.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from ssh_stack.options import HostKeyPolicy, Path

__all__ = ["Trust", "load_known_hosts"]

if TYPE_CHECKING:
    from ssh_stack.errors import HostKeyError

_ERRORS: dict[HostKeyStatus, type[HostKeyError]] = {
    HostKeyStatus.UNKNOWN: HostKeyUnknown,
    HostKeyStatus.CHANGED: HostKeyChanged,
    HostKeyStatus.REVOKED: HostKeyRevoked,
}


def _nowhere(path: Path) -> bool:
    """Whether a path stands for no file at all, as in `-o UserKnownHostsFile=/dev/null`."""
    return str(path) in {"none", "/dev/null"}


def load_known_hosts(
    source: Path | bytes | KnownHosts | Sequence[Path] | None,
) -> tuple[KnownHosts, FilePath | None]:
    """Return the known hosts, and the file that new ones are written to, if there is one.

    Raises:
        OSError: a file exists and cannot be read.
        KeyFormatError: it is not a regular file.
    """
    from ssh_keys.files import read_known_hosts  # noqa: PLC0415 (files load when they are read)

    if source is None:
        return KnownHosts(), None
    if isinstance(source, KnownHosts):
        return source, None
    if isinstance(source, bytes):
        return KnownHosts.parse(source), None
    named: Sequence[Path] = [source] if isinstance(source, str | os.PathLike) else source
    paths = [path for path in named if not _nowhere(path)]
    known = [read_known_hosts(path) for path in paths]
    return KnownHosts().merge(*known), FilePath(paths[0]) if paths else None


@attrs.frozen
class Trust:
    """Decides about one server's key."""

    host: str
    """The server's name, as known_hosts has it."""
    port: int
    """The server's port."""
    known: KnownHosts
    """The keys that are trusted already."""
    policy: HostKeyPolicy
    """What becomes of a server that is not known."""
    file: FilePath | None = None
    """Where an accepted key is remembered."""
    hashed: bool = False
    """Whether the name is hashed there."""

    async def verify(self, key: PublicKey) -> bool:
        """Return True if `key` is trusted for the server.

        Raises:
            HostKeyError: it is not, and why.
            OSError: it was accepted and could not be remembered.
        """
        status = self.known.check(key, self.host, self.port)
        if status is HostKeyStatus.TRUSTED or self.policy == "off":
            return True
        if status is HostKeyStatus.UNKNOWN and await self._accepts(key):
            if self.file is not None:
                await asyncio.to_thread(self._remember, self.file, key)
            return True
        raise _ERRORS[status](self.host, self.port, key)

    async def _accepts(self, key: PublicKey) -> bool:
        if callable(self.policy):
            return await self.policy(self.host, self.port, key) is True
        return self.policy == "accept-new"

    def _remember(self, file: FilePath, key: PublicKey) -> None:
        from ssh_keys.files import append_known_host  # noqa: PLC0415 (only when it is needed)

        append_known_host(file, self.host, self.port, key, hashed=self.hashed)

    @property
    def preferred_algorithms(self) -> tuple[str, ...]:
        """The host key algorithms of the keys that are known for the server.

        Asked for first, so that a server with several keys shows one that can be checked.
        """
        trusted = self.known.lookup(self.host, self.port).trusted
        return tuple(dict.fromkeys(name for key in trusted for name in key.algorithms))
