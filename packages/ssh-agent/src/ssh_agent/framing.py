"""The frame of an agent message: a uint32 length, then the message (section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_wire import WireError
from ssh_wire.length_prefix import LengthPrefixedReader, with_length

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_MESSAGE", "AgentFrameReader", "frame"]

MAX_MESSAGE: Final = 262_144
"""The longest message, in bytes, in both directions (OpenSSH's AGENT_MAX_LEN)."""


def frame(payload: Buffer) -> bytes:
    """Put the length before a message.

    Raises:
        EncodeError: the message is longer than any agent accepts.
    """
    return with_length(payload, MAX_MESSAGE)


class AgentFrameReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._messages: list[bytes] = []
        self._frames = _Frames(self._keep, MAX_MESSAGE)

    def feed(self, data: Buffer) -> list[bytes]:
        """Take more of the stream; return the messages that it completes.

        Raises:
            WireError: a length is zero or over the limit; the stream has no meaning from
                there on, and the messages completed by the same bytes are lost with it.
        """
        self._messages = []
        self._frames.feed(memoryview(data))
        return self._messages

    def _keep(self, message: memoryview) -> None:
        self._messages.append(bytes(message))


class _Frames(LengthPrefixedReader):
    def refused(self, length: int) -> WireError:
        return WireError(f"agent message: its length is {length}, not 1 to {MAX_MESSAGE}")
