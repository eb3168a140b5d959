"""The Unix socket of an agent: for its user alone, and gone when the agent is."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from ssh_agent.aio.unix_sockets import SocketFile, bind_unix, unsafe_folder
from ssh_wire import UsageError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["BACKLOG", "AgentListener"]

BACKLOG: Final = 128
"""Connections that wait to be taken (OpenSSH's SSH_LISTEN_BACKLOG)."""

_FOLDER_MODE: Final = 0o700


class AgentListener:
    """A listening Unix socket, which `close` removes.

    Attributes:
        socket: the socket, which does not block.
        path: where it is; "" for a socket that another process made (`adopt`).
    """

    def __init__(self, listening: socket.socket, path: str, folder: str = "") -> None:
        listening.setblocking(False)
        self.socket: Final = listening
        self.path: Final = path
        self._folder = folder
        self._file = SocketFile(path) if path else None
        self._owner = os.getpid()

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Self:
        """Make a socket that its user alone can connect to.

        The mask of the process for new files is changed meanwhile: where threads make files,
        open the socket before they start.

        Args:
            path: where; whatever is there already is left alone.  A folder that is missing is
                made.  None for a new folder in that for temporary files.

        Raises:
            OSError: something is there already, or the socket cannot be made.
            UsageError: the folder belongs to another user, or others may change it.
        """
        if path is None:
            folder = tempfile.mkdtemp(prefix="ssh-")  # its mode is 0700
            try:
                name = f"{folder}/agent.{os.getpid()}"
                return cls(_bind(name), name, folder)
            except BaseException:
                Path(folder).rmdir()
                raise
        name = os.fspath(path)
        if "\0" in name:  # the system would end the name there
            raise OSError(errno.EINVAL, "no agent can listen there: a NUL", name)
        _check_folder(Path(name).parent)
        return cls(_bind(name), name)

    @classmethod
    def adopt(cls, descriptor: int) -> Self:
        """Take a listening socket that another process made; nothing of it is removed."""
        return cls(socket.socket(fileno=descriptor), "")

    def take_over(self) -> None:
        """Have this process remove the socket, instead of the one that it was forked from."""
        self._owner = os.getpid()

    def close(self) -> None:
        """Stop listening and remove the socket, unless it was replaced or is another process's."""
        self.socket.close()
        if self._owner != os.getpid() or self._file is None:
            return
        with suppress(FileNotFoundError):
            self._file.remove()
        self._file = None
        if self._folder:
            with suppress(OSError):  # something else is in it
                Path(self._folder).rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _bind(path: str) -> socket.socket:
    try:
        return bind_unix(path, backlog=BACKLOG)
    except OSError as error:
        problem = f"no agent can listen there: {error.strerror}"
        raise OSError(error.errno, problem, path) from None


def _check_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=_FOLDER_MODE)
    reason = unsafe_folder(str(folder))
    if reason:
        problem = f"{folder} {reason}: the socket of an agent is not safe in it"
        raise UsageError(problem)
