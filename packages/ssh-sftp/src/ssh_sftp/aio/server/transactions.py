"""A line of the log for each request that a server answers, as sftp-server(8) has them."""

from __future__ import annotations

import logging
from typing import Final

from ssh_sftp import messages as m
from ssh_sftp.numbers import StatusCode
from ssh_sftp.server.request_names import REQUEST_NAMES
from ssh_wire import Message
from ssh_wire.text import printable

__all__ = ["log_request"]

_log: Final = logging.getLogger("ssh_sftp.server")

_LOOKING: Final = frozenset(
    {"read", "write", "lstat", "fstat", "stat", "readdir", "realpath", "readlink", "limits"}
    | {"statvfs", "fstatvfs", "expand-path", "home-directory"}
)
"""What is logged at level DEBUG: what changes nothing, and each block of a file."""

_PATHS: Final = ("path", "old", "new", "target", "link", "user")


def log_request(request: m.Request, answer: Message) -> None:
    """Log a request and how it was answered."""
    name = REQUEST_NAMES.get(type(request), "unknown request")
    level = logging.DEBUG if name in _LOOKING else logging.INFO
    if not _log.isEnabledFor(level):
        return
    paths = (getattr(request, field, None) for field in _PATHS)
    words = [name, *(f"{printable(path)!r}" for path in paths if isinstance(path, str))]
    code = answer.code if isinstance(answer, m.Status) else StatusCode.OK
    if code not in {StatusCode.OK, StatusCode.EOF}:
        words.append(f"refused: {_described(code)}")
    _log.log(level, "%s", " ".join(words))


def _described(code: int) -> str:
    """Return a status in words."""
    try:
        return StatusCode(code).name.lower().replace("_", " ")
    except ValueError:
        return f"status {code}"
