"""Changes to the keys of a host in known_hosts once its server has sent all its keys.

The rules are those of OpenSSH's client (UpdateHostKeys in ssh_config(5)): if a line about the host
is not one that `ssh` writes, nothing is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_keys.public import PublicKey
from ssh_keys.trust.known_hosts import HashedName, Marker, host_name
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_keys.trust.known_hosts import HostLine, KnownHosts

__all__ = ["HostKeyUpdate", "names_only"]

_WILD: Final = frozenset(b"*?!")
_MAX_NAMES: Final = 2
"""A name and its address: "ssh never writes" more on a line."""


@lazy_attrs.frozen
class HostKeyUpdate:
    """A change of the keys of a host; false if nothing is to change.

    Attributes:
        new: keys that the server has and the file does not list for the host.
        old: keys that the file lists for the host and the server does not have any more.
    """

    new: tuple[PublicKey, ...] = ()
    old: tuple[PublicKey, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.old)

    @classmethod
    def plan(
        cls,
        known: KnownHosts,
        host: str,
        port: int,
        named: Sequence[PublicKey],
        *,
        source: str = "",
    ) -> Self:
        """Return the change after which the file lists the keys of a server, and no others.

        Nothing is changed if a line about the host has a marker, a pattern or more than two
        names, whether its key can be used or not; if a key of the server, or one that would be
        removed, is listed under another name; or if a key that would be removed shares its line
        or is in another file.

        Args:
            known: the host keys in the user's files.
            host: the host's name or address.
            port: its port.
            named: all keys of the server.
            source: the file that may be changed, by the name in its entries.
        """
        name = host_name(host, port)
        here = [entry for entry in known.entries if entry.names(name)]
        elsewhere = {entry.key for entry in known.entries if not entry.names(name)}
        gone = [entry for entry in here if entry.key not in named]
        if (
            any(map(_is_complex, known.about(host, port)))
            or not elsewhere.isdisjoint(named)
            or not elsewhere.isdisjoint(entry.key for entry in gone)
            or any(entry.source != source or not names_only(entry, name) for entry in gone)
        ):
            return cls()
        listed = {entry.key for entry in here}
        return cls(
            new=tuple(key for key in dict.fromkeys(named) if key not in listed),
            old=tuple(dict.fromkeys(entry.key for entry in gone)),
        )


def names_only(entry: HostLine, name: bytes) -> bool:
    """Say whether a line has a host's own key, and no other host."""
    if entry.marker is not Marker.TRUST or not entry.names(name):
        return False
    return isinstance(entry.hosts, HashedName) or entry.hosts == (name,)


def _is_complex(entry: HostLine) -> bool:
    if entry.marker is not Marker.TRUST:
        return True
    if isinstance(entry.hosts, HashedName):
        return False
    wild = any(not _WILD.isdisjoint(pattern) for pattern in entry.hosts)
    return wild or len(entry.hosts) > _MAX_NAMES
