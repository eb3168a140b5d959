"""Write an open file without waiting for each block.

Small writes are joined into blocks.  Blocks are sent when they are full, or by `push`; their
replies are counted, and the first refusal is kept until it is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ssh_sftp.client.protocol import Outcome, SFTPClientProtocol
from ssh_sftp.errors import outcome_error
from ssh_sftp.messages import Status, Write
from ssh_sftp.numbers import StatusCode

__all__ = ["WriteBehind"]

_MOST_OUTSTANDING: Final = 8 * 1024 * 1024
_MOST_HELD: Final = 256 * 1024


class WriteBehind:
    """Hold what was written and not sent yet, and count what was sent and not acknowledged.

    Args:
        protocol: the session.
        handle: the open file.
        path: its path, for errors.
        on_progress: called when a block has been acknowledged or refused.
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
        self._held: list[bytes] = []
        self._held_size = 0
        self._held_at = 0
        self._outstanding = 0
        self._error: Exception | None = None

    @property
    def idle(self) -> bool:
        """Return whether everything was acknowledged, and no refusal is kept."""
        return not self._held_size and not self._outstanding and self._error is None

    @property
    def settled(self) -> bool:
        """Return whether every block that was sent has its reply."""
        return not self._outstanding

    @property
    def full(self) -> bool:
        """Return whether to wait for replies before more is sent."""
        return self._outstanding >= _MOST_OUTSTANDING

    def continues(self, offset: int) -> bool:
        """Return whether a write at `offset` follows directly what is held."""
        return bool(self._held_size) and offset == self._held_at + self._held_size

    def hold(self, data: memoryview, offset: int) -> bool:
        """Hold data that follows what is held, without sending anything, if there is room."""
        room = self._held_size + len(data) <= _MOST_HELD
        if not (room and self.continues(offset) and self._error is None):
            return False
        self._keep(data)
        return True

    def put(self, data: memoryview, offset: int) -> None:
        """Take data, which may be changed afterwards, and send all full blocks."""
        if not self.continues(offset):
            self.push()
            self._held_at = offset
        block = self._protocol.write_block
        size = self._held_size + len(data)
        if size < block:
            self._keep(data)
            return
        if self._held:
            data = memoryview(b"".join((*self._held, data)))
        start = self._held_at
        whole = size - size % block
        for at in range(0, whole, block):
            self._send(data[at : at + block], start + at)
        self._held, self._held_size, self._held_at = [], 0, start + whole
        if whole < size:
            self._keep(data[whole:])

    def push(self) -> None:
        """Send what is held."""
        if self._held_size:
            data, offset = b"".join(self._held), self._held_at
            self._held, self._held_size = [], 0
            block = self._protocol.write_block
            for at in range(0, len(data), block):
                self._send(memoryview(data)[at : at + block], offset + at)

    def check(self) -> None:
        """Raise the first refusal, once; what is held is discarded then.

        Raises:
            SFTPError: the server refused, or the session has ended.
        """
        if self._error is not None:
            error, self._error = self._error, None
            self._held, self._held_size = [], 0
            raise error

    def broken(self, error: Exception) -> None:
        """Handle an exception in the callback below."""
        self._error = self._error or error
        self._outstanding = 0
        self._on_progress()

    def _keep(self, data: memoryview) -> None:
        self._held.append(bytes(data))
        self._held_size += len(data)

    def _send(self, data: memoryview, offset: int) -> None:
        size = len(data)

        def on_reply(outcome: Outcome) -> None:
            self._outstanding -= size
            if not (isinstance(outcome, Status) and outcome.code == StatusCode.OK):
                self._error = self._error or outcome_error(outcome, self._path)
            self._on_progress()

        self._outstanding += size
        number = self._protocol.next_id()
        request = Write(id=number, handle=self._handle, offset=offset, data=data)
        self._protocol.submit_now(request, on_reply, self)
