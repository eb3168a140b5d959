"""The socket that a master listens on: for its user alone, and there only once it listens."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from typing import Final, Self

from ssh_agent.aio import SocketFile, bind_unix, is_allowed, peer_uid, unsafe_folder
from ssh_stack.cli.control.control_socket import MAX_PATH
from ssh_wire import UsageError
from ssh_wire.text import printable

__all__ = ["ControlListener"]

_BACKLOG: Final = 64
_RANDOM: Final = 6  # bytes of the temporary name


class ControlListener:
    """A listening Unix socket, which `close` removes.

    Attributes:
        socket: the socket; it does not block.
        path: where it is.
    """

    def __init__(self, listening: socket.socket, path: str) -> None:
        listening.setblocking(False)
        self.socket: Final = listening
        self.path: Final = path
        self._file = SocketFile(path)
        self.is_open: bool = True

    @classmethod
    def open(cls, path: str) -> Self:
        """Listen at a path where there is nothing.

        The socket is bound beside it, and gets its name when it listens: whoever finds it can
        connect.  Neither step replaces anything, nor follows a link.

        Raises:
            FileExistsError: something is there.
            UsageError: the path is too long, or others may change its folder.
            OSError: the socket cannot be made.
        """
        beside = f"{path}.{secrets.token_hex(_RANDOM)}"
        if len(os.fsencode(beside)) > MAX_PATH:
            problem = f"ControlPath {printable(path)} is too long for a socket"
            raise UsageError(problem)
        _check_folder(os.path.dirname(path) or ".")  # noqa: PTH120 (a text without pathlib)
        listening = bind_unix(beside, backlog=_BACKLOG)
        try:
            os.link(beside, path, follow_symlinks=False)
        except BaseException:
            listening.close()
            raise
        finally:
            os.unlink(beside)  # noqa: PTH108 (as above)
        return cls(listening, path)

    def accept(self) -> socket.socket | None:
        """Take a client; None where there is none, or where it is another user's."""
        try:
            taken, _ = self.socket.accept()
        except OSError:  # it has gone again, or there are no descriptors left
            return None
        if not is_allowed(peer_uid(taken)):
            taken.close()
            return None
        taken.setblocking(False)
        return taken

    def close(self) -> None:
        """Stop listening; remove the socket, unless another one is there by now."""
        if not self.is_open:
            return
        self.is_open = False
        self.socket.close()
        with suppress(FileNotFoundError):
            self._file.remove()


def _check_folder(folder: str) -> None:
    """Refuse a folder in which another user could put a socket in the place of this one.

    Raises:
        UsageError: there may be such a user.
        OSError: there is no such folder.
    """
    reason = unsafe_folder(folder)
    if reason:
        problem = f"ControlPath: {printable(folder)} {reason}"
        raise UsageError(problem)
