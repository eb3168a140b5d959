"""A file system of fsspec, over SFTP.

It derives from `fsspec.AbstractFileSystem`, which has no types: type checkers see what is used of
it.
"""

from __future__ import annotations

import atexit
import os
import posixpath
import secrets
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

from ssh_sftp import Attributes, SFTPError
from ssh_stack import sync

if TYPE_CHECKING:

    class _FileSystem:
        """What is used of `fsspec.AbstractFileSystem`."""

        _cached: bool

        def __init__(self, *args: Any, **options: Any) -> None: ...  # noqa: ANN401 (fsspec's own)
        def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None: ...  # noqa: ANN401, FBT001, FBT002 (fsspec's own)
        def get_file(self, rpath: Any, lpath: Any, **options: Any) -> None: ...  # noqa: ANN401 (fsspec's own)

else:
    from fsspec import AbstractFileSystem as _FileSystem

__all__ = ["SSHFileSystem"]

_OPEN: WeakSet[SSHFileSystem] = WeakSet()


class SSHFileSystem(_FileSystem):
    """Files of a server, over SFTP.

        fs = fsspec.filesystem("sftp", host="web1")
        with fsspec.open("sftp://web1/srv/data.csv") as file: ...

    The connection is made when it is first needed, and again when it was lost, or in another
    process.  Paths of URLs are absolute.  Host keys are checked as `ssh_stack.connect` does.
    """

    protocol: ClassVar[tuple[str, ...]] = ("sftp", "ssh")

    def __init__(
        self,
        host: str,
        *,
        port: int | None = None,
        auto_mkdir: bool = False,
        sftp_options: Any = None,  # noqa: ANN401 (`SFTPOptions`; sent to workers as it is)
        **options: Any,  # noqa: ANN401 (those of `connect`, and of fsspec)
    ) -> None:
        """Take what `connect` takes; nothing is connected yet.

        Args:
            host: the server, by name, address, or a name of the OpenSSH configuration.
            port: its port, by default that of the configuration.
            auto_mkdir: make missing directories above a file that is written.
            sftp_options: the `SFTPOptions` of the session.
            options: `username`, `password`, `keys`, `known_hosts` and the other options of
                `ssh_stack.sync.connect`; those of fsspec, such as `skip_instance_cache`, too.
        """
        if self._cached:
            return
        fsspecs = {name: options.pop(name) for name in _OF_FSSPEC if name in options}
        super().__init__(**fsspecs)
        self.host = host
        self.auto_mkdir = auto_mkdir
        self._connect = partial(sync.connect, host, port, **options)
        self._sftp_options = sftp_options
        self._lock = Lock()
        self._process = 0
        self._connection: sync.Connection | None = None
        self._session: sync.SFTPClient | None = None

    # ------------------------------------------------------------------ the connection

    @property
    def sftp(self) -> sync.SFTPClient:
        """The session; it is opened if there is none.

        Raises:
            SSHError: the connection could not be made.
        """
        with self._lock:
            mine = self._process == os.getpid()
            alive = mine and self._connection is not None and not self._connection.is_closed
            if self._session is None or not alive:
                self._connection = self._connect().open()
                self._session = self._connection.sftp(self._sftp_options).open()
                self._process = os.getpid()
                _close_at_exit()  # what is registered last is called first
                _OPEN.add(self)
            return self._session

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        with self._lock:
            connection, self._connection, self._session = self._connection, None, None
        if connection is not None and self._process == os.getpid():
            connection.close()

    # ------------------------------------------------------------------ URLs

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:  # noqa: ANN401 (a path, or several)
        if isinstance(path, list):
            several = cast("list[str]", path)
            return [cls._strip_protocol(each) for each in several]
        text = cast("str", os.fspath(path))
        scheme, separator, rest = text.partition("://")
        if separator and scheme in cls.protocol:
            text = "/" + rest.partition("/")[2]
        return text.rstrip("/") or text[:1]

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        if "://" not in path:
            return {}
        scheme, _, rest = path.partition("://")
        parts = urlsplit(f"{scheme}://{rest.partition('/')[0]}")
        found = {"host": parts.hostname, "username": parts.username, "password": parts.password}
        given: dict[str, Any] = {key: unquote(value) for key, value in found.items() if value}
        return {**given, "port": parts.port} if parts.port else given

    # ------------------------------------------------------------------ questions

    def info(self, path: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401 (fsspec's own)
        """Return what is known of a path, links followed."""
        path = self._strip_protocol(path)
        try:
            return _details(path, self.sftp.stat(path or "."))
        except FileNotFoundError:
            found = self.sftp.lstat(path or ".")  # a link that leads nowhere
            return _details(path, found)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: ANN401, FBT001, FBT002 (fsspec's own)
        """Return what is in a directory, or the file itself."""
        path = self._strip_protocol(path)
        if not self.isdir(path):
            found = [self.info(path)]
        else:
            found = [
                self._entry(_joined(path, entry.name), entry.attributes)
                for entry in self.sftp.scandir(path or ".")
            ]
        return found if detail else sorted(each["name"] for each in found)

    def _entry(self, path: str, attributes: Attributes) -> dict[str, Any]:
        if not attributes.is_symlink:
            return _details(path, attributes)
        try:
            return {**_details(path, self.sftp.stat(path)), "islink": True}
        except SFTPError:
            return {**_details(path, attributes), "islink": True}

    def exists(self, path: str, **_: Any) -> bool:  # noqa: ANN401 (fsspec's own)
        """Return whether there is anything at a path."""
        return self.sftp.exists(self._strip_protocol(path) or ".")

    def isdir(self, path: str) -> bool:
        """Return whether a path is, or leads to, a directory."""
        return self.sftp.is_dir(self._strip_protocol(path) or ".")

    def isfile(self, path: str) -> bool:
        """Return whether a path is, or leads to, a regular file."""
        return self.sftp.is_file(self._strip_protocol(path) or ".")

    def modified(self, path: str) -> datetime:
        """Return when a file was modified, in UTC."""
        found: datetime = self.info(path)["mtime"]
        return found

    # ------------------------------------------------------------------ changes

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:  # noqa: ANN401, FBT001, FBT002 (fsspec's own)
        """Make a directory, and those above it."""
        path = self._strip_protocol(path)
        if self.sftp.exists(path):
            raise FileExistsError(path)
        if create_parents:
            self.sftp.makedirs(path)
        else:
            self.sftp.mkdir(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002 (fsspec's own)
        """Make a directory and those above it."""
        path = self._strip_protocol(path)
        if not exist_ok and self.sftp.exists(path):
            raise FileExistsError(path)
        if path.strip("/"):
            self.sftp.makedirs(path, exist_ok=True)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        self.sftp.rmdir(self._strip_protocol(path))

    def _rm(self, path: str) -> None:
        path = self._strip_protocol(path)
        if self.sftp.lstat(path).is_dir:
            self.sftp.rmdir(path)
        else:
            self.sftp.remove(path)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:  # noqa: ANN401, FBT001, FBT002 (fsspec's own)
        """Remove files, and with `recursive` directories and what is in them."""
        whole = recursive and maxdepth is None and isinstance(path, str)
        plain = whole and not set("*?[").intersection(path)
        if plain and self.sftp.lstat(self._strip_protocol(path)).is_dir:
            self.sftp.rmtree(self._strip_protocol(path))
        else:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)

    def mv(self, path1: str, path2: str, **_: Any) -> None:  # noqa: ANN401 (fsspec's own)
        """Rename, and replace a file that has the new name."""
        old, new = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.sftp.supports("posix-rename@openssh.com"):
            self.sftp.posix_rename(old, new)
        else:
            self.sftp.rename(old, new)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:  # noqa: ANN401 (fsspec's own)
        """Copy a file on the server; of a directory, make the directory."""
        old, new = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.isdir(old):
            self.makedirs(new, exist_ok=True)
        else:
            self._make_parent(new)
            self.sftp.copy(old, new)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:  # noqa: ANN401, FBT001, FBT002 (fsspec's own)
        """Make an empty file, or set the times of one."""
        path = self._strip_protocol(path)
        if self.auto_mkdir:
            self._make_parent(path)
        if truncate:
            self.sftp.write_bytes(path, b"")
        else:
            self.sftp.touch(path)

    def _make_parent(self, path: str) -> None:
        parent = posixpath.dirname(path.rstrip("/"))
        if parent.strip("/") and not self.sftp.is_dir(parent):
            self.sftp.makedirs(parent, exist_ok=True)

    # ------------------------------------------------------------------ content

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT001, FBT002 (fsspec's own)
        **_: Any,  # noqa: ANN401 (fsspec's own)
    ) -> Any:  # noqa: ANN401 (a `RemoteFile`, with what a transaction needs)
        path = self._strip_protocol(path)
        if self.auto_mkdir and "r" not in mode:
            self._make_parent(path)
        buffering = 0 if block_size == 0 else -1
        if autocommit or "r" in mode:
            try:
                return self.sftp.open(path, mode, buffering=buffering)
            except SFTPError:
                if "x" in mode and self.sftp.exists(path):  # version 3 has no code for it
                    raise FileExistsError(path) from None
                raise
        part = f"{path}.{secrets.token_hex(8)}.part"
        file: Any = self.sftp.open(part, mode.replace("a", "w"), buffering=buffering)
        file.commit = partial(self.mv, part, path)
        file.discard = partial(self._rm, part)
        return file

    def cat_file(
        self,
        path: str,
        start: int | None = None,
        end: int | None = None,
        **_: Any,  # noqa: ANN401 (fsspec's own)
    ) -> bytes:
        """Return the content of a file, or a range of it; negative ends count from its end."""
        path = self._strip_protocol(path)
        if start is None and end is None:
            return self.sftp.read_bytes(path)
        with self.sftp.open(path) as file:
            size = (file.stat().size or 0) if (start or 0) < 0 or (end or 0) < 0 else 0
            first = max(size + start, 0) if start is not None and start < 0 else start or 0
            file.seek(first)
            if end is None:
                return file.read()
            last = size + end if end < 0 else end
            return file.read(max(last - first, 0))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:  # noqa: ANN401 (fsspec's own)
        """Write a file; with mode "create" it must not exist."""
        with self._open(path, "xb" if mode == "create" else "wb") as file:
            file.write(value)

    def get_file(self, rpath: Any, lpath: Any, callback: Any = None, **options: Any) -> None:  # noqa: ANN401 (fsspec's own)
        """Download a file; of a directory, make the directory."""
        if hasattr(lpath, "write") or options.get("outfile") is not None:
            told = {} if callback is None else {"callback": callback}
            super().get_file(rpath, lpath, **told, **options)
            return
        source = self._strip_protocol(rpath)
        if self.isdir(source):
            Path(lpath).mkdir(parents=True, exist_ok=True)
            return
        Path(lpath).parent.mkdir(parents=True, exist_ok=True)
        self.sftp.get(source, lpath, progress=_progress(callback))

    def put_file(
        self,
        lpath: Any,  # noqa: ANN401 (fsspec's own)
        rpath: str,
        callback: Any = None,  # noqa: ANN401 (fsspec's own)
        mode: str = "overwrite",
        **_: Any,  # noqa: ANN401 (fsspec's own)
    ) -> None:
        """Upload a file; of a directory, make the directory."""
        target = self._strip_protocol(rpath)
        self._refuse_existing(target, mode)
        if Path(lpath).is_dir():
            self.makedirs(target, exist_ok=True)
            return
        self._make_parent(target)
        self.sftp.put(lpath, target, progress=_progress(callback))

    def _refuse_existing(self, path: str, mode: str) -> None:
        if mode == "create" and self.exists(path):
            raise FileExistsError(path)


_OF_FSSPEC = (
    *("use_listings_cache", "listings_expiry_time", "max_paths", "skip_instance_cache"),
    *("asynchronous", "loop", "batch_size"),
)


def _joined(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}" if directory else name


def _details(path: str, found: Attributes) -> dict[str, Any]:
    kind = "directory" if found.is_dir else "file"
    if found.is_symlink:
        kind = "link"
    elif found.has_type and not (found.is_dir or found.is_file):
        kind = "other"
    details: dict[str, Any] = {"name": path, "size": found.size, "type": kind}
    details |= {"mode": found.permissions, "uid": found.uid, "gid": found.gid}
    for name, seconds in (("time", found.atime), ("mtime", found.mtime)):
        if seconds is not None:
            details[name] = datetime.fromtimestamp(seconds, tz=UTC)
    return details


def _progress(callback: Any) -> Any:  # noqa: ANN401 (one of fsspec's; a function for `get`)
    if callback is None:
        return None

    def report(done: int, size: int | None, _path: str) -> None:
        if size is not None:
            callback.set_size(size)
        callback.absolute_update(done)

    return report


def _close_all() -> None:
    for each in tuple(_OPEN):
        each.close()


@cache
def _close_at_exit() -> None:
    """Close them before the end of the event-loop thread, which would warn."""
    atexit.register(_close_all)
