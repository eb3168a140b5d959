"""What `cp` copies from and to: `path`, `[user@]host:path`, `sftp://[user@]host[:port]/path`."""

from __future__ import annotations

from typing import Final

from ssh_stack.arguments import parse_destination
from ssh_wire import UsageError, lazy_attrs

__all__ = ["Location", "parse_location"]

_SCHEMES: Final = ("sftp://", "scp://")


@lazy_attrs.frozen
class Location:
    """A path, here or on a host."""

    path: str
    """The path; a relative one on a host starts at home."""
    host: str | None = None
    """The host; None for this machine."""
    user: str | None = None
    """The user that was written, if one was."""
    port: int | None = None
    """The port that was written, if one was."""

    def __str__(self) -> str:
        return self.path if self.host is None else f"{self.host}:{self.path}"


def parse_location(text: str) -> Location:
    """Read an argument as scp does: a colon before any slash makes it remote.

    In a URL the slash behind the host is not part of the path, as for scp: `sftp://host/x`
    is at home, `sftp://host//x` is not.

    Raises:
        UsageError: it has no host where it should have one, or its port is not valid.
    """
    for scheme in _SCHEMES:
        if text.startswith(scheme):
            where, _, path = text.removeprefix(scheme).partition("/")
            user, host, port = parse_destination(where)
            from urllib.parse import unquote  # for URLs alone

            return Location(_remote(unquote(path)), host, unquote(user) if user else None, port)
    colon = _colon_index(text)
    if colon < 0:
        return Location(text)
    where, path = text[:colon], text[colon + 1 :]
    name, at, host = where.rpartition("@")
    if not host or (at and not name):
        problem = f"{text!r} is not [user@]host:path"
        raise UsageError(problem)
    return Location(_remote(path), host.removeprefix("[").removesuffix("]"), name or None)


def _colon_index(text: str) -> int:
    """Return the index of the colon behind a host, or -1."""
    if text.startswith(":"):
        return -1
    slash = text.find("/")
    head = text if slash < 0 else text[:slash]
    bracket = head.find("]:")
    if "[" in head and bracket >= 0:
        return bracket + 1
    return head.find(":")


def _remote(path: str) -> str:
    if path.startswith("~/"):
        path = path[2:].lstrip("/")
    return "." if path in {"", "~"} else path
