"""Read an open file sequentially without waiting for each block.

The first read that continues where the last one ended requests one block more than it needs; each
further one doubles the number of blocks ahead, up to a bound.  A read elsewhere starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_sftp.client.protocol import Outcome, SFTPClientProtocol
from ssh_sftp.errors import SFTPProtocolError, outcome_error
from ssh_sftp.messages import Data, Read, Status
from ssh_sftp.numbers import StatusCode

__all__ = ["ReadAhead"]

_MOST_AHEAD: Final = 8 * 1024 * 1024


class ReadAhead:
    """Hold the blocks around the position of one open file.

    Args:
        protocol: the session.
        handle: the open file.
        path: its path, for errors.
        on_progress: called when a block has arrived or failed.
    """

    def __init__(
        self,
        protocol: SFTPClientProtocol,
        handle: bytes,
        path: str,
        on_progress: Callable[[], None],
    ) -> None:
        self._protocol = protocol
        self._handle = handle
        self._path = path
        self._on_progress = on_progress
        self._ready: dict[int, bytes] = {}
        self._asked: dict[int, tuple[int, int]] = {}
        self._next = 0
        self._expected: int | None = None
        self._ahead = 0
        self._end: int | None = None
        self._error: Exception | None = None

    def forget(self) -> None:
        """Discard what was read ahead, after a write or a seek."""
        self._ready.clear()
        self._asked.clear()
        self._expected = None
        self._end = None
        self._error = None
        self._ahead = 0

    def prepare(self, offset: int, size: int) -> None:
        """Request what a read at `offset` needs, and blocks ahead."""
        at_end = self._end is not None and offset >= self._end
        if offset != self._expected or at_end:  # at the end: the file may have grown
            self.forget()
            self._next = offset
        else:
            block = self._protocol.read_block
            self._ahead = min(max(2 * self._ahead, block), _MOST_AHEAD)
        block = self._protocol.read_block
        wanted = offset + size + self._ahead
        while self._next < wanted and self._end is None and self._error is None:
            length = block if self._ahead else min(block, wanted - self._next)
            self._ask(self._next, length)
            self._next += length
        self._protocol.flush()

    def take(self, offset: int, size: int, most: int = 0) -> bytes | None:
        """Return up to `size` bytes at `offset`, b"" at the end, None if they have not arrived.

        Blocks that have arrived behind them are returned too, up to `most` bytes in all.

        Raises:
            SFTPError: the server refused to read there.
        """
        found: list[bytes] = []
        pos, stop = offset, offset + size
        while pos < stop:
            piece = self._ready.get(pos)
            if piece is None:
                if self._end is not None and pos >= self._end:
                    break
                if self._error is not None:
                    if found:
                        break
                    error = self._error
                    self.forget()
                    raise error
                self._put_back(offset, found)
                return None
            del self._ready[pos]
            if len(piece) > stop - pos:
                self._ready[stop] = piece[stop - pos :]
                piece = piece[: stop - pos]
            found.append(piece)
            pos += len(piece)
        while (piece := self._ready.get(pos)) and pos + len(piece) - offset <= most:
            found.append(self._ready.pop(pos))
            pos += len(piece)
        self._expected = pos
        return found[0] if len(found) == 1 else b"".join(found)

    def _put_back(self, offset: int, found: list[bytes]) -> None:
        for piece in found:
            self._ready[offset] = piece
            offset += len(piece)

    def _ask(self, offset: int, length: int) -> None:
        number = self._protocol.next_id()
        self._asked[number] = (offset, length)
        request = Read(id=number, handle=self._handle, offset=offset, length=length)
        self._protocol.submit(request, Data, self._on_reply, self)

    def broken(self, error: Exception) -> None:
        """Handle an exception in the callback below."""
        self._error = error
        self._on_progress()

    def _on_reply(self, outcome: Outcome) -> None:
        if isinstance(outcome, Data | Status):
            block = self._asked.pop(outcome.id, None)
            if block is not None:  # else it was requested before `forget`
                self._answered(outcome, *block)
        else:
            self._error = outcome_error(outcome, self._path)
        self._on_progress()

    def _answered(self, outcome: Data | Status, offset: int, length: int) -> None:
        if isinstance(outcome, Status):
            if outcome.code == StatusCode.EOF:
                self._ends_at(offset)
            else:
                self._error = outcome_error(outcome, self._path)
            return
        size = len(outcome.data)
        if size > length:
            problem = f"{size} bytes answer a READ of {length}"
            raise SFTPProtocolError(problem)
        if size == 0:  # some servers mean EOF; asking again might never end
            self._ends_at(offset)
            return
        self._ready[offset] = bytes(outcome.data)
        if size < length:
            self._ask(offset + size, length - size)
            self._protocol.wake(self._protocol.flush)

    def _ends_at(self, offset: int) -> None:
        self._end = offset if self._end is None else min(self._end, offset)
