"""The input of a transport: what has arrived, and whether it may be processed now."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_transport.packets.inbound import Inbound

__all__ = ["Held", "Input", "InputFlow", "InputState"]


class InputFlow(Enum):
    """Whether input goes on."""

    READING = auto()
    """The next packet may be processed."""

    DRAINED = auto()
    """No complete packet is left; more input has to arrive first."""

    WAITING = auto()
    """An answer is awaited, or the connection has ended."""


@lazy_attrs.frozen
class Held:
    """A message waits for an authentication decision."""

    payload: bytes
    """The message."""


InputState: TypeAlias = InputFlow | Held


class Input:
    """The receive buffer and the state of what reads from it.

    Attributes:
        inbound: the receive buffer.
        state: whether the next packet may be processed.
        lost: whether nothing more will arrive; what has arrived is still processed.
        processing: whether packets are being processed, in a call that has not returned.
        hold_connection_messages: whether a message above 79 waits instead of ending the
            connection.
    """

    __slots__ = ("hold_connection_messages", "inbound", "lost", "processing", "state")

    def __init__(self, inbound: Inbound) -> None:
        self.inbound: Inbound = inbound
        self.state: InputState = InputFlow.READING
        self.lost: bool = False
        self.processing: bool = False
        self.hold_connection_messages: bool = False

    def arrived(self) -> None:
        """Note that there is more to process."""
        if self.state is InputFlow.DRAINED:
            self.state = InputFlow.READING

    def wait(self) -> None:
        """Process nothing until `resume`."""
        self.state = InputFlow.WAITING

    def resume(self) -> None:
        """Process what has arrived, unless a message is held."""
        if self.state is InputFlow.WAITING:
            self.state = InputFlow.READING

    def release(self) -> bytes | None:
        """Return the message that was held, once it may be processed."""
        state = self.state
        if isinstance(state, Held) and not self.hold_connection_messages:
            self.state = InputFlow.READING
            return state.payload
        return None

    @property
    def may_go_on(self) -> bool:
        """Whether something that arrived before may be there to process."""
        return self.lost or self.state is not InputFlow.DRAINED

    @property
    def paused(self) -> bool:
        """Whether an answer or a decision is awaited."""
        if isinstance(self.state, Held):
            return self.hold_connection_messages
        return self.state is InputFlow.WAITING
