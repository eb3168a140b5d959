"""Lines of known_hosts, also those whose key cannot be used.

    [marker] hosts kind base64 [comment]

A line whose key cannot be used (DSA, a short RSA key, an unknown kind, a damaged key) still means
that the host has a key, or that a key of the host is revoked.  So it is kept: a host that
presents another key is not an unknown host.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

from ssh_keys.errors import KeyFormatError
from ssh_keys.formats.public_line import parse_key_fields
from ssh_keys.lines import Problem, checked_line, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.trust.host_names import HashedName, names_host, parse_hosts
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = [
    "HostEntry",
    "HostLine",
    "Marker",
    "UnusableLine",
    "parse_line",
    "parse_unusable_line",
    "split_host_line",
]

_EVERY_HOST = (b"*",)


class Marker(enum.Enum):
    """The meaning of the key on a line."""

    TRUST = ""
    """It is a host's own key."""
    AUTHORITY = "@cert-authority"
    """It signs host certificates."""
    REVOKED = "@revoked"
    """It is not trusted."""


@lazy_attrs.frozen
class HostEntry:
    """A line with a usable key.

    Attributes:
        marker: the meaning of the key.
        hosts: its hosts: patterns, or one hashed name.
        key: the key, with its comment.
        line: the number of the line, from 1.
        source: the name of the file, as the caller gave it.
    """

    marker: Marker
    hosts: tuple[bytes, ...] | HashedName
    key: PublicKey
    line: int = 0
    source: str = ""

    def names(self, name: bytes) -> bool:
        """Say whether the line is about a host, given as `host_name` returns it."""
        return names_host(self.hosts, name)

    def holds(self, key: PublicKey) -> bool:
        """Say whether the line has a key."""
        return self.key == key

    @property
    def summary(self) -> str:
        """The kind and the fingerprint of the key."""
        return f"{self.key.kind} {self.key.fingerprint()}"


@lazy_attrs.frozen
class UnusableLine:
    """A line with hosts whose key cannot be used.

    It trusts nothing, but its host is known.  If it is @revoked and the key cannot be read, every
    key of the host is revoked.

    Attributes:
        marker: the meaning of the key.
        hosts: its hosts.
        blob: the blob of the key; empty if it cannot be read.
        line: the number of the line, from 1.
        source: the name of the file, as the caller gave it.
        reason: why the key cannot be used.
        truncated: whether the line ends before the key.
    """

    marker: Marker
    hosts: tuple[bytes, ...] | HashedName
    blob: bytes
    line: int = 0
    source: str = ""
    reason: str = ""
    truncated: bool = False

    def names(self, name: bytes) -> bool:
        """Say whether the line is about a host, given as `host_name` returns it."""
        return names_host(self.hosts, name)

    def holds(self, key: PublicKey) -> bool:
        """Say whether the line has a key, or may have it."""
        if self.marker is Marker.REVOKED:
            return not self.blob or self.blob == key.blob
        return False

    @property
    def summary(self) -> str:
        """Why the key cannot be used."""
        return f"a key that cannot be used ({self.reason})"


HostLine: TypeAlias = HostEntry | UnusableLine
"""A line about a host."""


def parse_line(line: bytes, source: str, number: int, *, policy: KeyPolicy) -> HostEntry:
    """Parse a line.

    Raises:
        KeyFormatError: its key cannot be used; see `parse_unusable_line`.
    """
    marker, field, rest = _split(line)
    kind, rest = take_field(rest)
    _, comment = take_field(rest)
    checked_line(line.removesuffix(comment))  # the comment may be anything
    hosts = parse_hosts(field)
    return HostEntry(marker, hosts, parse_key_fields(kind, rest, policy=policy), number, source)


def parse_unusable_line(line: bytes, problem: Problem) -> UnusableLine | None:
    """Parse a line that `parse_line` refuses; return None if it has no hosts.

    A line with an unknown marker is ignored, as in OpenSSH.
    """
    try:
        marker, field, rest = _split(line)
    except KeyFormatError:
        return None
    hosts: tuple[bytes, ...] | HashedName
    try:
        hosts = parse_hosts(field)
    except KeyFormatError:
        if marker is not Marker.REVOKED:
            return None
        hosts = _EVERY_HOST  # the key is revoked for hosts that cannot be read
    from ssh_keys.trust.key_blobs import read_key_blob  # few lines need it

    try:
        blob = read_key_blob(rest)
    except KeyFormatError:
        blob = b""
    return UnusableLine(
        marker,
        hosts,
        blob,
        problem.line,
        problem.source,
        problem.reason,
        truncated=not take_field(rest)[1],
    )


def split_host_line(line: bytes) -> tuple[Marker, bytes, bytes]:
    """Return a line's marker, its hosts as they are written, and the rest.

    Raises:
        KeyFormatError: it has more than one marker, or an unknown one, or its hosts are not
            text that may be read.
    """
    marker, field, rest = _split(line)
    checked_line(line.removesuffix(rest))
    return marker, field, rest


def _split(line: bytes) -> tuple[Marker, bytes, bytes]:
    field, rest = take_field(line)
    marker = Marker.TRUST
    if field.startswith(b"@"):
        marker = _parse_marker(field)
        field, rest = take_field(rest)
    if field.startswith(b"@"):
        problem = "the line has two markers"
        raise KeyFormatError(problem)
    return marker, field, rest


def _parse_marker(field: bytes) -> Marker:
    try:
        return Marker(field.decode("ascii"))
    except ValueError:
        problem = f"unknown marker '{printable(field, 64)}'"
        raise KeyFormatError(problem) from None
