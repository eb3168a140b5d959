"""A socket with the face of a channel, so that a `Bridge` joins it with another socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from ssh_connection.aio.forward.connections import dial

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.aio.channel import Channel, Receiver

__all__ = ["dial_channel"]


class _Core:
    """What a bridge asks the core of a channel."""

    eof_received: bool = False


class _DialledSocket(asyncio.Protocol):
    """Does what a bridge has a channel do."""

    def __init__(self) -> None:
        self.core = _Core()
        self.is_closed: bool = False
        self._receiver: Receiver | None = None
        self._socket: asyncio.Transport | None = None

    # ------------------------------------------------------------- from the bridge

    def connect(self, receiver: Receiver) -> None:
        """Hand what arrives to a receiver; nothing was read before."""
        self._receiver = receiver
        if self._socket is None:  # it was closed meanwhile
            receiver.pipe_closed(ConnectionResetError())
        else:
            self._socket.resume_reading()

    def write(self, data: bytes) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.write(data)

    def write_eof(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.write_eof()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def abort(self) -> None:
        if self._socket is not None:
            self._socket.abort()

    def pause_reading(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.pause_reading()

    def resume_reading(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.resume_reading()

    # ------------------------------------------------------------- what the socket says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)
        self._socket.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.data_received(memoryview(data))

    def eof_received(self) -> bool:
        self.core.eof_received = True
        if self._receiver is not None:
            self._receiver.eof_received()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket = None
        self.is_closed = True
        if self._receiver is not None:
            self._receiver.pipe_closed(exc)

    def pause_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.pause_writing()

    def resume_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.resume_writing()


async def dial_channel(address: Address) -> Channel:
    """Connect a socket to an address; return it as what a bridge is joined with.

    Raises:
        OSError: it cannot be reached.
    """
    return cast("Channel", await dial(_DialledSocket, address))
