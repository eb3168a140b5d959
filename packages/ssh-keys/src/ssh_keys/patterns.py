"""Host patterns of ssh(1): `*`, `?` and negation, in linear time.

The text between two `*` is searched from left to right, and the first match is as good as any
other.  A pattern with `?` is a row of states, one bit each, and every character of the text
moves all of them at once.  Neither way backtracks, so no pattern is slow.
"""

from __future__ import annotations

from typing import Final

__all__ = ["matches", "matches_list"]

_ANY: Final = ord("*")
_ONE: Final = ord("?")


def matches(pattern: bytes, text: bytes) -> bool:
    """Say whether the whole of `text` matches: `*` is any characters, `?` is any one."""
    if b"?" in pattern:
        return _matches_by_states(pattern, text)
    first, *others = pattern.split(b"*")
    if not others:
        return pattern == text
    *between, last = others
    pos, end = len(first), len(text) - len(last)
    if pos > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for piece in between:
        found = text.find(piece, pos, end)
        if found < 0:
            return False
        pos = found + len(piece)
    return True


def matches_list(patterns: tuple[bytes, ...], text: bytes) -> bool:
    """Say whether `text` matches one of the patterns and none of those negated with `!`."""
    found = False
    for pattern in patterns:
        negated = pattern.startswith(b"!")
        if matches(pattern[1:] if negated else pattern, text):
            if negated:
                return False
            found = True
    return found


def _matches_by_states(pattern: bytes, text: bytes) -> bool:
    takes: dict[int, int] = {}  # character -> the states that it leads on from
    takes_all = 0  # the states that any character leads on from
    stays = 0  # the states that any character may stay in
    end = 1
    for char in pattern:
        if char == _ANY:
            stays |= end
            continue
        if char == _ONE:
            takes_all |= end
        else:
            takes[char] = takes.get(char, 0) | end
        end <<= 1
    states = 1
    for char in text:
        states = states & stays | (states & (takes.get(char, 0) | takes_all)) << 1
    return bool(states & end)
