"""Which user names reach a backend.

A user name ends in paths, in commands and in logs.  What could mean something there is
refused here, with the same answer as a wrong password.
"""

from __future__ import annotations

from typing import Final

from ssh_wire.text import printable, raw

__all__ = ["is_acceptable"]

_FORBIDDEN: Final = frozenset("/'`\";&<>|(){}")
"""What leaves a directory or a shell word (OpenSSH's ssh refuses the same)."""


def is_acceptable(user: str, limit: int) -> bool:
    """Return whether a name may be looked up.

    Args:
        user: the name as the client sent it.
        limit: the most bytes that it may have.
    """
    size = len(raw(user))
    if not 0 < size <= limit or user.startswith("-"):
        return False
    # controls, bidirectional overrides and their like: what `printable` would escape
    return printable(user, limit=size) == user and _FORBIDDEN.isdisjoint(user)
