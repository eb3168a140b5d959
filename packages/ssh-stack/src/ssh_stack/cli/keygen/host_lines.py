"""Lines of known_hosts, as ssh-keygen reads them for -F, -R and -H.

It reads them otherwise than a client that looks for keys: a line that it cannot read keeps -R
and -H from changing the file, and -F finds no host in it (`hostkeys_foreach` of OpenSSH).
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Iterator
from typing import Final, TypeAlias

from ssh_keys import (
    Credential,
    KeyFormatError,
    KeyPolicy,
    is_known_kind,
    load_public_key,
)
from ssh_keys.patterns import matches_list
from ssh_keys.trust import HashedName, Marker, take_field
from ssh_wire import lazy_attrs

__all__ = ["KeyLine", "Line", "UnreadableLine", "key_of", "lines_of", "names", "with_hashed_names"]

_BLANK: Final = b" \t"
_COMMENT: Final = (b"#", b"")
_HASHED: Final = b"|1|"
_SALT: Final = 20
_MAX_MARKER: Final = 31
_MAX_KIND: Final = 127
_WILD: Final = frozenset(b"*?!")


@lazy_attrs.frozen
class Line:
    """A comment or a blank line.

    Attributes:
        number: its number, from 1.
        text: the line without its newline.
    """

    number: int
    text: bytes


@lazy_attrs.frozen
class KeyLine(Line):
    """A line with hosts and a key.

    Attributes:
        marker: its marker.
        hosts: the hosts as they are written.
        key: the kind of the key, the key and its comment.
    """

    marker: Marker
    hosts: bytes
    key: bytes


@lazy_attrs.frozen
class UnreadableLine(Line):
    """A line that ssh-keygen calls invalid."""


AnyLine: TypeAlias = Line | KeyLine | UnreadableLine


def lines_of(data: bytes, *, decode: bool = False) -> Iterator[AnyLine]:
    """Yield the lines of a file.

    Args:
        data: the content of the file.
        decode: also read the key itself, as with -l; a key that cannot be read makes its line
            unreadable.
    """
    texts = data.split(b"\n")
    if not texts[-1]:
        texts.pop()
    for number, text in enumerate(texts, 1):
        rest = text.lstrip(_BLANK)
        if rest[:1] in _COMMENT:
            yield Line(number, text)
            continue
        try:
            marker, hosts, key = _fields(rest)
            line = KeyLine(number, text, marker, hosts, key)
            if decode:
                key_of(line)
        except KeyFormatError:
            yield UnreadableLine(number, text)
        else:
            yield line


def names(line: KeyLine, host: str) -> bool:
    """Say whether a line is about a host: by its name, a pattern, or the hash of its name.

    Raises:
        KeyFormatError: the hashed name of the line is damaged.
    """
    name = host.encode("utf-8", "surrogateescape")
    if not line.hosts.startswith(b"|"):
        return matches_list(tuple(line.hosts.lower().split(b",")), name.lower())
    salt, separator, _ = line.hosts.removeprefix(_HASHED).partition(b"|")
    try:
        bare = b64decode(salt, validate=True)
    except ValueError:
        bare = b""
    if not (line.hosts.startswith(_HASHED) and separator and len(bare) == _SALT):
        problem = "the hashed host is damaged"
        raise KeyFormatError(problem)
    # the name is hashed as it is: letters in upper case are not found, as by ssh-keygen
    return HashedName.make(bare, name).to_field() == line.hosts


def key_of(line: KeyLine) -> tuple[Credential, bytes]:
    """Return the key of a line, and its comment as it is written.

    Raises:
        KeyFormatError: it cannot be read.
    """
    _, rest = take_field(line.key)
    _, comment = take_field(rest)
    return load_public_key(line.key.removesuffix(comment), policy=KeyPolicy.LEGACY), comment


def with_hashed_names(line: KeyLine) -> tuple[bytes, ...]:
    """Return what takes the place of a line: each of its names, hashed, on a line of its own.

    Lines with a marker, a pattern or a hashed name are returned as they are.
    """
    if line.marker is not Marker.TRUST or line.hosts.startswith(b"|") or is_wild(line):
        return (line.text,)
    # ssh-keygen drops what follows an empty name; those hosts would be unknown afterwards
    return tuple(
        HashedName.make(secrets.token_bytes(_SALT), name).to_field() + b" " + line.key
        for name in line.hosts.lower().split(b",")
        if name
    )


def is_wild(line: KeyLine) -> bool:
    """Say whether the hosts of a line have a pattern among them."""
    return not _WILD.isdisjoint(line.hosts)


def _fields(text: bytes) -> tuple[Marker, bytes, bytes]:
    """Return the marker, the hosts, and the rest from the kind of the key on."""
    marker = Marker.TRUST
    if text.startswith(b"@"):
        word, text = take_field(text)
        marker = _marker(word)
    hosts, key = take_field(text)
    kind, blob = take_field(key)
    if not hosts or hosts.startswith(b"@") or len(kind) > _MAX_KIND:
        problem = "the line names no host"
        raise KeyFormatError(problem)
    if not is_known_kind(kind.decode("utf-8", "replace")) or blob[:1] in _COMMENT:
        problem = "the line has no key"
        raise KeyFormatError(problem)
    return marker, hosts, key


def _marker(word: bytes) -> Marker:
    try:
        return Marker(word[:_MAX_MARKER].decode("ascii"))
    except ValueError:
        problem = "the marker is not known"
        raise KeyFormatError(problem) from None
