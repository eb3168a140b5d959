"""A socket and a channel, joined: what arrives on one leaves on the other.

Half-closes are carried over, back-pressure works in both directions, and when one side
is lost the other is closed.  Every forward, in both roles and directions, is this.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from ssh_connection.errors import ChannelClosed

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel

__all__ = ["Bridge"]

_NO_PEER: Final = ("127.0.0.1", 65535)
"""The origin of a connection to a Unix socket, as OpenSSH's client names it."""
_TCP: Final = frozenset({socket.AF_INET, socket.AF_INET6})
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Bridge(asyncio.Protocol):
    """The protocol of the socket; `join` gives it the channel.

    Before there is a channel, reading from the socket is paused, but for what `read` waits for.
    What asyncio delivers all the same is kept: before Python 3.11.4 it begins to read although
    `connection_made` has paused reading.  That is one read at the most, since each pauses
    reading again.
    """

    def __init__(self) -> None:
        self.socket: asyncio.Transport | None = None
        self.channel: Channel | None = None
        self._early: list[bytes] = []
        self._arrived = asyncio.Event()
        self._eof_from_socket = False
        self._full = False
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def join(self, channel: Channel) -> None:
        """Begin to carry data between the socket and `channel`."""
        self.channel = channel
        if self.socket is None:
            channel.abort()
            self.finish()
            return
        channel.connect(_ChannelSide(self, self.socket))
        for data in self._early:
            self._send(data)
        self._early.clear()
        if self._eof_from_socket:
            self._send_eof()
        if not self._full:  # what came early may be more than the channel takes
            self.resume_reading()

    # ------------------------------------------------------------- before there is a channel

    async def read(self) -> bytes:
        """Return what the socket brings next; empty at its end."""
        while not self._early and not self._eof_from_socket and self.socket is not None:
            self._arrived.clear()
            self.socket.resume_reading()
            await self._arrived.wait()
        data = b"".join(self._early)
        self._early.clear()
        return data

    def unread(self, data: bytes) -> None:
        """Keep what was read and is for the channel."""
        if data:
            self._early.insert(0, data)

    def write(self, data: bytes) -> None:
        """Send data of our own to the socket."""
        if data and self.socket is not None and not self.socket.is_closing():
            self.socket.write(data)

    # ------------------------------------------------------------- both ends

    def abort(self) -> None:
        """Close both ends now; where data may have been lost, the socket is reset."""
        if self.socket is not None:
            if self.channel is not None:
                _reset_on_close(self.socket)
            self.socket.abort()
        if self.channel is not None:
            self.channel.abort()

    async def wait_done(self) -> None:
        """Wait until the socket and the channel are closed."""
        await asyncio.shield(self._done)

    @property
    def peer(self) -> tuple[str, int]:
        """The address and port of the socket's other end; what OpenSSH sends where it has none."""
        name = self.socket.get_extra_info("peername") if self.socket is not None else None
        if not isinstance(name, tuple):
            return _NO_PEER
        host, port, *_ = cast("tuple[str, int]", name)
        return host, port

    def finish(self) -> None:
        """Finish, once both ends are closed."""
        if self.socket is None and not self._done.done():
            self._done.set_result(None)

    def pause_reading(self) -> None:
        """Pause the socket: the channel takes less than it brings."""
        self._full = True
        if self.socket is not None and not self.socket.is_closing():
            self.socket.pause_reading()

    def resume_reading(self) -> None:
        """Read from the socket again, unless its data has ended: the channel has room."""
        self._full = False
        if self.socket is None or self.socket.is_closing() or self._eof_from_socket:
            return
        self.socket.resume_reading()

    def _send(self, data: bytes) -> None:
        if self.channel is not None:
            with suppress(ChannelClosed):  # the socket is about to be closed, too
                self.channel.write(data)

    def _send_eof(self) -> None:
        if self.channel is not None:
            with suppress(ChannelClosed):
                self.channel.write_eof()

    # ------------------------------------------------------------- what the socket says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket's transport, and read nothing until there is a channel."""
        self.socket = cast("asyncio.Transport", transport)
        self.socket.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Send data of the socket, or keep it until there is a channel."""
        if self.channel is not None:
            self._send(data)
            return
        self._early.append(data)
        self._arrived.set()
        if self.socket is not None:
            # asyncio counts reading as paused already, and would do nothing
            self.socket.resume_reading()
            self.socket.pause_reading()

    def eof_received(self) -> bool:
        """Send EOF; the way back stays open unless it has ended before."""
        self._eof_from_socket = True
        self._arrived.set()
        if self.channel is None:
            return True
        self._send_eof()
        return not self.channel.core.eof_received

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the channel: the socket is closed."""
        self.socket = None
        self._arrived.set()
        if self.channel is None:
            self.finish()
        elif exc is None:
            self.channel.close()
        else:
            self.channel.abort()
        if self.channel is not None and self.channel.is_closed:
            self.finish()

    def pause_writing(self) -> None:
        """Pause the channel: the socket takes less than it brings."""
        if self.channel is not None:
            self.channel.pause_reading()

    def resume_writing(self) -> None:
        """Read from the channel again: the socket has room."""
        if self.channel is not None:
            self.channel.resume_reading()

    @property
    def eof_from_socket(self) -> bool:
        """Whether the socket sends no more."""
        return self._eof_from_socket


def _reset_on_close(transport: asyncio.Transport) -> None:
    """Have a TCP socket be reset when it closes: its user sees that more was to come."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None and sock.family in _TCP:
        with suppress(OSError):  # it is closed
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


class _ChannelSide:
    """What the channel says, done to the socket."""

    def __init__(self, bridge: Bridge, socket: asyncio.Transport) -> None:
        self._bridge = bridge
        self._socket = socket

    def data_received(self, data: memoryview) -> None:
        # a transport may keep what it cannot send at once, and the view ends with the call
        if not self._socket.is_closing():
            self._socket.write(bytes(data))

    def eof_received(self) -> None:
        if self._bridge.eof_from_socket:
            self._socket.close()
        elif self._socket.can_write_eof() and not self._socket.is_closing():
            self._socket.write_eof()

    def pipe_closed(self, error: Exception | None) -> None:
        if error is None:
            self._socket.close()
        else:  # what has arrived is not all
            _reset_on_close(self._socket)
            self._socket.abort()
        self._bridge.finish()

    def pause_writing(self) -> None:
        self._bridge.pause_reading()

    def resume_writing(self) -> None:
        self._bridge.resume_reading()
