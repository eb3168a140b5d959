"""A connection inside another: a channel in the place of a socket.

Jump hosts are this, as often as needed: the inner connection's driver writes to a
direct-tcpip channel of the outer one, and is fed what arrives on it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ssh_connection.errors import ChannelClosed

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel
    from ssh_transport.aio import Driver

__all__ = ["connect_driver"]


def connect_driver(driver: Driver, channel: Channel) -> None:
    """Let `driver` talk through `channel`."""
    tunnel = _Tunnel(channel)
    driver.connection_made(tunnel)
    channel.connect(_Feed(driver))


class _Tunnel(asyncio.Transport):
    """The channel, as the driver writes to it."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def write(self, data: bytes | bytearray | memoryview) -> None:
        with suppress(ChannelClosed):  # the driver is told that the connection is lost
            self._channel.write(data)

    def pause_reading(self) -> None:
        self._channel.pause_reading()

    def resume_reading(self) -> None:
        self._channel.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low  # the channel has limits of its own

    def get_write_buffer_size(self) -> int:
        return 0  # what the channel keeps it has copied

    def is_closing(self) -> bool:
        return self._channel.is_closing

    def close(self) -> None:
        self._channel.close()

    def abort(self) -> None:
        self._channel.abort()


class _Feed:
    """What arrives on the channel, fed to the driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def data_received(self, data: memoryview) -> None:
        self._driver.feed(data)

    def eof_received(self) -> None:
        self._driver.feed_eof()

    def pipe_closed(self, error: Exception | None) -> None:
        self._driver.connection_lost(error)

    def pause_writing(self) -> None:
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        self._driver.resume_writing()
