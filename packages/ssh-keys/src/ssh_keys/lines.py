"""Lines of text files, and their fields.

Spaces and tabs separate fields, and a newline ends a line.  Nothing else does: a carriage
return, a NUL or a no-break space in a line never separates.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import KeyFormatError
from ssh_wire import lazy_attrs

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
"""The longest line that is read, in bytes."""

_BLANK: Final = b" \t"
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])
"""Every control character except the tab."""


@lazy_attrs.frozen
class Problem:
    """A line of a file that cannot be used.

    Attributes:
        source: the name of the file, as the caller gave it.
        line: its number, from 1.
        reason: why it cannot be used.
    """

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.source or 'line'}:{self.line}: {self.reason}"


def as_bytes(data: bytes | str) -> bytes:
    """Return the bytes that text was decoded from, or that it encodes to in UTF-8."""
    if not isinstance(data, str):
        return bytes(data)
    try:
        return data.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that no byte decodes to
        return data.encode("utf-8", "replace")


def split_lines(data: bytes | str) -> tuple[bytes, ...]:
    """Return the lines with their newlines; joined, they are the data again."""
    *whole, last = as_bytes(data).split(b"\n")
    lines = [line + b"\n" for line in whole]
    return (*lines, last) if last else tuple(lines)


def strip_comment(line: bytes, number: int = 0) -> bytes:
    """Return a line without the blanks around it; an empty line if it is a comment.

    A byte order mark before line 1, which some editors write, is removed: it would hide the
    first field.
    """
    if number == 1:
        line = line.removeprefix(BOM_UTF8)
    text = line.removesuffix(b"\n").removesuffix(b"\r").strip(_BLANK)
    return b"" if text.startswith(b"#") else text


def numbered_lines(data: bytes | str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are neither blank nor a comment, with their numbers from 1."""
    for number, line in enumerate(as_bytes(data).split(b"\n"), 1):
        if text := strip_comment(line, number):
            yield number, text


def checked_line(line: bytes) -> bytes:
    """Return a line that may be read.

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
    """Return the first field, and the rest after the blanks."""
    field, _, rest = line.partition(b" ")
    if b"\t" in field:
        field, _, rest = line.partition(b"\t")
    return field, rest.lstrip(_BLANK)
