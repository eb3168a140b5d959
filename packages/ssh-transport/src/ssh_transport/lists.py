"""Lists of algorithms as `ssh_config` spells changes of them (ssh_config(5), Ciphers)."""

from __future__ import annotations

from ssh_keys.patterns import matches
from ssh_wire import UsageError
from ssh_wire.text import printable

__all__ = ["adjusted"]


def adjusted(names: tuple[str, ...], change: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list with a change made to it.

    Args:
        names: the list.
        change: names or patterns with commas between them: "+a,b" appends them, "^a,b" puts
            them first, "-a,b*" removes them, "a,b" takes the list's place, "" changes nothing.
        known: every name there is; the patterns of all but "-" are looked up in it.

    Raises:
        UsageError: nothing has such a name.
    """
    if not change:
        return names
    sign = change[0] if change[0] in "+-^" else ""
    patterns = change.removeprefix(sign).split(",")
    if sign == "-":
        return tuple(name for name in names if not _matches_any(name, patterns))
    found = tuple(dict.fromkeys(name for part in patterns for name in _named(part, known)))
    if sign == "+":
        found = names + found
    elif sign == "^":
        found += names
    return tuple(dict.fromkeys(found))


def _named(pattern: str, known: tuple[str, ...]) -> list[str]:
    found = [name for name in known if matches(pattern.encode(), name.encode())]
    if not found:
        problem = f"unknown algorithm {printable(pattern, 64)!r}"
        raise UsageError(problem)
    return found


def _matches_any(name: str, patterns: list[str]) -> bool:
    return any(matches(pattern.encode(), name.encode()) for pattern in patterns)
