"""Unix sockets that are listened on: for their user alone, never in the place of anything."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import Final

__all__ = ["SOCKET_MASK", "SocketFile", "bind_unix", "unsafe_folder"]

SOCKET_MASK: Final = 0o177
"""The umask of a socket that its user alone may connect to."""

_ROOT: Final = 0


def bind_unix(path: str, *, mask: int = SOCKET_MASK, backlog: int | None = None) -> socket.socket:
    """Return a socket that is bound to a path, and does not block.

    The mask of the process for new files is changed meanwhile: where threads make files, call
    this before they start.

    Args:
        path: where; whatever is there already is left alone: a file, a socket, a link.
        mask: the umask of the socket.
        backlog: how many connections may wait; None does not listen yet.

    Raises:
        OSError: something is there already, or the socket cannot be made.
    """
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.setblocking(False)
    before = os.umask(mask)
    try:
        bound.bind(path)
        if backlog is not None:
            bound.listen(backlog)
    except OSError as error:
        bound.close()
        # that of a path that is too long has no number
        number = error.errno or errno.ENAMETOOLONG
        raise OSError(number, error.strerror or str(error), path) from None
    except BaseException:
        bound.close()
        raise
    finally:
        os.umask(before)
    return bound


class SocketFile:
    """The name of a bound socket in the file system.

    Args:
        path: where it was bound.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._identity = _identity(path)

    def remove(self) -> None:
        """Remove it, unless it is gone or something else has taken its place.

        Raises:
            OSError: its folder may not be changed.
        """
        if self._identity is not None and _identity(self._path) == self._identity:
            os.unlink(self._path)  # noqa: PTH108 (programs that start without pathlib use it)
        self._identity = None


def unsafe_folder(folder: str) -> str:
    """Return how another user could put a socket of its own into a folder; "" where none can.

    Raises:
        OSError: there is no such folder.
    """
    found = os.stat(folder)  # noqa: PTH116 (as above)
    if found.st_uid not in (_ROOT, os.getuid()):
        return "belongs to another user"
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        return "may be changed by every user"
    return ""


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
