"""Dates in the options of trust files (sshd(8), ssh-keygen(1)).

    YYYYMMDD[Z]   YYYYMMDDHHMM[Z]   YYYYMMDDHHMMSS[Z]

A date with `Z` or `UTC` is in UTC; any other is in the time zone of the machine, unless another
is given.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from ssh_keys.errors import KeyFormatError
from ssh_wire.text import printable

__all__ = ["parse_date"]

_LEAP_SECOND: Final = 60
_DIGITS: Final = (8, 12, 14)


def parse_date(text: str, zone: tzinfo | None = None) -> int:
    """Return a date in seconds since 1970-01-01 00:00:00 UTC.

    Args:
        text: the date.
        zone: the time zone of a date without `Z`; the machine's when not given.

    Raises:
        KeyFormatError: it is not a date after 1970-01-01.
    """
    digits = text
    for suffix in ("Z", "UTC"):
        if text.upper().endswith(suffix):
            digits, zone = text[: -len(suffix)], UTC
    try:
        seconds = _seconds(digits, zone)
    except (ValueError, OverflowError, OSError):
        seconds = 0
    if seconds <= 0:
        problem = f"'{printable(text, 32)}' is not a date"
        raise KeyFormatError(problem)
    return seconds


def _seconds(digits: str, zone: tzinfo | None) -> int:
    if len(digits) not in _DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError
    year, rest = int(digits[:4]), digits[4:].ljust(10, "0")
    month, day, hour, minute, second = (int(rest[pos : pos + 2]) for pos in range(0, 10, 2))
    if second > _LEAP_SECOND:
        raise ValueError
    moment = datetime(year, month, day, hour, minute, tzinfo=zone) + timedelta(seconds=second)
    return int(moment.timestamp())
