"""An SFTP server made of Paramiko, as its own demonstration has it."""

# ruff: noqa: PTH102, PTH104, PTH105, PTH106, PTH107, PTH115, PTH116, PTH208, PTH211 - as there

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import paramiko  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import socket

lib = cast("Any", paramiko)  # its stubs lack what a server needs


class _File(paramiko.SFTPHandle):  # type: ignore[misc]
    """An open file, in Paramiko's manners."""

    filename: str
    readfile: Any
    writefile: Any

    def stat(self) -> Any:
        return lib.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def chattr(self, attr: Any) -> int:
        return _ok(lambda: lib.SFTPServer.set_file_attr(self.filename, attr))


class _Files(paramiko.SFTPServerInterface):  # type: ignore[misc]
    """The machine's files, as Paramiko's own demonstration serves them."""

    def list_folder(self, path: str) -> Any:
        return _tried(lambda: [_entry(Path(path) / name) for name in os.listdir(path)])

    def stat(self, path: str) -> Any:
        return _tried(lambda: lib.SFTPAttributes.from_stat(os.stat(path)))

    def lstat(self, path: str) -> Any:
        return _tried(lambda: lib.SFTPAttributes.from_stat(os.lstat(path)))

    def open(self, path: str, flags: int, attr: Any) -> Any:
        def opened() -> _File:
            descriptor = os.open(path, flags, 0o666)
            handle = _File(flags)
            mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
            handle.filename = path
            handle.readfile = handle.writefile = os.fdopen(descriptor, mode)
            return handle

        return _tried(opened)

    def chattr(self, path: str, attr: Any) -> int:
        return _ok(lambda: lib.SFTPServer.set_file_attr(path, attr))

    def remove(self, path: str) -> int:
        return _ok(lambda: os.remove(path))

    def rename(self, oldpath: str, newpath: str) -> int:
        if os.path.lexists(newpath):
            return int(lib.SFTP_FAILURE)
        return _ok(lambda: os.rename(oldpath, newpath))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _ok(lambda: os.replace(oldpath, newpath))

    def mkdir(self, path: str, attr: Any) -> int:
        return _ok(lambda: os.mkdir(path))

    def rmdir(self, path: str) -> int:
        return _ok(lambda: os.rmdir(path))

    def symlink(self, target_path: str, path: str) -> int:
        return _ok(lambda: os.symlink(target_path, path))

    def readlink(self, path: str) -> Any:
        return _tried(lambda: os.readlink(path))


class _Accepting(paramiko.ServerInterface):  # type: ignore[misc]
    """Accepts one key, and sessions."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def check_auth_publickey(self, username: str, key: Any) -> int:
        known = key.asbytes() == self._key
        return int(lib.AUTH_SUCCESSFUL if known else lib.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(lib.OPEN_SUCCEEDED)


def _entry(path: Path) -> Any:
    return lib.SFTPAttributes.from_stat(path.lstat(), path.name)


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as error:
        return lib.SFTPServer.convert_errno(error.errno)


def _ok(work: Callable[[], object]) -> int:
    found = _tried(lambda: (work(), lib.SFTP_OK)[1])
    return int(found)


class Server:
    """Serves the machine's files to whoever has a key, one connection beside the other.

    Args:
        host_key: the file of the host key.
        key: the blob of the user's public key.
    """

    def __init__(self, host_key: Path, key: bytes) -> None:
        self._host_key = lib.Ed25519Key.from_private_key_file(str(host_key))
        self._key = key

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until the listener is shut down; then close them."""
        transports: list[Any] = []
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                break
            transport = lib.Transport(accepted)
            transports.append(transport)
            transport.add_server_key(self._host_key)
            transport.set_subsystem_handler("sftp", lib.SFTPServer, _Files)
            transport.start_server(server=_Accepting(self._key), event=threading.Event())
        for transport in transports:
            transport.close()
