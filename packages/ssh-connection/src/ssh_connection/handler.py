"""What is told of what happens on a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssh_connection.replies import PendingReply
    from ssh_wire.messages import connection as m

__all__ = ["ChannelHandler", "NullHandler"]


class ChannelHandler(Protocol):
    """What is told of what happens on a channel.

    A handler that raises loses its channel, and the connection goes on: the channel is
    closed and `closed` is told the error.
    """

    def opened(self) -> None:
        """The peer confirmed the channel."""

    def open_failed(self, error: Exception) -> None:
        """The peer refused the channel, or the connection was lost before it answered."""

    def data_received(self, data: memoryview, /) -> None:
        """Data arrived; the view is valid during the call."""

    def stderr_received(self, data: memoryview, /) -> None:
        """Data of standard error arrived; the view is valid during the call."""

    def eof_received(self) -> None:
        """The peer sends no more data."""

    def request_received(self, request: m.AnyChannelRequest, reply: PendingReply) -> None:
        """A request arrived, to be answered through the channel's `grant` or `deny`."""

    def closed(self, error: Exception | None) -> None:
        """The channel is over: cleanly, or with what ended it or the connection."""

    def pause_writing(self) -> None:
        """More is held back than the limit: stop writing for now."""

    def resume_writing(self) -> None:
        """Most of what was held back has left: go on writing."""


class NullHandler:
    """The handler that does nothing: of a channel that has no other."""

    def opened(self) -> None:
        """Nothing."""

    def open_failed(self, error: Exception) -> None:
        """Nothing."""

    def data_received(self, data: memoryview) -> None:
        """Nothing."""

    def stderr_received(self, data: memoryview) -> None:
        """Nothing."""

    def eof_received(self) -> None:
        """Nothing."""

    def request_received(self, request: m.AnyChannelRequest, reply: PendingReply) -> None:
        """Nothing."""

    def closed(self, error: Exception | None) -> None:
        """Nothing."""

    def pause_writing(self) -> None:
        """Nothing."""

    def resume_writing(self) -> None:
        """Nothing."""
