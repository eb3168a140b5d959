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
        """Handle the peer's confirmation."""

    def open_failed(self, error: Exception) -> None:
        """Handle the peer's refusal, or the loss of the connection before its answer."""

    def data_received(self, data: memoryview, /) -> None:
        """Take data; the view is valid during the call."""

    def stderr_received(self, data: memoryview, /) -> None:
        """Take data of standard error; the view is valid during the call."""

    def eof_received(self) -> None:
        """Handle EOF: the peer sends no more data."""

    def request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        """Handle a request, to be answered through the channel's `grant` or `deny`."""

    def closed(self, error: Exception | None) -> None:
        """Handle the end of the channel: clean, or with what ended it or the connection."""

    def pause_writing(self) -> None:
        """Stop writing for now: more is held back than the limit."""

    def resume_writing(self) -> None:
        """Go on writing: most of what was held back has left."""


class NullHandler:
    """The handler that does nothing: of a channel that has no other."""

    def opened(self) -> None:
        """Do nothing."""

    def open_failed(self, error: Exception) -> None:
        """Do nothing."""

    def data_received(self, data: memoryview) -> None:
        """Do nothing."""

    def stderr_received(self, data: memoryview) -> None:
        """Do nothing."""

    def eof_received(self) -> None:
        """Do nothing."""

    def request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        """Do nothing."""

    def closed(self, error: Exception | None) -> None:
        """Do nothing."""

    def pause_writing(self) -> None:
        """Do nothing."""

    def resume_writing(self) -> None:
        """Do nothing."""
