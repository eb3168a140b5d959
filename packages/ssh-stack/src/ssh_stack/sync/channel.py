# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""A channel, as requests and as a byte stream."""

from __future__ import annotations

from ssh_connection import aio as aio_ssh_connection
from ssh_stack.sync._blocking import Blocking
from ssh_stack.sync.streams import ByteStream
from ssh_wire.messages import connection as m
from ssh_wire.primitives import Buffer

__all__ = ["Channel"]


class Channel(Blocking[aio_ssh_connection.Channel]):
    """One channel; until a receiver is connected, what arrives is kept."""

    def stream(self) -> ByteStream:
        """Return a byte stream over the channel, which is its receiver from now on."""
        return ByteStream(self._portal, self._portal.call(self._wrapped.stream))

    def write(self, *parts: Buffer) -> None:
        """Send data; what cannot leave now is kept.

        Raises:
            ChannelClosed: the channel is closed, or EOF was sent.
        """
        self._portal.call(self._wrapped.write, *parts)

    def write_eof(self) -> None:
        """Send EOF behind all that was written."""
        self._portal.call(self._wrapped.write_eof)

    def close(self) -> None:
        """Close behind all that was written."""
        self._portal.call(self._wrapped.close)

    def abort(self) -> None:
        """Close now; what was held back is dropped."""
        self._portal.call(self._wrapped.abort)

    def wait_closed(self) -> None:
        """Wait until both sides have closed, or the connection is lost."""
        self._portal.wait(self._wrapped.wait_closed)

    def finish(self, seconds: float) -> None:
        """Close behind all that was written, and cut what has not left in `seconds`."""
        self._portal.wait(self._wrapped.finish, seconds)

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._wrapped.is_closing

    @property
    def is_closed(self) -> bool:
        """Whether both sides have closed, or the connection is lost."""
        return self._wrapped.is_closed

    @property
    def error(self) -> Exception | None:
        """What ended the connection or the channel; None while it lasts, or after a clean end."""
        return self._wrapped.error

    def request(self, message: m.RequestHead) -> bool:
        """Send a request and return whether the peer granted it.

        Raises:
            ChannelClosed: the channel closed before the answer came.
            ConnectionLost: the connection was lost before the answer came.
        """
        return self._portal.wait(self._wrapped.request, message)

    def notify(self, message: m.RequestHead) -> None:
        """Send a request that wants no answer.

        Raises:
            ChannelClosed: the channel is closed.
        """
        self._portal.call(self._wrapped.notify, message)
