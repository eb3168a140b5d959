"""A control socket without an event loop: a call through a master has one thing to do."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from ssh_agent.aio import is_allowed, peer_uid
from ssh_connection.control.client import ControlClient
from ssh_connection.control.errors import ControlViolation, MasterLost
from ssh_wire import SSHError

if TYPE_CHECKING:
    from types import TracebackType

    from ssh_connection.control import messages as m

__all__ = ["MAX_PATH", "ControlSocket"]

MAX_PATH: Final = 107
"""The most bytes of the path of a Unix socket (Linux's sun_path, with its NUL)."""

_READ: Final = 64 * 1024


class ControlSocket:
    """A connection to a master.

    Args:
        connected: the socket.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._client = ControlClient()
        self._messages: list[m.ControlMessage] = []

    @classmethod
    def connect(cls, path: str, timeout: float | None) -> Self:
        """Connect to a master, and exchange hellos.

        Args:
            path: its socket.
            timeout: seconds for the hello; None for no bound.

        Raises:
            OSError: the socket cannot be connected to, or does not answer in time.
            SSHError: its master is another user's, or does not speak the protocol.
        """
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.connect(path)
            _require_own_master(connected)
            connected.settimeout(timeout)
            made = cls(connected)
            made._greet()
            connected.settimeout(None)
        except BaseException:
            connected.close()
            raise
        return made

    def offers(self, extension: str) -> bool:
        """Return whether the master has an extension."""
        return self._client.offers(extension)

    def ask(self, request: m.Request, descriptors: Sequence[int] = ()) -> m.ControlMessage:
        """Send a request with its descriptors; return the answer, which may be a refusal.

        Raises:
            MasterLost: the master ended before it answered.
            ControlViolation: it broke a rule of the protocol.
            OSError: the socket failed.
        """
        try:
            self._socket.sendall(self._client.request(request))
            for each in descriptors:  # each with a byte of its own, as OpenSSH takes them
                socket.send_fds(self._socket, [b"\0"], [each])
        except (BrokenPipeError, ConnectionResetError) as error:
            problem = "the master ended"
            raise MasterLost(problem) from error
        answer = self.next()
        if answer is None:
            problem = "the master ended before it answered"
            raise MasterLost(problem)
        return answer

    def next(self) -> m.ControlMessage | None:
        """Wait for the next message; return None when the master has closed the socket.

        Raises:
            ControlViolation: it broke a rule of the protocol.
        """
        while not self._messages:
            data = self._receive()
            if not data:
                return None
            self._messages += self._client.receive(data)
        return self._messages.pop(0)

    def detach(self) -> tuple[socket.socket, bytes]:
        """Return the socket, with what arrived behind the answer that began the proxy mode."""
        return self._socket, self._client.rest()

    def _greet(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # what it has sent says more
            self._socket.sendall(self._client.hello)
        while not self._client.greeted:
            data = self._receive()
            if not data:
                problem = "what listens there does not speak the control protocol: it hung up"
                raise ControlViolation(problem)
            self._messages += self._client.receive(data)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(_READ)
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        """Close the socket; the master ends the session."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _require_own_master(connected: socket.socket) -> None:
    """Refuse a master of another user: it would get the terminal and what is typed.

    Raises:
        SSHError: it is another user's.
    """
    if not is_allowed(peer_uid(connected)):
        problem = "its master belongs to another user, and is not used"
        raise SSHError(problem)
