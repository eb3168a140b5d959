"""Text armour of key files: which label it has, and the bytes inside (RFC 7468)."""

from __future__ import annotations

import binascii
from typing import Final, NamedTuple

from ssh_keys.errors import KeyFormatError
from ssh_wire.text import printable

__all__ = ["Armor", "enclose", "label_of", "open_armor"]

_BEGIN: Final = b"-----BEGIN "
_END: Final = b"-----END "
_DASHES: Final = b"-----"
_WIDTH: Final = 70


class Armor(NamedTuple):
    """The content of an armoured block: its bytes and its header lines."""

    body: bytes
    headers: dict[str, str]


def label_of(data: bytes) -> str | None:
    """Return the label of the armour that `data` starts with, or None without any."""
    first = data.lstrip().split(b"\n", 1)[0].rstrip()
    if first.startswith(_BEGIN) and first.endswith(_DASHES) and len(first) > len(_BEGIN) + 5:
        return printable(first[len(_BEGIN) : -len(_DASHES)], 64)
    return None


def open_armor(data: bytes) -> Armor:
    """Return what stands between the first BEGIN line and its END line.

    Raises:
        KeyFormatError: there is no whole armour, or its text is no base64.
    """
    first, *lines = data.strip().split(b"\n")
    ending = first.rstrip().replace(_BEGIN, _END, 1)
    headers: dict[str, str] = {}
    body: list[bytes] = []
    for number, line in enumerate(map(bytes.strip, lines)):
        if line == ending:
            break
        if b":" in line and len(headers) == number:
            name, _, value = line.partition(b":")
            headers[printable(name, 64)] = printable(value.strip(), 256)
        else:
            body.append(line)
    else:
        problem = "the armour has no END line"
        raise KeyFormatError(problem)
    try:
        return Armor(binascii.a2b_base64(b"".join(body), strict_mode=True), headers)
    except binascii.Error as error:
        problem = f"the text of the armour is no base64: {error}"
        raise KeyFormatError(problem) from None


def enclose(label: str, body: bytes) -> bytes:
    """Return `body` in armour, as `ssh-keygen` breaks its lines."""
    text = binascii.b2a_base64(body, newline=False)
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    name = label.encode()
    return b"\n".join([_BEGIN + name + _DASHES, *lines, _END + name + _DASHES, b""])
