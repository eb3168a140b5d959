"""The socket of a client in proxy mode: the connection protocol, passed in both directions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ssh_stack.client.connection import pass_through

if TYPE_CHECKING:
    import socket

    from ssh_stack.client.connection import Connection

__all__ = ["ServedProxy"]

_READ: Final = 64 * 1024
_WRITE: Final = 256 * 1024


class ServedProxy:
    """Passes messages until the client hangs up, or the connection ends.

    Args:
        connection: the master's connection.
        connected: the client's socket; it does not block, and the caller closes it.

    Raises:
        ConnectionLost: the connection is lost.
    """

    def __init__(self, connection: Connection, connected: socket.socket) -> None:
        self._socket = connected
        self._awake = asyncio.Event()
        self._core = pass_through(connection, self._awake.set)

    async def serve(self, begun: bytes) -> None:
        """Pass messages.

        Args:
            begun: what has arrived already.

        Raises:
            ProtocolError: the client broke a rule.
            SSHError: the connection has ended.
            OSError: the client's socket failed.
        """
        core = self._core
        core.receive(begun)
        while core.end is None:
            self._awake.clear()
            core.advance()
            self._write()
            if core.wants_input and not self._read():
                return
            if not self._awake.is_set():
                await self._wait()
            else:
                await asyncio.sleep(0)  # others have their turn
        raise core.end

    def close(self) -> None:
        """Close what the client had open on the connection."""
        self._core.leave()

    def _read(self) -> bool:
        """Take what has arrived; return False at the end of the stream."""
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return True
        if data:
            self._awake.set()  # more may be there
            self._core.receive(data)
        return bool(data)

    def _write(self) -> None:
        outgoing = self._core.outgoing
        if not outgoing:
            return
        try:
            with memoryview(outgoing) as view, view[:_WRITE] as part:
                count = self._socket.send(part)
        except BlockingIOError:
            return
        self._awake.set()
        self._core.sent(count)

    async def _wait(self) -> None:
        """Wait until there is something to read, to write, or to look at."""
        loop, descriptor = asyncio.get_running_loop(), self._socket.fileno()
        if self._core.wants_input:
            loop.add_reader(descriptor, self._awake.set)
        if self._core.outgoing:
            loop.add_writer(descriptor, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
