"""The public key file format of RFC 4716.

    ---- BEGIN SSH2 PUBLIC KEY ----
    Comment: "a comment"
    base64 in lines of at most 72 characters
    ---- END SSH2 PUBLIC KEY ----

A header continues on the next line if its line ends with a backslash.  Headers other than the
comment are ignored: "Compliant implementations MUST ignore unrecognized header fields".
"""

from __future__ import annotations

from typing import Final

from ssh_keys.errors import KeyFormatError
from ssh_keys.strict_base64 import from_base64, to_base64
from ssh_wire.text import printable

__all__ = ["BEGIN", "decode", "encode", "open_frame"]

BEGIN: Final = b"---- BEGIN SSH2 PUBLIC KEY ----"
_END: Final = b"---- END SSH2 PUBLIC KEY ----"
_COMMENT: Final = b"comment"
_QUOTE: Final = b'"'
_CONTINUED: Final = b"\\"

_WIDTH: Final = 70
_MAX_LINE: Final = 72
_MAX_TAG: Final = 64
_MAX_VALUE: Final = 1024


def decode(data: bytes) -> tuple[bytes, str]:
    """Return the key blob and the comment of a file.

    Raises:
        KeyFormatError: it is not one complete file of this format.
    """
    return open_frame(data, BEGIN, _END, "RFC 4716 public key")


def open_frame(data: bytes, begin: bytes, end: bytes, what: str) -> tuple[bytes, str]:
    """Return what is between two lines of a file, and the comment in its headers.

    Args:
        data: the file.
        begin: its first line.
        end: its last line.
        what: what it is, for the error.

    Raises:
        KeyFormatError: it is not one complete file of this form.
    """
    first, *lines = [line.rstrip(b"\r") for line in data.rstrip().split(b"\n")]
    if first != begin or not lines or lines.pop() != end:
        problem = f"not a {what}: the BEGIN line or the END line is missing"
        raise KeyFormatError(problem)
    comment = b""
    while lines and b":" in lines[0]:
        tag, value = _header(lines)
        if tag.lower() == _COMMENT:
            comment = value
    blob = from_base64(b"".join(lines), f"the text of the {what}")
    return blob, comment.decode("utf-8", "surrogateescape")


def encode(blob: bytes, comment: str) -> str:
    """Return the file of a key blob; control characters of the comment are escaped."""
    text = to_base64(blob).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join([BEGIN.decode(), *_comment(comment), *lines, _END.decode(), ""])


def _header(lines: list[bytes]) -> tuple[bytes, bytes]:
    """Remove the first header from the lines; return its tag and its value."""
    tag, _, value = lines.pop(0).partition(b":")
    while value.endswith(_CONTINUED) and lines:
        value = value[:-1] + lines.pop(0)
    value = value.strip()
    # "The Header-tag MUST NOT be more than 64 8-bit bytes"; "The Header-value MUST NOT be
    # more than 1024 8-bit bytes"
    if len(tag) > _MAX_TAG or len(value) > _MAX_VALUE or value.endswith(_CONTINUED):
        problem = f"the header '{printable(tag, _MAX_TAG)}' is too long or does not end"
        raise KeyFormatError(problem)
    if len(value) > 1 and value.startswith(_QUOTE) and value.endswith(_QUOTE):
        value = value[1:-1]
    return tag, value


def _comment(comment: str) -> list[str]:
    """Return the lines of the header Comment; none without a comment."""
    escaped = printable(comment, len(comment)).encode()[: _MAX_VALUE - 2]
    if not escaped:
        return []
    lines = [""]
    # "A line MUST NOT be longer than 72 8-bit bytes excluding line termination characters"
    for char in f'Comment: "{escaped.decode(errors="ignore")}"':
        if len((lines[-1] + char).encode()) >= _MAX_LINE:
            lines[-1] += "\\"
            lines.append("")
        lines[-1] += char
    return lines
