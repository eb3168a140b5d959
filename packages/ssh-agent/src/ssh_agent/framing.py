"""The frame of an agent message: a uint32 length, then the message (section 4).

A length is believed as soon as its four bytes are there and before anything behind them
is, so a peer cannot make the reader wait for, or store, more than the limit.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from ssh_wire import EncodeError, WireError

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_MESSAGE", "FrameReader", "frame"]

MAX_MESSAGE: Final = 262_144
"""The longest message, in bytes, in both directions (OpenSSH's AGENT_MAX_LEN)."""

_LENGTH = Struct(">I")


def frame(payload: Buffer) -> bytes:
    """Put the length before a message.

    Raises:
        EncodeError: the message is longer than any agent accepts.
    """
    if not 0 < len(payload) <= MAX_MESSAGE:
        problem = f"{len(payload)} bytes; the limit is {MAX_MESSAGE}"
        msg = "agent message"
        raise EncodeError(msg, problem)
    return _LENGTH.pack(len(payload)) + bytes(payload)


class FrameReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: Buffer) -> list[bytes]:
        """Take more of the stream; return the messages that it completes.

        Raises:
            WireError: a length is zero or over the limit; the stream has no meaning from
                there on, and the messages completed by the same bytes are lost with it.
        """
        self._buffer += data
        messages: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if not 0 < length <= MAX_MESSAGE:
                self._buffer.clear()
                problem = f"agent message: its length is {length}, not 1 to {MAX_MESSAGE}"
                raise WireError(problem)
            end = start + _LENGTH.size + length
            if end > len(self._buffer):
                break
            messages.append(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return messages
