"""A forward that listens at the other side: each connection comes to ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias

from ssh_connection.aio.forward.connections import Listening, refuse

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.channel import ChannelProtocol
    from ssh_wire.messages.connection import OpenHead

__all__ = ["Answer", "RemoteForward"]

Answer: TypeAlias = Callable[["ChannelProtocol"], Coroutine[Any, Any, None]]
"""Answers the channel of a connection that came in, and carries it to its end."""


class RemoteForward(Listening):
    """A listener on the other side; connections to it leave from ours.

    Args:
        address: where the other side listens.
        answer: carries one connection.
        cancel: has the other side stop listening.
    """

    def __init__(
        self,
        address: Address,
        answer: Answer,
        cancel: Callable[[RemoteForward], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._address = address
        self._answer = answer
        self._cancel = cancel

    def take(self, message: OpenHead, core: ChannelProtocol) -> None:
        """Carry a connection that came in; the message says from where."""
        del message
        self.accept(core)

    def accept(self, core: ChannelProtocol) -> None:
        """Carry a connection that came in."""
        # one that is closed before the target is reached, or even asked, is refused
        self._carried.start(self._answer(core)).add_done_callback(lambda _: refuse(core))

    @property
    def address(self) -> Address:
        """Where the other side listens."""
        return self._address

    def abort(self) -> None:
        """Cut the connections that are under way; the other side still listens."""
        self._carried.stop()

    async def close(self) -> None:
        """Have the other side stop listening, and close the connections under way."""
        self._carried.stop()
        await self._cancel(self)
        await self._carried.wait()
