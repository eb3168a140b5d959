"""The lines of PuTTY's private key format, also of a file that has lost its line breaks."""

from __future__ import annotations

import binascii
from typing import Final

from ssh_keys.errors import KeyFormatError
from ssh_keys.strict_base64 import from_base64

__all__ = ["PPKLines"]

_MAX_LINES: Final = 1 << 14
_MAX_DIGITS: Final = 9


class PPKLines:
    """The lines of a file, each taken under the name that it must have."""

    def __init__(self, data: bytes) -> None:
        text = data.strip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in text:
            text = _restore_lines(text)
        self._lines = iter(text.split(b"\n"))

    def value(self, name: str) -> str:
        """Return the value of the next line."""
        line = next(self._lines, b"").lstrip(b" \t")
        found, separator, value = line.partition(b":")
        if not separator or found != name.encode() or value[:1] not in {b" ", b""}:
            problem = f"not a private key of PuTTY: the line '{name}' is missing"
            raise KeyFormatError(problem)
        return value[1:].decode("utf-8", "surrogateescape")

    def number(self, name: str) -> int:
        """Return the value of the next line as a number."""
        text = self.value(name)
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
            problem = f"'{name}' is not a number of at most {_MAX_DIGITS} digits"
            raise KeyFormatError(problem)
        return int(text)

    def hexadecimal(self, name: str) -> bytes:
        """Return the bytes that the next line has in hexadecimal."""
        try:
            return binascii.unhexlify(self.value(name).encode())
        except ValueError:
            problem = f"'{name}' is not hexadecimal"
            raise KeyFormatError(problem) from None

    def block(self, name: str) -> bytes:
        """Return the bytes of the base64 after the next line, which has its number of lines."""
        count = self.number(name)
        if count > _MAX_LINES:
            problem = f"'{name}' says {count}; {_MAX_LINES} are allowed"
            raise KeyFormatError(problem)
        lines = (next(self._lines, b"").strip(b" \t") for _ in range(count))
        return from_base64(b"".join(lines), f"'{name}'")

    def end(self) -> None:
        """Refuse a file that has more lines."""
        if next(self._lines, None) is not None:
            problem = "something follows the MAC of the file"
            raise KeyFormatError(problem)


_NAMES: Final = (
    b"Encryption",
    b"Comment",
    b"Public-Lines",
    b"Key-Derivation",
    b"Argon2-Memory",
    b"Argon2-Passes",
    b"Argon2-Parallelism",
    b"Argon2-Salt",
    b"Private-Lines",
    b"Private-MAC",
)
"""The names of the lines after the first, in their order."""
_BETWEEN: Final = (b"\\r\\n", b"\\n", b"\\r")


def _restore_lines(text: bytes) -> bytes:
    r"""Restore line breaks that are spaces, or `\n` as two characters."""
    lines: list[bytes] = []
    for name in _NAMES:
        before, found, rest = text.partition(name + b": ")
        if found:
            lines += _split_block(before)
            text = found + rest
    return b"\n".join([*lines, *_split_block(text)])


def _split_block(line: bytes) -> list[bytes]:
    """Split a line from its block of base64, if it has one."""
    name, separator, value = line.partition(b": ")
    for between in _BETWEEN:
        value = value.removesuffix(between)
    if not name.endswith(b"-Lines"):
        return [name + separator + value.rstrip(b" ")]
    for between in _BETWEEN:
        value = value.replace(between, b" ")
    words = value.split()
    return [b"".join((name, separator, *words[:1])), *words[1:]]
