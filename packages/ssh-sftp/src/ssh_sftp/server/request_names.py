"""The names that sftp-server(8) has for requests, by which an administrator denies them.

`sftp-server -Q requests` lists them; `-P` and `-p` take them.  The log of transactions has them
too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ssh_sftp import messages as m
from ssh_wire import UsageError

__all__ = ["REQUEST_NAMES", "check_request_names", "extension_names"]

REQUEST_NAMES: Final[dict[type[m.Request], str]] = {
    m.Open: "open",
    m.Close: "close",
    m.Read: "read",
    m.Write: "write",
    m.LStat: "lstat",
    m.FStat: "fstat",
    m.SetStat: "setstat",
    m.FSetStat: "fsetstat",
    m.OpenDir: "opendir",
    m.ReadDir: "readdir",
    m.Remove: "remove",
    m.MkDir: "mkdir",
    m.RmDir: "rmdir",
    m.RealPath: "realpath",
    m.Stat: "stat",
    m.Rename: "rename",
    m.ReadLink: "readlink",
    m.SymLink: "symlink",
    m.PosixRename: "posix-rename",
    m.StatVFS: "statvfs",
    m.FStatVFS: "fstatvfs",
    m.HardLink: "hardlink",
    m.FSync: "fsync",
    m.LSetStat: "lsetstat",
    m.LimitsRequest: "limits",
    m.ExpandPath: "expand-path",
    m.CopyData: "copy-data",
    m.HomeDirectory: "home-directory",
    m.UsersGroupsByID: "users-groups-by-id",
    m.CheckFileHandle: "check-file",
    m.CheckFileName: "check-file",
    m.CheckFile: "check-file",
}
"""Each request that is served, in the order in which sftp-server lists them.

The three requests of check-file, which sftp-server does not have, share one name.
"""


def check_request_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names as a set.

    Raises:
        UsageError: a name is not a request: the request that was meant would not be denied.
    """
    given = frozenset(names)
    for name in sorted(given - set(REQUEST_NAMES.values())):
        problem = f"{name!r} is not an SFTP request that sftp-server -Q requests lists"
        raise UsageError(problem)
    return given


def extension_names(extensions: Iterable[str], denied: frozenset[str]) -> list[str]:
    """Return the extensions whose requests are not denied."""
    return [name for name in extensions if name.partition("@")[0] not in denied]
