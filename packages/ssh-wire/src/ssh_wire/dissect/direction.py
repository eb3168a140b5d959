"""One direction of a connection: lines, the identification string, packets, then ciphertext.

The data may be hostile.  Lines, packets and everything that is kept between two calls are bounded,
and a violation of the protocol ends the decoding of this direction with a problem.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ssh_wire import lazy_attrs
from ssh_wire.binary_packet import PacketReader
from ssh_wire.errors import WireError
from ssh_wire.numbers import MessageNumber
from ssh_wire.primitives import Buffer
from ssh_wire.text import printable

__all__ = ["DirectionReader", "Piece"]

_PREFIX = b"SSH-"
_LONGEST_LINE = 8_192
_MOST_LINES = 1_024
_NEW_KEYS = bytes([MessageNumber.NEWKEYS])

What: TypeAlias = Literal["line", "identification", "packet", "encrypted", "broken"]


@lazy_attrs.frozen
class Piece:
    """A part of one direction.

    Attributes:
        what: a line before the identification string, the identification string, the payload
            of a packet, the first ciphertext, or the end of what can be decoded.
        data: the line without CR LF, or the payload.
        problem: the problem, escaped.
    """

    what: What
    data: bytes = b""
    problem: str = ""


class DirectionReader:
    """Decodes one direction of a connection.

    Attributes:
        over: the rest is encrypted, or cannot be decoded.
        identified: the identification string was read.
    """

    def __init__(self) -> None:
        self.over: bool = False
        self.identified: bool = False
        self._lines = 0
        self._head = bytearray()
        self._packets = PacketReader()

    def feed(self, data: Buffer) -> list[Piece]:
        """Take more of the stream; return the pieces that it completes."""
        pieces: list[Piece] = []
        try:
            self._read(bytes(data), pieces)
        except WireError as error:
            pieces.append(self.stop(str(error)))
        return pieces

    def stop(self, problem: str) -> Piece:
        """Stop decoding because of a problem."""
        self.over = True
        self._head.clear()
        return Piece("broken", problem=printable(problem))

    def _read(self, data: bytes, pieces: list[Piece]) -> None:
        if self.over or not data:
            return
        if not self.identified:
            data = self._read_lines(data, pieces)
        if self.identified:
            self._read_packets(data, pieces)

    def _read_lines(self, data: bytes, pieces: list[Piece]) -> bytes:
        """Read lines up to the identification string; return the data after it."""
        self._head += data
        pos = 0
        while not self.identified:
            end = self._head.find(b"\n", pos, pos + _LONGEST_LINE)
            if end < 0:
                self._check_line(len(self._head) - pos)
                break
            line = bytes(self._head[pos:end]).rstrip(b"\r")
            pos = end + 1
            self._count_line()
            self.identified = line.startswith(_PREFIX)
            pieces.append(Piece("identification" if self.identified else "line", line))
        rest = bytes(self._head[pos:])
        self._head = bytearray() if self.identified else bytearray(rest)
        return rest if self.identified else b""

    def _count_line(self) -> None:
        self._lines += 1
        if self._lines > _MOST_LINES:
            problem = f"more than {_MOST_LINES} lines before the identification"
            raise WireError(problem)

    def _check_line(self, size: int) -> None:
        if size >= _LONGEST_LINE:
            problem = f"a line of more than {_LONGEST_LINE} bytes before the identification"
            raise WireError(problem)

    def _read_packets(self, data: bytes, pieces: list[Piece]) -> None:
        self._packets.add(data)
        while (payload := self._packets.take()) is not None:
            pieces.append(Piece("packet", payload))
            if payload == _NEW_KEYS:
                self.over = True
                pieces.append(Piece("encrypted"))
                return
