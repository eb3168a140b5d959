"""When a certificate is good: the value of -V, and how it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ssh_keys.certificates import FOREVER
from ssh_keys.trust import parse_date
from ssh_wire import UsageError

__all__ = ["parse_validity", "tell_validity"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LEEWAY: Final = 59
"""Seconds that a certificate which begins now is valid before: clocks differ."""


def parse_validity(text: str | None, now: int) -> tuple[int, int]:
    """Return the first second in which a certificate is good, and the first in which it is not.

    Args:
        text: `end` or `start:end`, as ssh-keygen(1) describes -V; None is always and forever.
        now: the time, in seconds since 1970.

    Raises:
        UsageError: it has another form, or would never be good.
    """
    if text is None:
        return 0, FOREVER
    start, colon, end = text.rpartition(":")
    if colon:
        first = 0 if start == "always" else _moment(start, now)
    else:
        # the minute is rounded down, and one more is taken off
        first = (now - _LEEWAY) // 60 * 60
    last = FOREVER if end == "forever" else _moment(end, now)
    if first >= last:
        problem = f"{text!r} ends before it begins"
        raise UsageError(problem)
    return first, last


def _moment(text: str, now: int) -> int:
    try:
        if text[:1] in {"+", "-"}:
            return now + int(f"{text[0]}1") * _interval(text[1:])
        if text.startswith("0x"):
            return int(text, 16)
        return parse_date(text)
    except ValueError:
        problem = f"{text!r} is not a time; write +52w, -1d, 20300101, 20300101Z or 0x65a0b0c0"
        raise UsageError(problem) from None


def _interval(text: str) -> int:
    """Return the seconds of a time as in sshd_config(5), TIME FORMATS: 90, 1h30m, 52w."""
    total, digits = 0, ""
    for char in f"{text}s" if text[-1:].isdigit() else text:
        if char.isascii() and char.isdigit():
            digits += char
        elif digits and char.lower() in _UNITS:
            total += int(digits) * _UNITS[char.lower()]
            digits = ""
        else:
            raise ValueError
    if not text or digits:
        raise ValueError
    return total


def tell_validity(first: int, last: int) -> str:
    """Say when a certificate is good, in local time, as ssh-keygen says it."""
    if first == 0 and last == FOREVER:
        return "forever"
    if first == 0:
        return f"before {_local(last)}"
    if last == FOREVER:
        return f"after {_local(first)}"
    return f"from {_local(first)} to {_local(last)}"


def _local(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: DTZ006 (local)
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
