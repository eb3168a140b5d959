"""The host keys that a user trusts: the file `known_hosts` (sshd(8), its section of that name).

    [marker] hosts kind base64 [comment]

`hosts` is a list of patterns, or one name hashed with HMAC-SHA1.  A line that cannot be
used is reported in `problems` and trusted for nothing; that goes for an unknown marker
above all.  What a line revokes is revoked, whatever another line trusts.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final, Self

import attrs

from ssh_keys.armor import from_base64, to_base64
from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, cut, key_of, numbered, take_field
from ssh_keys.patterns import matches_list
from ssh_keys.public import PublicKey
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_keys.certificates import Certificate

__all__ = [
    "SALT_SIZE",
    "Entry",
    "HashedName",
    "HostKeyStatus",
    "HostKeys",
    "KnownHosts",
    "Marker",
    "format_line",
    "host_name",
    "names_host",
    "parse_hosts",
    "split_line",
]

_DEFAULT_PORT: Final = 22
_MAX_PORT: Final = 65_535
_HASHED: Final = b"|1|"
SALT_SIZE: Final = 20
"""The length of the salt of a hashed name, in bytes."""
_DIGEST_SIZE: Final = 20
_NOT_IN_A_NAME: Final = frozenset(",*?!|@#[] \t")


class HostKeyStatus(enum.Enum):
    """What is known of a host's key."""

    TRUSTED = "trusted"
    """The key is listed for the host."""
    UNKNOWN = "unknown"
    """No key is listed for the host."""
    CHANGED = "changed"
    """Keys are listed for the host, and this one is not among them."""
    REVOKED = "revoked"
    """The key is listed as never to be trusted."""


class Marker(enum.Enum):
    """What a line says of its key."""

    TRUST = ""
    """It is a host's own key."""
    AUTHORITY = "@cert-authority"
    """It signs host certificates."""
    REVOKED = "@revoked"
    """It must not be trusted."""


@attrs.frozen
class HostKeys:
    """The keys that are listed for a host.

    Attributes:
        trusted: the host's own keys.
        authorities: keys that sign the host's certificate.
        revoked: keys that must not be trusted, neither as host key nor as authority.
    """

    trusted: tuple[PublicKey, ...] = ()
    authorities: tuple[PublicKey, ...] = ()
    revoked: tuple[PublicKey, ...] = ()


@attrs.frozen
class Entry:
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


@attrs.frozen
class HashedName:
    """A host name that only a guess reveals: HMAC-SHA1 of the name, keyed with the salt."""

    salt: bytes
    digest: bytes

    @classmethod
    def make(cls, salt: bytes, name: bytes) -> Self:
        """Hash a name."""
        return cls(salt, hmac.digest(salt, name, hashlib.sha1))

    def names(self, name: bytes) -> bool:
        """Say whether this is the hash of `name`."""
        return hmac.compare_digest(self.digest, hmac.digest(self.salt, name, hashlib.sha1))

    def to_field(self) -> bytes:
        """Return the name as a line has it."""
        return b"|".join([b"", b"1", to_base64(self.salt), to_base64(self.digest)])


@attrs.frozen
class KnownHosts:
    """What is known about hosts, from one file or several.

    Attributes:
        entries: the lines that can be used.
        problems: the lines that were not used, and why.
    """

    entries: tuple[Entry, ...] = attrs.field(default=(), repr=False)
    problems: tuple[Problem, ...] = ()

    @classmethod
    def parse(cls, data: str | bytes, source: str = "", *, legacy: bool = False) -> Self:
        """Read the content of a known_hosts file; no content makes it raise.

        Args:
            data: the content.
            source: what to call it in `problems`.
            legacy: take RSA keys down to 1024 bits instead of 2048.
        """
        entries: list[Entry] = []
        problems: list[Problem] = []
        for number, line in numbered(data):
            try:
                entries.append(_parse_line(line, source, number, legacy=legacy))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
        return cls(tuple(entries), tuple(problems))

    def merge(self, *others: KnownHosts) -> KnownHosts:
        """Return what this and the others know together."""
        every = (self, *others)
        return KnownHosts(
            tuple(entry for one in every for entry in one.entries),
            tuple(problem for one in every for problem in one.problems),
        )

    def lookup(self, host: str, port: int = 22, address: str | None = None) -> HostKeys:
        """Return the keys that are listed for a host.

        Args:
            host: the name or address that the user asked for.
            port: the port that is connected to; other than 22 it is part of the name.
            address: the address that the name led to.  It can only revoke: a key that is
                trusted for an address says nothing about a name that points there.
        """
        name = host_name(host, port)
        found: dict[Marker, list[PublicKey]] = {marker: [] for marker in Marker}
        also = None if address is None else host_name(address, port)
        for entry in self.entries:
            if entry.names(name) or (
                also is not None and entry.marker is Marker.REVOKED and entry.names(also)
            ):
                found[entry.marker].append(entry.key)
        return HostKeys(
            trusted=tuple(dict.fromkeys(found[Marker.TRUST])),
            authorities=tuple(dict.fromkeys(found[Marker.AUTHORITY])),
            revoked=tuple(dict.fromkeys(found[Marker.REVOKED])),
        )

    def check(
        self, key: PublicKey, host: str, port: int = 22, address: str | None = None
    ) -> HostKeyStatus:
        """Say what is known of the key that a host presents.

        A key of a kind that is not listed, beside one that is, counts as changed: whoever
        sits in between could choose such a kind.
        """
        keys = self.lookup(host, port, address)
        if key in keys.revoked:
            return HostKeyStatus.REVOKED
        if key in keys.trusted:
            return HostKeyStatus.TRUSTED
        return HostKeyStatus.CHANGED if keys.trusted else HostKeyStatus.UNKNOWN

    def check_certificate(
        self,
        certificate: Certificate,
        host: str,
        port: int = 22,
        address: str | None = None,
        *,
        now: int,
    ) -> HostKeyStatus:
        """Say what is known of the certificate that a host presents.

        Without an authority that is listed for the host, the key in the certificate is
        looked at as if it had come alone.

        Args:
            certificate: the certificate.
            host: the name or address that the user asked for; it must be among those that
                the certificate is good for.
            port: the port that is connected to.
            address: the address that the name led to; see `lookup`.
            now: the time in seconds since 1970.

        Raises:
            CertificateRefused: an authority of the host signed it, and it is not good for the
                host at this time.
        """
        keys = self.lookup(host, port, address)
        if certificate.ca_key in keys.revoked or certificate.public_key in keys.revoked:
            return HostKeyStatus.REVOKED
        if certificate.ca_key not in keys.authorities:
            return self.check(certificate.public_key, host, port, address)
        principal = host_name(host).decode("utf-8", "surrogateescape")
        certificate.check(role="host", principal=principal, now=now)
        return HostKeyStatus.TRUSTED


def format_line(
    host: str,
    port: int,
    key: PublicKey,
    *,
    hashed: bool = False,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """Return the line that makes a host's key known, without a newline.

    Args:
        host: the host's name or address.
        port: its port.
        key: its key; the comment is left out.
        hashed: hide the name, as `ssh-keygen -H` does.
        random: where the salt comes from.

    Raises:
        UsageError: the host or the port is none.
    """
    bad = not host or not host.isprintable() or not _NOT_IN_A_NAME.isdisjoint(host)
    if bad or not 1 <= port <= _MAX_PORT:
        problem = f"'{printable(host, 256)}' port {port} is no host to be known"
        raise UsageError(problem)
    name = host_name(host, port)
    if hashed:
        name = HashedName.make(random(SALT_SIZE), name).to_field()
    return f"{name.decode('utf-8', 'surrogateescape')} {key.with_comment('').to_openssh()}"


def host_name(host: str, port: int = 22) -> bytes:
    """Return a host as the file spells it: lower case, with its port if that is unusual."""
    # bytes, because lower() of text maps other letters to ASCII ones
    name = host.encode("utf-8", "surrogatepass").lower()
    return name if port == _DEFAULT_PORT else b"[%b]:%d" % (name, port)


def split_line(line: bytes) -> tuple[Marker, bytes, bytes]:
    """Return a line's marker, its hosts as they are written, and what stands behind them.

    Raises:
        KeyFormatError: it has more than one marker, or an unknown one, or no hosts.
    """
    field, rest = take_field(cut(line))
    marker = Marker.TRUST
    if field.startswith(b"@"):
        marker = _parse_marker(field)
        field, rest = take_field(rest)
    if field.startswith(b"@"):
        problem = "the line has two markers"
        raise KeyFormatError(problem)
    return marker, field, rest


def parse_hosts(field: bytes) -> tuple[bytes, ...] | HashedName:
    """Read the hosts of a line: patterns, or one hashed name.

    Raises:
        KeyFormatError: the hashed name is damaged.
    """
    if not field.startswith(b"|"):
        return tuple(pattern for pattern in field.lower().split(b",") if pattern)
    salt, separator, digest = field.removeprefix(_HASHED).partition(b"|")
    name = "the hashed host"
    made = HashedName(from_base64(salt, name), from_base64(digest, name))
    wrong_size = len(made.digest) != _DIGEST_SIZE or not made.salt
    if not field.startswith(_HASHED) or not separator or wrong_size:
        problem = "the hashed host is damaged"
        raise KeyFormatError(problem)
    return made


def names_host(hosts: tuple[bytes, ...] | HashedName, name: bytes) -> bool:
    """Say whether hosts include one, given as the file would spell it."""
    return hosts.names(name) if isinstance(hosts, HashedName) else matches_list(hosts, name)


def _parse_line(line: bytes, source: str, number: int, *, legacy: bool) -> Entry:
    marker, field, rest = split_line(line)
    hosts = parse_hosts(field)
    kind, rest = take_field(rest)
    return Entry(marker, hosts, key_of(kind, rest, legacy=legacy), number, source)


def _parse_marker(field: bytes) -> Marker:
    try:
        return Marker(field.decode("ascii"))
    except ValueError:
        problem = f"unknown marker '{printable(field, 64)}'"
        raise KeyFormatError(problem) from None
