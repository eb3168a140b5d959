"""Which names of hosts and users are safe, wherever they are put: options and shells included.

The rules are those of OpenSSH (readconf.c, `ssh_valid_hostname` and `ssh_valid_ruser`).
"""

from __future__ import annotations

from typing import Final

__all__ = ["is_safe_host", "is_safe_user"]

_NEVER_IN_HOSTS: Final = frozenset("'\"`$\\;&|<>(){}, ")  # the one blank that is printable, too
_NEVER_IN_USERS: Final = frozenset("'\"`;&|<>(){}")


def is_safe_host(name: str) -> bool:
    """Return whether a name of a host can be taken neither for an option nor for shell syntax."""
    return _is_safe(name, _NEVER_IN_HOSTS)


def is_safe_user(name: str) -> bool:
    """Return the same of a user; blanks and backslashes are in the names of some systems."""
    return _is_safe(name, _NEVER_IN_USERS) and " -" not in name and not name.endswith("\\")


def _is_safe(name: str, never: frozenset[str]) -> bool:
    return (
        name.isprintable() and not name.startswith("-") and never.isdisjoint(name) and bool(name)
    )
