"""Messages in the byte stream of a control socket: a uint32 length, then the message.

A byte that carries a descriptor, and what follows the change to proxy mode, are not framed.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.messages import encode
from ssh_wire.length_prefix import with_length

if TYPE_CHECKING:
    from ssh_connection.control.messages import ControlMessage
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_MESSAGE", "ControlReader", "frame"]

MAX_MESSAGE: Final = 256 * 1024
"""The longest message, in bytes (OpenSSH's CHANNEL_MUX_MAX_PACKET)."""

_LENGTH: Final = Struct(">I")


def frame(message: ControlMessage) -> bytes:
    """Return a message as it is sent.

    Raises:
        EncodeError: it is longer than any master takes.
    """
    return with_length(encode(message), MAX_MESSAGE)


class ControlReader:
    """Cuts what arrives into messages, one at a time."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: Buffer) -> None:
        """Take more of the stream."""
        self._data += data

    def next(self) -> bytes | None:
        """Return the next message; None while it is not complete.

        Raises:
            ControlViolation: its length is 0, or over the limit; nothing has a meaning from there.
        """
        if len(self._data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._data)
        if not 0 < length <= MAX_MESSAGE:
            problem = f"a control message has the length {length}, not 1 to {MAX_MESSAGE}"
            raise ControlViolation(problem)
        end = _LENGTH.size + length
        return bytes(self._take(end)[_LENGTH.size :]) if len(self._data) >= end else None

    def skip(self, count: int) -> bool:
        """Drop so many bytes that are not framed; return False while they have not arrived."""
        if len(self._data) < count:
            return False
        self._take(count)
        return True

    def rest(self) -> bytes:
        """Return everything that has arrived and was not returned."""
        return bytes(self._take(len(self._data)))

    def _take(self, count: int) -> bytearray:
        taken = self._data[:count]
        del self._data[:count]
        return taken
