"""Lines of text that hold a public key: how they are cut, and how the key is read.

Spaces and tabs separate, a newline ends a line, and nothing else does either: a carriage
return, a NUL or a no-break space inside a line is never taken for a separator.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final

import attrs

from ssh_keys.armor import from_base64
from ssh_keys.errors import KeyFormatError, UnsupportedKey, named
from ssh_keys.public import PublicKey
from ssh_keys.registry import KINDS, family, is_named
from ssh_wire import WireError
from ssh_wire.primitives import read_string
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MAX_LINE",
    "Problem",
    "as_bytes",
    "blob_of",
    "cut",
    "key_of",
    "looks_like_kind",
    "numbered_lines",
    "parse_public_line",
    "said",
    "split_lines",
    "take_field",
]

MAX_LINE: Final = 16_384
"""The longest line that is looked at, in bytes."""

_BLANK: Final = b" \t"
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])
"""Every control character but the tab."""


@attrs.frozen
class Problem:
    """A line of a trust file that was not used.

    Attributes:
        source: where the line came from, as the caller named it.
        line: its number, from 1.
        reason: why it was not used.
    """

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.source or 'line'}:{self.line}: {self.reason}"


def as_bytes(data: bytes | str) -> bytes:
    """Return text as the bytes that it was, or would be, read from."""
    if not isinstance(data, str):
        return bytes(data)
    try:
        return data.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no byte was read as
        return data.encode("utf-8", "replace")


def split_lines(data: bytes | str) -> tuple[bytes, ...]:
    """Return the lines with the newlines that end them; joined, they are the data again."""
    *whole, last = as_bytes(data).split(b"\n")
    lines = [line + b"\n" for line in whole]
    return (*lines, last) if last else tuple(lines)


def said(line: bytes, number: int = 0) -> bytes:
    """Return what a line says, without the blanks around it: nothing if it is a comment.

    A byte order mark in front of line 1 is passed over, which editors write there: it would
    hide what the line says of a host or a key.
    """
    if number == 1:
        line = line.removeprefix(BOM_UTF8)
    text = line.removesuffix(b"\n").removesuffix(b"\r").strip(_BLANK)
    return b"" if text.startswith(b"#") else text


def numbered_lines(data: bytes | str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that say something, with their numbers: no blanks, no comments."""
    for number, line in enumerate(as_bytes(data).split(b"\n"), 1):
        if text := said(line, number):
            yield number, text


def cut(line: bytes) -> bytes:
    """Return the line when it may be read at all.

    Raises:
        KeyFormatError: it is too long, or holds a control character.
    """
    if len(line) > MAX_LINE:
        problem = f"the line has {len(line)} bytes; {MAX_LINE} are allowed"
        raise KeyFormatError(problem)
    if line.translate(None, _CONTROLS) != line:
        problem = "the line holds a control character"
        raise KeyFormatError(problem)
    return line


def take_field(line: bytes) -> tuple[bytes, bytes]:
    """Return the first field and what follows the blanks behind it."""
    field, _, rest = line.partition(b" ")
    if b"\t" in field:
        field, _, rest = line.partition(b"\t")
    return field, rest.lstrip(_BLANK)


def looks_like_kind(field: bytes) -> bool:
    """Say whether a field reads like a kind of key, known or not, rather than like options."""
    return (
        b'"' not in field
        and b"=" not in field
        and b"," not in field
        and (field.startswith((b"ssh-", b"ecdsa-sha2-", b"rsa-sha2-", b"sk-", b"webauthn-")))
    )


def parse_public_line(line: bytes | str, *, legacy: bool = False) -> PublicKey:
    """Read `kind base64 comment`, the one line of a public key file.

    Raises:
        UnsupportedKey: its kind is refused or unknown.
        KeyFormatError: it is not one such line, or kind and key differ.
    """
    kind, rest = take_field(cut(as_bytes(line)))
    return key_of(kind, rest, legacy=legacy)


def key_of(kind: bytes, rest: bytes, *, legacy: bool = False) -> PublicKey:
    """Read the key of a line whose first field was its kind.

    Raises:
        UnsupportedKey: the kind is refused or unknown.
        KeyFormatError: the rest is not a key of that kind.
    """
    declared = kind.decode("utf-8", "surrogateescape")
    if not is_named(declared):  # it may be a line of a private key in the wrong place
        name = named(kind)
        raise UnsupportedKey(declared if name else "unknown", f"unknown key type{name}")
    family(declared)  # a kind that is refused is named before its text is looked at
    encoded, comment = take_field(rest)
    blob = from_base64(encoded, "the key")
    key = PublicKey.from_blob(blob, comment.decode("utf-8", "surrogateescape"), legacy=legacy)
    if key.kind != declared:
        problem = f"the line says {printable(declared, 64)}, its key is {key.kind}"
        raise KeyFormatError(problem)
    return key


def blob_of(line: bytes) -> bytes:
    """Return the key of `kind base64 comment` as it is sent, whatever its kind and size.

    Of a certificate that is the key which it certifies.

    Raises:
        KeyFormatError: there is no whole key of that kind.
    """
    kind, rest = take_field(line)
    encoded, _ = take_field(rest)
    blob = from_base64(encoded, "the key")
    try:
        inside, _ = read_string(blob, 0)
    except WireError:
        inside = b""
    if not kind or inside != kind:
        problem = f"the line says{named(kind)}, its key{named(inside)}"
        raise KeyFormatError(problem)
    if b"-cert-v0" not in kind:
        _check_end(kind.decode("latin-1"), blob)
        return blob
    from ssh_keys.certificates.certificate import Certificate  # noqa: PLC0415 (loads with the first one)

    return Certificate.from_blob(blob, legacy=True).public_key.blob


def _check_end(kind: str, blob: bytes) -> None:
    """Refuse a key of a known kind that does not end where its blob does."""
    try:
        if kind not in KINDS or family(kind).end_of_public(blob) == len(blob):
            return
        problem = "something follows the key"
    except WireError:
        problem = "the key is cut"
    raise KeyFormatError(problem)
