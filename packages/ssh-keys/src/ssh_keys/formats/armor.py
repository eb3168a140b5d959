"""Text armour of key files as `ssh-keygen` writes it (RFC 7468)."""

from __future__ import annotations

from typing import Final

from ssh_keys.errors import KeyFormatError
from ssh_keys.strict_base64 import from_base64, to_base64
from ssh_wire import lazy_attrs
from ssh_wire.text import printable

__all__ = [
    "Armor",
    "enclose",
    "label_of",
    "open_armor",
]

_BEGIN: Final = b"-----BEGIN "
_END: Final = b"-----END "
_DASHES: Final = b"-----"
_WIDTH: Final = 70


@lazy_attrs.frozen
class Armor:
    """An armoured block: its bytes, its headers, its text, and the rest of the data."""

    body: bytes
    headers: dict[str, str]
    text: bytes
    rest: bytes


def label_of(data: bytes) -> str | None:
    """Return the label of the armour that `data` starts with, or None."""
    first = data.lstrip().split(b"\n", 1)[0].rstrip()
    if first.startswith(_BEGIN) and first.endswith(_DASHES) and len(first) > len(_BEGIN + _DASHES):
        return printable(first[len(_BEGIN) : -len(_DASHES)], 64)
    return None


def open_armor(data: bytes) -> Armor:
    """Return the block between the BEGIN line that `data` starts with and its END line.

    Raises:
        KeyFormatError: the armour is not complete, or its text is not base64.
    """
    first, *lines = data.strip().split(b"\n")
    ending = first.strip().replace(_BEGIN, _END, 1)
    stripped = [line.strip() for line in lines]
    if ending not in stripped:
        problem = "the armour has no END line"
        raise KeyFormatError(problem)
    end = stripped.index(ending)
    count, headers = _headers(stripped[:end])
    body = from_base64(b"".join(stripped[count:end]), "the text of the armour")
    text = b"\n".join([first.strip(), *stripped[: end + 1], b""])
    return Armor(body, headers, text, b"\n".join(lines[end + 1 :]))


def enclose(label: str, body: bytes) -> bytes:
    """Return `body` in armour, with lines of the length that `ssh-keygen` writes."""
    text = to_base64(body)
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    name = label.encode()
    return b"\n".join([_BEGIN + name + _DASHES, *lines, _END + name + _DASHES, b""])


def _headers(lines: list[bytes]) -> tuple[int, dict[str, str]]:
    """Return the number of header lines, and the headers (RFC 1421 section 4.6)."""
    headers: dict[str, str] = {}
    count = 0
    while count < len(lines) and b":" in lines[count]:
        name, _, value = lines[count].partition(b":")
        headers[printable(name, 64)] = printable(value.strip(), 256)
        count += 1
    if any(_DASHES in line for line in lines[:count]):
        # another parser could take it for the start of another block
        problem = "a header of the armour looks like a BEGIN line"
        raise KeyFormatError(problem)
    return count, headers
