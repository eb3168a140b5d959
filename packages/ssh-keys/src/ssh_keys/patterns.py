"""Host patterns of ssh(1): `*`, `?` and negation, in linear time.

A pattern is a row of states, one bit each; every character of the text moves all of them
at once.  There is nothing to go back to, so no pattern is slow.
"""

from __future__ import annotations

from typing import Final

__all__ = ["matches", "matches_list"]

_ANY: Final = ord("*")
_ONE: Final = ord("?")


def matches(pattern: bytes, text: bytes) -> bool:
    """Say whether the whole of `text` matches: `*` is any characters, `?` is any one."""
    if b"*" not in pattern and b"?" not in pattern:
        return pattern == text
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
