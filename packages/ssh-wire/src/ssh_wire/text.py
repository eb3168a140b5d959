"""Text of the peer, escaped for logs, errors and terminals.

A peer may send terminal controls, bidirectional overrides and bytes that are not UTF-8.  All text
of a peer that reaches a log, an exception or a terminal passes `printable`.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["escape_lines", "printable", "raw"]

_FIRST_KEPT, _LAST_KEPT = "\udc80", "\udcff"  # bytes that surrogateescape keeps


def printable(text: str | bytes, limit: int = 1024) -> str:
    """Return `text` on one line, with controls, formats, odd spaces and bad UTF-8 escaped.

    Args:
        text: text of the peer, or bytes that should be UTF-8.
        limit: the most characters of the input; longer text ends with an ellipsis.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    escaped = text[:limit]
    if not escaped.isprintable():
        escaped = "".join(map(_escape, escaped))
    return escaped + "…" if len(text) > limit else escaped


def escape_lines(text: str) -> str:
    """Return `text` with everything escaped that `printable` escapes, except line ends.

    RFC 4252 section 5.4 and RFC 4256 section 3.3 ask for "control character filtering" of
    banners and prompts, "to avoid attacks by including terminal control characters".
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(printable(line, limit=len(line)) for line in lines)


def raw(text: str) -> bytes:
    """Return the bytes that a `Text` field was decoded from."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=512)
def _escape(char: str) -> str:
    if char.isprintable():  # neither control nor format, nor a space other than U+0020
        return char
    if char.isascii():
        return f"\\x{ord(char):02x}"
    if _FIRST_KEPT <= char <= _LAST_KEPT:
        return f"\\x{ord(char) & 0xFF:02x}"
    return char.encode("unicode_escape").decode("ascii")
