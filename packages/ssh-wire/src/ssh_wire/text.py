"""Text of the peer, made safe to show.

What a peer sends may hold terminal controls, bidirectional overrides and bytes that are
no UTF-8.  Everything that reaches a log, an exception or a screen passes `printable`.
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "raw"]

_FIRST_KEPT, _LAST_KEPT = "\udc80", "\udcff"  # bytes that surrogateescape keeps
_CONTROL = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def printable(text: str | bytes, limit: int = 1024) -> str:
    """Return `text` on one line with every control, format and undecodable character escaped.

    Args:
        text: text of the peer, or bytes that should be UTF-8.
        limit: the number of characters of the input that are shown; more is cut with an ellipsis.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    shown = "".join(map(_escape, text[:limit]))
    return shown + "…" if len(text) > limit else shown


def raw(text: str) -> bytes:
    """Return the bytes that a `Text` field was decoded from."""
    return text.encode("utf-8", "surrogateescape")


def _escape(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() else f"\\x{ord(char):02x}"
    if unicodedata.category(char) not in _CONTROL:
        return char
    if _FIRST_KEPT <= char <= _LAST_KEPT:
        return f"\\x{ord(char) & 0xFF:02x}"
    return char.encode("unicode_escape").decode("ascii")
