"""Is this the right server?  known_hosts and the policy for servers that are not in it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

import attrs

from ssh_keys import CertificateRefused, HostKeyStatus, HostKeyUpdate, KnownHosts, PublicKey
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
)
from ssh_stack.options import HostKeyPolicy, HostKeyUpdateDecision, Path
from ssh_transport.algorithms import HOST_KEYS

__all__ = ["Trust", "load_known_hosts"]

if TYPE_CHECKING:
    from ssh_connection.aio import Prove
    from ssh_keys import Certificate
    from ssh_stack.errors import HostKeyError

_ERRORS: dict[HostKeyStatus, type[HostKeyError]] = {
    HostKeyStatus.UNKNOWN: HostKeyUnknown,
    HostKeyStatus.CHANGED: HostKeyChanged,
    HostKeyStatus.REVOKED: HostKeyRevoked,
}

_WRITING: Final = threading.Lock()
"""Held while a file is read and replaced: no line of another connection is lost between."""


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


@attrs.define
class Trust:
    """Decides about one server's key, and keeps what is known of the server up to date."""

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
    confirm: HostKeyUpdateDecision | None = None
    """Asked before the file is changed for keys that the server has named."""
    _used: PublicKey | None = attrs.field(default=None, init=False)
    """The key of this connection, where the user trusts it: for itself, not for an authority."""

    async def verify(self, key: PublicKey) -> bool:
        """Return True if `key` is trusted for the server.

        Raises:
            HostKeyError: it is not, and why.
            OSError: it was accepted and could not be remembered.
        """
        status = self.known.check(key, self.host, self.port)
        if status is HostKeyStatus.TRUSTED:
            self._used = key
            return True
        if self.policy == "off":
            return True
        if status is HostKeyStatus.UNKNOWN and await self._accepts(key):
            if callable(self.policy):
                self._used = key  # "explicitly accepted by the user"
            if self.file is not None:
                await asyncio.to_thread(self._remember, self.file, key)
            return True
        raise _ERRORS[status](self.host, self.port, key)

    async def verify_certificate(self, certificate: Certificate) -> bool:
        """Return True if an authority that is trusted for the server certified its key.

        False says nothing against the key: it is to be judged as if it had come alone.

        Raises:
            HostKeyError: the certificate or its key is revoked, or it is not good for the
                server at this time.
        """
        if self.policy == "off":
            return False
        now = int(time.time())
        key = certificate.public_key
        try:
            status = self.known.check_certificate(certificate, self.host, self.port, now=now)
        except CertificateRefused as error:
            raise HostCertificateRefused(self.host, self.port, key, str(error)) from error
        if status is HostKeyStatus.REVOKED:
            raise HostKeyRevoked(self.host, self.port, key)
        authorities = self.known.lookup(self.host, self.port).authorities
        return status is HostKeyStatus.TRUSTED and certificate.ca_key in authorities

    async def learn(self, keys: tuple[PublicKey, ...], prove: Prove) -> None:
        """Make the file list the keys that the server names (UpdateHostKeys, ssh_config(5)).

        Only those are added that the server proves to have, and those are removed that it
        does not name any more.  "The key used to authenticate the host was already trusted
        or explicitly accepted by the user", is among the named ones and stands in the file:
        what was accepted for once, or by an authority, is not made to last.

        Args:
            keys: every key that the server names.
            prove: asks the server for its proof.

        Raises:
            OSError: the file cannot be read or written.
            KeyFormatError: it is not a regular file.
        """
        file, used = self.file, self._used
        if file is None or used is None or used not in keys:
            return
        update = await asyncio.to_thread(self._plan, file, used, keys)
        if not update or len(await prove(update.new)) != len(update.new):
            return  # one that is not there makes all of it doubtful
        if self.confirm is None or await self.confirm(self.host, self.port, update) is True:
            await asyncio.to_thread(self._update, file, update)

    def _plan(self, file: FilePath, used: PublicKey, keys: tuple[PublicKey, ...]) -> HostKeyUpdate:
        from ssh_keys.files import read_known_hosts  # noqa: PLC0415 (only when it is needed)

        source = os.fspath(file)
        fresh = read_known_hosts(file)
        if used not in fresh.lookup(self.host, self.port).trusted:
            return HostKeyUpdate()
        others = tuple(entry for entry in self.known.entries if entry.source != source)
        known = KnownHosts((*fresh.entries, *others))
        return HostKeyUpdate.plan(known, self.host, self.port, keys, source=source)

    def _update(self, file: FilePath, update: HostKeyUpdate) -> None:
        from ssh_keys.files import update_known_host  # noqa: PLC0415 (only when it is needed)

        if update.old:
            with _WRITING:
                update_known_host(file, self.host, self.port, update, hashed=self.hashed)
        else:  # other programs may write to the end meanwhile: nothing of theirs is lost
            for key in update.new:
                self._remember(file, key)

    async def _accepts(self, key: PublicKey) -> bool:
        if callable(self.policy):
            return await self.policy(self.host, self.port, key) is True
        return self.policy == "accept-new"

    def _remember(self, file: FilePath, key: PublicKey) -> None:
        from ssh_keys.files import append_known_host  # noqa: PLC0415 (only when it is needed)

        with _WRITING:
            append_known_host(file, self.host, self.port, key, hashed=self.hashed)

    @property
    def preferred_algorithms(self) -> tuple[str, ...]:
        """The host key algorithms of the keys that are known for the server.

        Asked for first, so that a server with several keys shows one that can be checked.
        """
        found = self.known.lookup(self.host, self.port)
        names = tuple(dict.fromkeys(name for key in found.trusted for name in key.algorithms))
        if not found.authorities:
            return names
        return (*(name for name in HOST_KEYS if "-cert" in name), *names)
