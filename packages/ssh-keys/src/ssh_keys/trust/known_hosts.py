"""The host keys that a user trusts: the file `known_hosts` (sshd(8), its section of that name).

    [marker] hosts kind base64 [comment]

`hosts` is a list of patterns, or one name hashed with HMAC-SHA1.  A line that cannot be used is
reported in `problems` and trusts nothing, above all where its marker is unknown.  Its host is
known all the same: a key that the host presents is a changed one, not a new one.  A revoked key
is revoked, whatever other lines trust.
"""

from __future__ import annotations

import enum
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING, Final, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, as_bytes, numbered_lines
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_keys.trust.host_lines import (
    HostEntry,
    HostLine,
    Marker,
    UnusableLine,
    parse_line,
    parse_unusable_line,
    split_host_line,
)
from ssh_keys.trust.host_names import (
    SALT_SIZE,
    HashedName,
    host_name,
    names_host,
    parse_hosts,
    random_salt,
)
from ssh_wire import UsageError, lazy, lazy_attrs
from ssh_wire.numbers import MAX_PORT
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssh_keys import fido
    from ssh_keys.certificates.certificate import Certificate
else:
    fido = lazy.module("ssh_keys.fido")

__all__ = [
    "SALT_SIZE",
    "HashedName",
    "HostEntry",
    "HostKeyStatus",
    "HostKeys",
    "HostLine",
    "KnownHosts",
    "Marker",
    "UnusableLine",
    "Verdict",
    "format_host_line",
    "host_name",
    "names_host",
    "parse_hosts",
    "split_host_line",
]

_START: Final = 16
"""The number of bytes in which a NUL means UTF-16 without a byte order mark."""
_NOT_IN_A_NAME: Final = frozenset(",*?!|@#[] \t")


class HostKeyStatus(enum.Enum):
    """What the files have about the key that a host presents."""

    TRUSTED = "trusted"
    """The key is listed for the host."""
    UNKNOWN = "unknown"
    """No key is listed for the host."""
    CHANGED = "changed"
    """Other keys are listed for the host."""
    REVOKED = "revoked"
    """The key is listed as revoked."""


@lazy_attrs.frozen
class HostKeys:
    """The keys that are listed for a host.

    Attributes:
        trusted: the host's own keys.
        authorities: keys of authorities that may sign the host's certificate.
        revoked: keys that are trusted neither as host key nor as authority.
    """

    trusted: tuple[PublicKey, ...] = ()
    authorities: tuple[PublicKey, ...] = ()
    revoked: tuple[PublicKey, ...] = ()


@lazy_attrs.frozen
class Verdict:
    """The status of a key that a host presents, and the lines that it comes from.

    Attributes:
        status: the status.
        lines: the lines with the key, those that revoke it, or those with the host's other
            keys.
    """

    status: HostKeyStatus
    lines: tuple[HostLine, ...] = ()


@lazy_attrs.frozen
class KnownHosts:
    """The host keys in one known_hosts file or several.

    Attributes:
        entries: the lines that can be used.
        problems: the lines that cannot be used, and why.
        unusable: the lines with hosts, but without a usable key; each is in `problems` too.
        unread: the files that cannot be read, or are not text in UTF-8, and why.  A host that
            is in no other file may be in these.
    """

    entries: tuple[HostEntry, ...] = lazy_attrs.field(default=(), repr=False)
    problems: tuple[Problem, ...] = ()
    unusable: tuple[UnusableLine, ...] = lazy_attrs.field(default=(), repr=False)
    unread: tuple[Problem, ...] = ()

    @classmethod
    def parse(
        cls, data: str | bytes, source: str = "", *, policy: KeyPolicy = KeyPolicy.DEFAULT
    ) -> Self:
        """Read the content of a known_hosts file; bad lines are in `problems`.

        Args:
            data: the content.
            source: the name of the file in `problems`.
            policy: which keys are strong enough to be read.
        """
        entries: list[HostEntry] = []
        problems: list[Problem] = []
        left: list[UnusableLine] = []
        for number, line in numbered_lines(data):
            try:
                entries.append(parse_line(line, source, number, policy=policy))
            except KeyFormatError as error:
                problems.append(Problem(source, number, str(error)))
                rest = parse_unusable_line(line, problems[-1])
                if rest is not None:
                    left.append(rest)
        return cls(tuple(entries), tuple(problems), tuple(left), tuple(_unread(data, source)))

    def merge(self, *others: KnownHosts) -> KnownHosts:
        """Return the content of this and the others together."""
        every = (self, *others)
        return KnownHosts(
            tuple(entry for one in every for entry in one.entries),
            tuple(problem for one in every for problem in one.problems),
            tuple(line for one in every for line in one.unusable),
            tuple(problem for one in every for problem in one.unread),
        )

    def about(self, host: str, port: int = 22, address: str | None = None) -> tuple[HostLine, ...]:
        """Return the lines about a host: those with a usable key first.

        Args:
            host: the name or address that the user gave.
            port: the port of the connection; other than 22 it is part of the name.
            address: the address that the name resolved to; see `lookup`.
        """
        name = host_name(host, port)
        also = None if address is None else host_name(address, port)
        every: tuple[HostLine, ...] = (*self.entries, *self.unusable)
        return tuple(
            line
            for line in every
            if line.names(name)
            or (also is not None and line.marker is Marker.REVOKED and line.names(also))
        )

    def lookup(self, host: str, port: int = 22, address: str | None = None) -> HostKeys:
        """Return the keys that are listed for a host.

        Args:
            host: the name or address that the user gave.
            port: the port of the connection; other than 22 it is part of the name.
            address: the address that the name resolved to.  Only @revoked lines apply to it: a
                key that is trusted for an address is not trusted for a name.
        """
        found: dict[Marker, list[PublicKey]] = {marker: [] for marker in Marker}
        for line in self.about(host, port, address):
            if isinstance(line, HostEntry):
                found[line.marker].append(line.key)
        return HostKeys(
            trusted=tuple(dict.fromkeys(found[Marker.TRUST])),
            authorities=tuple(dict.fromkeys(found[Marker.AUTHORITY])),
            revoked=tuple(dict.fromkeys(found[Marker.REVOKED])),
        )

    def check(
        self, key: PublicKey, host: str, port: int = 22, address: str | None = None
    ) -> HostKeyStatus:
        """Return the status of the key that a host presents; see `judge`."""
        return self.judge(key, host, port, address).status

    def judge(
        self, key: PublicKey, host: str, port: int = 22, address: str | None = None
    ) -> Verdict:
        """Return the status of the key that a host presents, with the lines that it comes from.

        If keys of other kinds are listed, a key of an unlisted kind counts as changed: an
        attacker in between could choose that kind.  So does any key of a host that is listed
        with a key that cannot be used.
        """
        here = self.about(host, port, address)
        revoking = tuple(_matching(key, Marker.REVOKED, here))
        if revoking:
            return Verdict(HostKeyStatus.REVOKED, revoking)
        same = tuple(_matching(key, Marker.TRUST, here))
        if same:
            return Verdict(HostKeyStatus.TRUSTED, same)
        others = tuple(line for line in here if line.marker is Marker.TRUST)
        return Verdict(HostKeyStatus.CHANGED if others else HostKeyStatus.UNKNOWN, others)

    def check_certificate(
        self,
        certificate: Certificate,
        host: str,
        port: int = 22,
        address: str | None = None,
        *,
        now: int,
    ) -> HostKeyStatus:
        """Return the status of the certificate that a host presents; see `judge_certificate`.

        Raises:
            CertificateRefused: an authority of the host signed it, and it is not valid for the
                host at this time.
        """
        return self.judge_certificate(certificate, host, port, address, now=now).status

    def judge_certificate(
        self,
        certificate: Certificate,
        host: str,
        port: int = 22,
        address: str | None = None,
        *,
        now: int,
    ) -> Verdict:
        """Return the status of the certificate that a host presents, with its lines.

        If its authority is not listed for the host, the status is that of the plain key.

        Args:
            certificate: the certificate.
            host: the name or address that the user gave; the certificate must be valid for it.
            port: the port of the connection.
            address: the address that the name resolved to; see `lookup`.
            now: the time in seconds since 1970.

        Raises:
            CertificateRefused: an authority of the host signed it, and it is not valid for the
                host at this time.
        """
        here = self.about(host, port, address)
        for key in (certificate.ca_key, certificate.public_key):
            revoking = tuple(_matching(key, Marker.REVOKED, here))
            if revoking:
                return Verdict(HostKeyStatus.REVOKED, revoking)
        signed_by = tuple(_matching(certificate.ca_key, Marker.AUTHORITY, here))
        if not signed_by:
            return self.judge(certificate.public_key, host, port, address)
        principal = host_name(host).decode("utf-8", "surrogateescape")
        # as OpenSSH does, an authority's token may sign without a touch
        certificate.check(role="host", principal=principal, now=now, ca_fido=fido.NO_TOUCH)
        return Verdict(HostKeyStatus.TRUSTED, signed_by)


def format_host_line(
    host: str,
    port: int,
    key: PublicKey,
    *,
    hashed: bool = False,
    random: Callable[[int], bytes] = random_salt,
) -> str:
    """Return the line for a host's key, without a newline.

    Args:
        host: the host's name or address.
        port: its port.
        key: its key; the comment is left out.
        hashed: hash the name, as `ssh-keygen -H` does.
        random: returns random bytes for the salt.

    Raises:
        UsageError: the host or the port is not valid.
    """
    bad = not host or not host.isprintable() or not _NOT_IN_A_NAME.isdisjoint(host)
    if bad or not 1 <= port <= MAX_PORT:
        problem = f"'{printable(host, 256)}' port {port} is not a host for known_hosts"
        raise UsageError(problem)
    name = host_name(host, port)
    if hashed:
        name = HashedName.make(random(SALT_SIZE), name).to_field()
    return f"{name.decode('utf-8', 'surrogateescape')} {key.with_comment('').to_openssh()}"


def _unread(data: str | bytes, source: str) -> Iterator[Problem]:
    """Yield a problem if the content is UTF-16 or binary: its lines cannot be read."""
    content = as_bytes(data)
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in content[:_START]:
        yield Problem(source, 0, "it is not text in UTF-8; save it as UTF-8")


def _matching(key: PublicKey, marker: Marker, lines: tuple[HostLine, ...]) -> Iterator[HostLine]:
    return (line for line in lines if line.marker is marker and line.holds(key))
