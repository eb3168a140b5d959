"""The beginning of a client's connection, up to the server's host key."""

from __future__ import annotations

import asyncio

from ssh_transport import ClosedBeforeIdentification
from ssh_transport import events as ev

__all__ = ["Handshake"]


class Handshake:
    """What the server has sent so far: lines of text, its identification, its host key.

    Attributes:
        host_key: done when the host key has arrived; None where the connection ends before.
        identified: whether the server has identified itself as an SSH server.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.host_key: asyncio.Future[ev.HostKeyReceived | None] = loop.create_future()
        self.identified: bool = False
        self._lines: list[str] = []

    def receive(self, event: ev.Event) -> None:
        """Take an event of the transport."""
        match event:
            case ev.BannerLineReceived(line=line):
                self._lines.append(line)
            case ev.IdentificationReceived():
                self.identified = True
            case ev.HostKeyReceived():
                self._finish(event)
            case _:
                pass

    def end(self) -> None:
        """Wake up who waits: the connection has ended."""
        self._finish(None)

    def _finish(self, event: ev.HostKeyReceived | None) -> None:
        if not self.host_key.done():
            self.host_key.set_result(event)

    def failure(self, cause: BaseException | None) -> ClosedBeforeIdentification:
        """Return the error for a server that ended the connection before it identified itself.

        Args:
            cause: the system's error, if there is one.
        """
        reset = isinstance(cause, ConnectionResetError)
        return ClosedBeforeIdentification(tuple(self._lines), reset=reset)
