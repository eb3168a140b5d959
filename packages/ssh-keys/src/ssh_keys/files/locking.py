"""A lock on a file that several processes change; it is on the file itself, not on a second one.

Processes that replace the file lock it first, and so do those that append to it, so that no line
is lost.  Changes by programs without the lock are detected by the status of the file, as far as
it shows them.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ssh_keys.files.disk import open_regular
from ssh_wire import lazy

if TYPE_CHECKING:
    import fcntl
    import pathlib
    from collections.abc import Generator
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms
    fcntl = lazy.module("fcntl")

__all__ = ["locked"]

_MAX_WAIT: Final = 5.0
"""The seconds to wait for another process, which may have been stopped."""
_RETRY_INTERVAL: Final = 0.01


@contextmanager
def locked(path: str | os.PathLike[str], flags: int) -> Generator[int]:
    """Open a regular file, lock it, and yield its descriptor.

    If the system has no such locks, or another process holds one for too long, the file is opened
    without a lock.

    Raises:
        KeyFormatError: it is not a regular file.
        OSError: it cannot be opened.
    """
    end = time.monotonic() + _MAX_WAIT
    while True:
        descriptor = open_regular(path, flags)
        try:
            taken = _lock(descriptor, end)
            # the file may have been replaced meanwhile; then the lock is on the previous one
            if not taken or _is_current(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_current(path: str | os.PathLike[str], descriptor: int) -> bool:
    try:
        return os.path.samestat(pathlib.Path(path).stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, end: float) -> bool:
    """Wait for the lock; return False if it cannot be had."""
    try:
        flock, how = fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB
    except ImportError:  # on Windows
        return False
    while True:
        try:
            flock(descriptor, how)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(_RETRY_INTERVAL)
        except OSError:  # a file system without locks
            return False
        else:
            return True
