"""Paths on the server, and which of the names that it lists may become local ones.

A server chooses every name in a listing.  Only a plain component may be joined to a local
directory; anything else is the way out of it (CVE-2019-6111 and its kin).
"""

from __future__ import annotations

import posixpath

__all__ = ["basename", "is_dot", "is_plain", "join"]

_MAX_NAME_BYTES = 255


def is_plain(name: str) -> bool:
    """Whether a listed name is one plain component: not empty, no dots alone, no separator."""
    return (
        name not in {"", ".", ".."}
        and "/" not in name
        and "\0" not in name
        and len(name.encode("utf-8", "surrogateescape")) <= _MAX_NAME_BYTES
    )


def is_dot(name: str) -> bool:
    """Whether a name is the directory itself or its parent, which honest servers list too."""
    return name in {".", ".."}


def join(directory: str, name: str) -> str:
    """Join a path on the server and a name below it."""
    if not directory:
        return name
    return directory + name if directory.endswith("/") else f"{directory}/{name}"


def basename(path: str) -> str:
    """Return the last component of a path on the server, which may end in a slash."""
    return posixpath.basename(path.rstrip("/"))
