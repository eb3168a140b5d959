"""Read and change files known_hosts on disk."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from ssh_keys.files.disk import MAX_TRUST_FILE, read_file, read_open, replace
from ssh_keys.lines import Problem
from ssh_keys.policy import KeyPolicy
from ssh_keys.trust.known_hosts import KnownHosts, format_host_line
from ssh_wire import lazy

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from ssh_keys.public import PublicKey
    from ssh_keys.trust.host_key_update import HostKeyUpdate
    from ssh_keys.trust.known_hosts_file import KnownHostsFile
else:
    pathlib = lazy.module("pathlib")  # with what it imports, 3 ms

__all__ = [
    "append_known_host",
    "change_known_hosts",
    "hash_known_hosts",
    "read_known_hosts",
    "remove_known_host",
    "update_known_host",
]

_OWNER_ONLY_DIRECTORY: Final = 0o700
_TRIES: Final = 20


def read_known_hosts(
    path: str | os.PathLike[str], *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> KnownHosts:
    """Read a known_hosts file; one that does not exist has no hosts.

    Raises:
        KeyFormatError: it is a directory, or too large.
        OSError: it exists and cannot be read; its hosts must not count as unknown.
    """
    try:
        data = read_file(path, MAX_TRUST_FILE)
    except FileNotFoundError:
        return KnownHosts()
    if not data and pathlib.Path(path).is_fifo():
        problem = Problem(
            os.fspath(path), 0, "it is a pipe that holds nothing: was it read before?"
        )
        return KnownHosts(unread=(problem,))
    return KnownHosts.parse(data, os.fspath(path), policy=policy)


def append_known_host(
    path: str | os.PathLike[str], host: str, port: int, key: PublicKey, *, hashed: bool = False
) -> None:
    """Append a host's key to a known_hosts file, in one write.

    If the file or its directory does not exist, it is created for the owner alone.

    Raises:
        UsageError: the host or the port is not valid.
        KeyFormatError: it is not a regular file.
        OSError: it cannot be written.
    """
    from ssh_keys.files.locking import locked  # most programs change no file

    line = format_host_line(host, port, key, hashed=hashed).encode() + b"\n"
    pathlib.Path(path).parent.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    with locked(path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as descriptor:
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":  # the last line has no newline
                line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            problem = f"{os.fspath(path)}: the line was not written completely"
            raise OSError(problem)


def remove_known_host(path: str | os.PathLike[str], host: str, port: int = 22) -> int:
    """Remove the keys of a host from a known_hosts file, as `ssh-keygen -R` does.

    The previous file is kept, with ".old" after its name.  A symbolic link is followed.

    Returns:
        The number of lines that were removed; if it is 0, the file was not touched.

    Raises:
        KeyFormatError: it is not a regular file, or too large.
        OSError: it cannot be read or replaced; it is as it was.
    """
    before, after = change_known_hosts(path, lambda file: file.without(host, port))
    return len(before.lines) - len(after.lines)


def update_known_host(
    path: str | os.PathLike[str],
    host: str,
    port: int,
    update: HostKeyUpdate,
    *,
    hashed: bool = False,
    policy: KeyPolicy = KeyPolicy.DEFAULT,
) -> None:
    """Change the keys of a host in a known_hosts file, in one step.

    The previous file is kept, with ".old" after its name.  A symbolic link is followed.

    Raises:
        UsageError: the host or the port is not valid.
        KeyFormatError: it is not a regular file, or too large.
        OSError: it cannot be read or replaced; it is as it was.
    """
    change_known_hosts(
        path, lambda file: file.updated(host, port, update, hashed=hashed, policy=policy)
    )


def hash_known_hosts(path: str | os.PathLike[str]) -> None:
    """Hash the names of the hosts in a known_hosts file, as `ssh-keygen -H` does.

    The previous file is kept, with ".old" after its name: remove it to hide the names.  A symbolic
    link is followed.

    Raises:
        KeyFormatError: a line cannot be read, so its hosts would stay readable; or it is not a
            regular file, or too large.
        OSError: it cannot be read or replaced; it is as it was.
    """
    change_known_hosts(path, lambda file: file.hashed())


def change_known_hosts(
    path: str | os.PathLike[str], change: Callable[[KnownHostsFile], KnownHostsFile]
) -> tuple[KnownHostsFile, KnownHostsFile]:
    """Change a known_hosts file in one step, under its lock.

    The previous file is kept, with ".old" after its name.  A symbolic link is followed.

    Args:
        path: the file.
        change: returns the changed file, or the same object where the file is to stay as it is;
            it is called again if another program has written to the file meanwhile.

    Returns:
        The file before and after; the same object if there was nothing to change.

    Raises:
        KeyFormatError: it is not a regular file, or too large.
        OSError: it cannot be read or replaced; it is as it was.
    """
    from ssh_keys.files.locking import locked  # most programs change no file
    from ssh_keys.trust.known_hosts_file import KnownHostsFile

    for _ in range(_TRIES):
        with locked(path, os.O_RDONLY) as descriptor:
            seen = os.fstat(descriptor)
            with open(descriptor, "rb", closefd=False) as file:
                content = read_open(file, os.fspath(path), MAX_TRUST_FILE)
            before = KnownHostsFile.parse(content, os.fspath(path))
            after = change(before)
            if after is before or replace(path, after.to_bytes(), backup=True, seen=seen):
                return before, after
    problem = "another program keeps changing it"
    raise OSError(errno.EBUSY, problem, os.fspath(path))
