"""What the blocking client sends on: a socket, a named pipe, Pageant, or anything like them."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from ssh_agent.clients import connect_error
from ssh_agent.errors import AgentUnavailable
from ssh_agent.location import PAGEANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_agent.location import Location

__all__ = ["AgentStream", "PipeStream", "RawFile", "SocketStream", "open_stream"]

T = TypeVar("T")


class AgentStream(Protocol):
    """A stream to an agent; one thread may send while another receives."""

    def send(self, data: bytes, timeout: float | None) -> None:
        """Send all of `data`; raise TimeoutError or another OSError where that fails."""

    def receive(self, size: int, timeout: float | None) -> bytes:
        """Return some bytes, none at the end; raise TimeoutError or another OSError."""
        ...

    def close(self) -> None:
        """Close it; a thread that receives is told."""


class SocketStream:
    """A connected socket, which is the stream's from now on."""

    def __init__(self, connection: socket.socket) -> None:
        self._sending = connection
        self._receiving = connection.dup()  # each of the two has a timeout of its own

    def send(self, data: bytes, timeout: float | None) -> None:
        """Send all of `data`."""
        self._sending.settimeout(timeout)
        self._sending.sendall(data)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """Return some bytes, none at the end."""
        self._receiving.settimeout(timeout)
        return self._receiving.recv(size)

    def close(self) -> None:
        """Close both directions."""
        with suppress(OSError):
            self._sending.shutdown(socket.SHUT_RDWR)
        self._sending.close()
        self._receiving.close()


class RawFile(Protocol):
    """What an unbuffered file that was opened for reading and writing offers."""

    def read(self, size: int, /) -> bytes | None:
        """Return some bytes, none at the end."""
        ...

    def write(self, data: memoryview, /) -> int | None:
        """Write some bytes; return how many."""
        ...

    def close(self) -> None:
        """Close it."""


class PipeStream:
    """A named pipe of Windows, opened as a file.

    Such a file knows no timeout: what may wait runs in a thread, which is left alone when the
    time is over.
    """

    def __init__(self, file: RawFile) -> None:
        self._file = file

    def send(self, data: bytes, timeout: float | None) -> None:
        """Write all of `data`."""

        def write() -> None:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) or 0 :]

        _within(timeout, write)

    def receive(self, size: int, timeout: float | None) -> bytes:
        """Return some bytes, none at the end."""
        return _within(timeout, lambda: self._file.read(size) or b"")

    def close(self) -> None:
        """Close the file, in a thread: Windows has it wait for a thread that reads."""
        threading.Thread(target=self._file.close, daemon=True).start()


def open_stream(location: Location, timeout: float | None) -> AgentStream:
    """Connect to an agent.

    Raises:
        AgentUnavailable: there is no agent at that place.
        AgentTimeout: it does not take the connection.
    """
    try:
        return _OPENERS[location.transport](location.path, timeout)
    except OSError as error:
        raise connect_error(location.path, error) from error


def _open_socket(path: str, timeout: float | None) -> AgentStream:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return SocketStream(connection)


def _open_pipe(path: str, timeout: float | None) -> AgentStream:
    del timeout  # there is a server that waits, or there is none
    return PipeStream(open(path, "r+b", buffering=0))  # noqa: PTH123 (no path of a file)


def _open_pageant(path: str, timeout: float | None) -> AgentStream:
    del path, timeout
    from ssh_agent.blocking.windows import load_window  # loads on Windows alone
    from ssh_agent.pageant import PageantConversation

    window = load_window()
    if not window.handle:
        problem = "no agent: Pageant does not run"
        raise AgentUnavailable(problem)
    return PageantConversation(window)


_OPENERS = {"socket": _open_socket, "pipe": _open_pipe, PAGEANT: _open_pageant}


def _within(timeout: float | None, call: Callable[[], T]) -> T:
    """Call in a thread; return what it returns, raise what it raises, or TimeoutError."""
    outcome = Future[T]()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 (whoever waits raises it)
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(timeout)
