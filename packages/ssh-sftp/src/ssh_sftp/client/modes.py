"""The modes of `open`: "r", "w", "a", "x", with "+" for both ways, "b" for bytes, else text."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ssh_sftp.numbers import OpenFlags
from ssh_wire import UsageError

__all__ = ["BinaryMode", "TextMode", "is_binary", "open_flags"]

# fmt: off
TextMode: TypeAlias = Literal[
    "r", "r+", "rt", "r+t", "rt+", "w", "w+", "wt", "w+t", "wt+",
    "a", "a+", "at", "a+t", "at+", "x", "x+", "xt", "x+t", "xt+",
]
"""Modes of text files; `open` returns a `RemoteTextFile`."""

BinaryMode: TypeAlias = Literal[
    "rb", "r+b", "rb+", "br", "wb", "w+b", "wb+", "bw",
    "ab", "a+b", "ab+", "ba", "xb", "x+b", "xb+", "bx",
]
"""Modes of binary files; `open` returns a `RemoteFile`."""
# fmt: on

_KINDS: Final = {
    "r": OpenFlags.READ,
    "w": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE,
    "a": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.APPEND,
    "x": OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE,
}


def open_flags(mode: str) -> OpenFlags:
    """Return the pflags of a mode (section 6.3).

    Raises:
        UsageError: it is not a mode.
    """
    letters = sorted(mode)
    kinds = [letter for letter in letters if letter in _KINDS]
    others = [letter for letter in letters if letter not in _KINDS]
    if len(kinds) != 1 or others not in ([], ["+"], ["b"], ["t"], ["+", "b"], ["+", "t"]):
        problem = (
            f"{mode!r} is not a mode: use one of r, w, a, x, with + to read and write, "
            'with b for bytes ("rb"), else for text'
        )
        raise UsageError(problem)
    flags = _KINDS[kinds[0]]
    return flags | OpenFlags.READ | OpenFlags.WRITE if "+" in others else flags


def is_binary(mode: str) -> bool:
    """Return whether a mode is that of a binary file."""
    return "b" in mode
