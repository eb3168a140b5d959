"""One line of known_hosts: what it says, and what is left of it where its key cannot be used.

    [marker] hosts kind base64 [comment]

A line whose key cannot be used (DSA, a short RSA key, a kind of tomorrow, a damaged key) still
says that the host has a key, or that a key of the host is revoked.  So it is kept: whoever
shows another key is not an unknown host.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import attrs

from ssh_keys.errors import KeyFormatError
from ssh_keys.formats.public_line import parse_key_fields
from ssh_keys.lines import Problem, checked_line, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.trust.host_names import HashedName, names_host, parse_hosts
from ssh_keys.trust.key_blobs import read_key_blob
from ssh_wire.text import printable

__all__ = [
    "HostEntry",
    "HostLine",
    "Marker",
    "UnusableLine",
    "parse_line",
    "split_host_line",
    "unusable",
]

_EVERY_HOST = (b"*",)


class Marker(enum.Enum):
    """What a line says of its key."""

    TRUST = ""
    """It is a host's own key."""
    AUTHORITY = "@cert-authority"
    """It signs host certificates."""
    REVOKED = "@revoked"
    """It must not be trusted."""


@attrs.frozen
class HostEntry:
    """One line.

    Attributes:
        marker: what it says of the key.
        hosts: which hosts it is about: patterns, or one hashed name.
        key: the key; its comment is the free text beside it.
        line: the number of the line, from 1.
        source: where the line came from, as the caller named it.
    """

    marker: Marker
    hosts: tuple[bytes, ...] | HashedName
    key: PublicKey
    line: int = 0
    source: str = ""

    def names(self, name: bytes) -> bool:
        """Say whether the line is about a host, given as the file would spell it."""
        return names_host(self.hosts, name)

    def holds(self, key: PublicKey) -> bool:
        """Say whether the line is about a key."""
        return self.key == key

    @property
    def summary(self) -> str:
        """The kind and the fingerprint of the key."""
        return f"{self.key.kind} {self.key.fingerprint()}"


@attrs.frozen
class UnusableLine:
    """A line that is about a host, and whose key cannot be used.

    It trusts nothing.  It makes its host known, and what it revokes is revoked: where the key
    cannot be told, every key of the host.

    Attributes:
        marker: what it says of the key.
        hosts: which hosts it is about.
        blob: the key as it is sent, as far as it can be told; else empty.
        line: the number of the line, from 1.
        source: where the line came from, as the caller named it.
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
        """Say whether the line is about a host, given as the file would spell it."""
        return names_host(self.hosts, name)

    def holds(self, key: PublicKey) -> bool:
        """Say whether the line is about a key, or may be."""
        if self.marker is Marker.REVOKED:
            return not self.blob or self.blob == key.blob
        return False

    @property
    def summary(self) -> str:
        """What is known of the key."""
        return f"a key that cannot be used ({self.reason})"


HostLine: TypeAlias = HostEntry | UnusableLine
"""A line about a host."""


def parse_line(line: bytes, source: str, number: int, *, policy: KeyPolicy) -> HostEntry:
    """Read a line.

    Raises:
        KeyFormatError: it cannot be used; see `unusable` for what it says all the same.
    """
    marker, field, rest = _split(line)
    kind, rest = take_field(rest)
    _, comment = take_field(rest)
    checked_line(line.removesuffix(comment))  # what the comment holds harms nobody
    hosts = parse_hosts(field)
    return HostEntry(marker, hosts, parse_key_fields(kind, rest, policy=policy), number, source)


def unusable(line: bytes, problem: Problem) -> UnusableLine | None:
    """Return what is left of a line that `parse_line` refused: None if it names no host.

    A line with an unknown marker is passed over, as OpenSSH does it.
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
        hosts = _EVERY_HOST  # whose key is revoked cannot be told
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
    """Return a line's marker, its hosts as they are written, and what stands behind them.

    Raises:
        KeyFormatError: it has more than one marker, or an unknown one, or what it says up to
            there cannot be read.
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
