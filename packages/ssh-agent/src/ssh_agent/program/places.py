"""Where the socket of `ssh-agent` is, and the sockets that no agent has any more.

OpenSSH 10.1 and later have it in ~/.ssh/agent, named after the host, because a home directory may
be that of several.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from ssh_agent.aio.listener import AgentListener

__all__ = ["folder_of", "host_hash", "open_default", "remove_stale"]

_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_HASH_SIZE: Final = 10
_SUFFIX_SIZE: Final = 10
_ATTEMPTS: Final = 100
_STALE_AFTER: Final = 3600.0


def folder_of(home: Path) -> Path:
    """Return the folder for the sockets of a user's agents."""
    return home / ".ssh" / "agent"


def host_hash(name: str | None = None) -> str:
    """Return what the sockets of this host have in their names, as OpenSSH computes it."""
    digest = hashlib.sha512((socket.gethostname() if name is None else name).encode()).digest()
    return "".join(_CHARACTERS[byte % len(_CHARACTERS)] for byte in digest[:_HASH_SIZE])


def open_default(home: Path) -> AgentListener:
    """Make a socket with a name of its own in the user's folder.

    Raises:
        OSError: it cannot be made.
        UsageError: the folder is not safe.
    """
    folder = folder_of(home)
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=True)
    for _ in range(_ATTEMPTS):
        suffix = "".join(secrets.choice(_CHARACTERS) for _ in range(_SUFFIX_SIZE))
        path = folder / f"s.{host_hash()}.agent.{suffix}"
        try:
            return AgentListener.open(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise FileExistsError(errno.EEXIST, "every name for a socket is taken", str(folder))


def remove_stale(home: Path, now: float, *, every_host: bool = False) -> None:
    """Remove sockets in the user's folder that no agent listens at, and that are an hour old.

    Args:
        home: the home directory.
        now: the time in seconds since 1970.
        every_host: whether those of other hosts are looked at too.
    """
    prefix = "s." if every_host else f"s.{host_hash()}."
    try:
        entries = list(os.scandir(folder_of(home)))
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):  # it is gone already
            found = entry.stat(follow_symlinks=False)
            if not stat.S_ISSOCK(found.st_mode) or found.st_mtime > now - _STALE_AFTER:
                continue
            if (every_host or entry.name.startswith(prefix)) and _is_stale(entry.path):
                Path(entry.path).unlink()


def _is_stale(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.setblocking(False)
        try:
            trial.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:  # a busy agent is an agent
            return False
    return False
