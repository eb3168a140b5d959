"""Paths on the server, and which of the names that it lists may become local ones.

A server chooses every name in a listing.  Only a plain component may be joined to a local
directory; other names could lead out of it (CVE-2019-6111).
"""

from __future__ import annotations

import posixpath

__all__ = ["MAX_NAME_BYTES", "basename", "directory_of", "is_dot", "is_plain", "join"]

MAX_NAME_BYTES = 255
"""The longest name that local file systems take (NAME_MAX); a server may list longer ones."""


def is_plain(name: str) -> bool:
    """Return whether a listed name is one plain component: not empty, no dots alone, no separator.

    The length is not checked: a listed name need not fit on a local disk.
    """
    return name not in {"", ".", ".."} and "/" not in name and "\0" not in name


def is_dot(name: str) -> bool:
    """Return whether a name is "." or "..", which servers list too."""
    return name in {".", ".."}


def join(directory: str, name: str) -> str:
    """Join a path on the server and a name below it."""
    if not directory:
        return name
    return directory + name if directory.endswith("/") else f"{directory}/{name}"


def basename(path: str) -> str:
    """Return the last component of a path on the server, which may end in a slash."""
    return posixpath.basename(path.rstrip("/"))


def directory_of(path: str) -> str:
    """Return the directory part of a path on the server; "" where the path has none."""
    return posixpath.dirname(path.rstrip("/"))
