"""Changes to a file `known_hosts`: those of `ssh-keygen -F`, `-R` and `-H`, and UpdateHostKeys.

All other lines stay as they are, byte for byte: comments, blank lines, unknown kinds of keys and
unknown markers.  A host is found by its name, by a pattern, and by the hash of its name.  Lines
with a marker are never removed and never hashed: an administrator wrote them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from ssh_keys.errors import KeyFormatError
from ssh_keys.lines import Problem, split_lines, strip_comment, take_field
from ssh_keys.policy import KeyPolicy
from ssh_keys.trust.host_key_update import names_only
from ssh_keys.trust.host_names import random_salt
from ssh_keys.trust.known_hosts import (
    SALT_SIZE,
    HashedName,
    KnownHosts,
    Marker,
    format_host_line,
    host_name,
    names_host,
    parse_hosts,
    split_host_line,
)
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssh_keys.public import PublicKey
    from ssh_keys.trust.host_key_update import HostKeyUpdate

__all__ = ["FoundLine", "KnownHostsFile"]

_WILD: Final = frozenset(b"*?!")


@lazy_attrs.frozen
class FoundLine:
    """A line that is about a host.

    Attributes:
        line: its number, from 1.
        marker: its marker.
        text: the line as it is written, without its newline.
    """

    line: int
    marker: Marker
    text: bytes


@lazy_attrs.frozen
class _Parsed:
    """The fields of a line, with its key not decoded."""

    marker: Marker
    hosts: tuple[bytes, ...] | HashedName
    key: bytes


@lazy_attrs.frozen
class KnownHostsFile:
    """The content of one known_hosts file, line by line.

    Attributes:
        lines: the lines, each as it was written.
        source: the name of the file in `problems`.
    """

    lines: tuple[bytes, ...] = lazy_attrs.field(default=(), repr=False)
    source: str = ""

    @classmethod
    def parse(cls, data: str | bytes, source: str = "") -> Self:
        """Split the content of a known_hosts file into lines."""
        return cls(split_lines(data), source)

    def to_bytes(self) -> bytes:
        """Return the content; unchanged lines are byte for byte as they were."""
        return b"".join(self.lines)

    def known(self, *, policy: KeyPolicy = KeyPolicy.DEFAULT) -> KnownHosts:
        """Return the host keys in the file.

        Args:
            policy: which keys are strong enough to be read.
        """
        return KnownHosts.parse(self.to_bytes(), self.source, policy=policy)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The lines that no change applies to because their hosts cannot be read, and why."""
        return tuple(
            Problem(self.source, number, str(parsed))
            for number, _, parsed in self._parsed()
            if isinstance(parsed, KeyFormatError)
        )

    def find(self, host: str, port: int = 22) -> tuple[FoundLine, ...]:
        """Return the lines that are about a host, in their order.

        Args:
            host: the host's name or address.
            port: its port; other than 22 it is part of the name.
        """
        name = host_name(host, port)
        return tuple(
            FoundLine(number, parsed.marker, line.removesuffix(b"\n"))
            for number, line, parsed in self._parsed()
            if isinstance(parsed, _Parsed) and names_host(parsed.hosts, name)
        )

    def without(self, host: str, port: int = 22) -> Self:
        """Return the file without the keys of a host; itself if it has none.

        A line with several hosts is removed for all of them.

        Args:
            host: the host's name or address.
            port: its port; other than 22 it is part of the name.
        """
        found = self.find(host, port)
        gone = {each.line for each in found if each.marker is Marker.TRUST}
        if not gone:
            return self
        kept = [line for number, line in enumerate(self.lines, 1) if number not in gone]
        return lazy_attrs.evolve(self, lines=_with_final_newline(kept))

    def adding(
        self,
        host: str,
        port: int,
        key: PublicKey,
        *,
        hashed: bool = False,
        random: Callable[[int], bytes] = random_salt,
    ) -> Self:
        """Return the file with one more line at its end; see `known_hosts.format_host_line`.

        Raises:
            UsageError: the host or the port is not valid.
        """
        line = format_host_line(host, port, key, hashed=hashed, random=random).encode() + b"\n"
        return lazy_attrs.evolve(self, lines=(*_with_final_newline(list(self.lines)), line))

    def updated(
        self,
        host: str,
        port: int,
        update: HostKeyUpdate,
        *,
        hashed: bool = False,
        policy: KeyPolicy = KeyPolicy.DEFAULT,
        random: Callable[[int], bytes] = random_salt,
    ) -> Self:
        """Return the file with a host's keys changed; itself if there is nothing to change.

        Lines with old keys are removed if they have this host alone; new keys that are not
        listed for it are added at the end.

        Raises:
            UsageError: the host or the port is not valid.
        """
        name = host_name(host, port)
        entries = self.known(policy=policy).entries
        gone = {e.line for e in entries if names_only(e, name) and e.key in update.old}
        listed = {e.key for e in entries if e.marker is Marker.TRUST and e.names(name)}
        kept = [line for number, line in enumerate(self.lines, 1) if number not in gone]
        after = lazy_attrs.evolve(self, lines=tuple(kept)) if gone else self
        for key in update.new:
            if key not in listed:
                after = after.adding(host, port, key, hashed=hashed, random=random)
        return after

    def hashed(self, random: Callable[[int], bytes] = random_salt) -> Self:
        """Return the file with the name of every host hashed, each on a line of its own.

        Patterns cannot be hashed, and stay as they are.

        Args:
            random: returns random bytes for the salts.

        Raises:
            KeyFormatError: a line cannot be read, so its hosts would stay readable.
        """
        lines: list[bytes] = []
        for number, line, parsed in self._parsed():
            if isinstance(parsed, KeyFormatError):
                problem = f"{Problem(self.source, number, str(parsed))}; nothing was hashed"
                raise KeyFormatError(problem)
            lines += [line] if parsed is None else _hashed_lines(line, parsed, random)
        return lazy_attrs.evolve(self, lines=_with_final_newline(lines))

    def _parsed(self) -> Iterator[tuple[int, bytes, _Parsed | KeyFormatError | None]]:
        for number, line in enumerate(self.lines, 1):
            text = strip_comment(line, number)
            try:
                yield number, line, _parse(text) if text else None
            except KeyFormatError as error:
                yield number, line, error


def _parse(text: bytes) -> _Parsed:
    marker, field, rest = split_host_line(text)
    hosts = parse_hosts(field)
    _, key = take_field(rest)
    if not key or key.startswith(b"#"):
        problem = "the line has no key"
        raise KeyFormatError(problem)
    if not hosts:
        problem = "the line names no host"
        raise KeyFormatError(problem)
    return _Parsed(marker, hosts, rest)


def _hashed_lines(line: bytes, parsed: _Parsed, random: Callable[[int], bytes]) -> list[bytes]:
    hosts = parsed.hosts
    if isinstance(hosts, HashedName) or parsed.marker is not Marker.TRUST:
        return [line]
    if any(not _WILD.isdisjoint(pattern) for pattern in hosts):
        return [line]
    rest = line[line.rindex(parsed.key) :].removesuffix(b"\n")
    return [
        b"%b %b\n" % (HashedName.make(random(SALT_SIZE), name).to_field(), rest) for name in hosts
    ]


def _with_final_newline(lines: list[bytes]) -> tuple[bytes, ...]:
    """Return the lines with a newline after the last one."""
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    return tuple(lines)
