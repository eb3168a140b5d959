"""A lock on a file that several processes change, in the file itself: none other is left behind.

Whoever replaces the file locks what is there, and so does whoever writes to its end; then no
line of one is lost to the other.  Programs that know nothing of the lock are found out by what
they did to the file, as far as that can be seen.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys.files.disk import open_regular
from ssh_wire import lazy

if TYPE_CHECKING:
    import fcntl
    from collections.abc import Generator
else:
    fcntl = lazy.module("fcntl")

__all__ = ["locked"]

_PATIENCE: Final = 5.0
"""The seconds that somebody else's lock is respected: who holds it may be stopped."""
_PAUSE: Final = 0.01


@contextmanager
def locked(path: str | os.PathLike[str], flags: int) -> Generator[int]:
    """Open a regular file and lock it against other processes of ours; yield its descriptor.

    Where the system has no such locks, or somebody holds one for very long, the file is
    opened without.

    Raises:
        KeyFormatError: it is not a regular file.
        OSError: it cannot be opened.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        descriptor = open_regular(path, flags)
        try:
            taken = _lock(descriptor, end)
            # while we waited the file may have been replaced: then the lock is on the old one
            if not taken or _is_there(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_there(path: str | os.PathLike[str], descriptor: int) -> bool:
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, end: float) -> bool:
    """Wait for the lock; return False where there is none to be had."""
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
            time.sleep(_PAUSE)
        except OSError:  # a file system without locks
            return False
        else:
            return True
