"""Lines of text files: how they are split into fields, and what is not a line.

Spaces and tabs separate, a newline ends a line, and nothing else does either: a carriage
return, a NUL or a no-break space inside a line is never taken for a separator.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final

import attrs

from ssh_keys.errors import KeyFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MAX_LINE",
    "Problem",
    "as_bytes",
    "checked_line",
    "numbered_lines",
    "split_lines",
    "strip_comment",
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


def strip_comment(line: bytes, number: int = 0) -> bytes:
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
        if text := strip_comment(line, number):
            yield number, text


def checked_line(line: bytes) -> bytes:
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
