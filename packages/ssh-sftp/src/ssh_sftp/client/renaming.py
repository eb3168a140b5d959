"""Rename an uploaded file to its final name.

posix-rename@openssh.com replaces an existing file in one step.  Where the server does not have it,
an existing file is renamed first, and back again if the server then refuses: it is never lost.
For a moment there is no file of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ssh_sftp.client.protocol import OnReply, Outcome, SFTPClientProtocol
from ssh_sftp.errors import outcome_error
from ssh_sftp.messages import (
    Close,
    Handle,
    OpenDir,
    PosixRename,
    Remove,
    Rename,
    Request,
    Status,
)
from ssh_sftp.numbers import StatusCode
from ssh_wire import Message

__all__ = ["Naming", "is_ok"]


_NO_DIRECTORY: Final = frozenset({StatusCode.NO_SUCH_FILE, StatusCode.FAILURE})


def is_ok(outcome: Outcome) -> bool:
    """Return whether a request succeeded."""
    return isinstance(outcome, Status) and outcome.code == StatusCode.OK


class _Ask(Protocol):
    def __call__(
        self, request: Request, on_reply: OnReply, expected: type[Message] = Status, /
    ) -> None:
        """Send a request; the reply is a status, or of type `expected`."""


class Naming:
    """Rename one file from its temporary to its final name.

    Args:
        protocol: the session.
        ask: sends a request.
        paths: the temporary path, the final one, and one for an existing file.
        in_the_way: whether a regular file has the final name; None for a file whose type the
            server does not report.
        done: called once with the error, or None.
    """

    def __init__(
        self,
        protocol: SFTPClientProtocol,
        ask: _Ask,
        paths: tuple[str, str, str],
        *,
        in_the_way: bool | None,
        done: Callable[[Exception | None], None],
    ) -> None:
        self._protocol = protocol
        self._ask = ask
        self._part, self._path, self._aside = paths
        self._in_the_way = in_the_way
        self._done = done
        self.left_aside: Exception | None = None
        """Why the file that was in the way is still there, under the third of the paths."""

    def start(self) -> None:
        """Rename."""
        if self._protocol.supports("posix-rename@openssh.com"):
            request = PosixRename(id=self._protocol.next_id(), old=self._part, new=self._path)
            self._ask(request, self._on_replaced)
        else:
            self._by_hand()

    def _on_replaced(self, outcome: Outcome) -> None:
        if isinstance(outcome, Status) and outcome.code == StatusCode.OP_UNSUPPORTED:
            self._by_hand()  # it announced the extension and refuses it
        else:
            self._done(None if is_ok(outcome) else outcome_error(outcome, self._path))

    def _by_hand(self) -> None:
        """Rename; move an existing file away first."""
        if self._in_the_way:
            self._move_aside()
        else:
            self._rename(self._part, self._path, self._on_renamed)

    def _rename(self, old: str, new: str, on_reply: OnReply) -> None:
        self._ask(Rename(id=self._protocol.next_id(), old=old, new=new), on_reply)

    def _on_renamed(self, outcome: Outcome) -> None:
        if is_ok(outcome):
            self._done(None)
        elif isinstance(outcome, Status) and self._in_the_way:
            self._move_aside()
        elif isinstance(outcome, Status) and self._in_the_way is None:
            self._look(outcome_error(outcome, self._path))
        else:
            self._done(outcome_error(outcome, self._path))

    def _look(self, refusal: Exception) -> None:
        """Find out the type of the existing file: a directory is not moved."""

        def on_reply(outcome: Outcome) -> None:
            if isinstance(outcome, Handle):
                closing = Close(id=self._protocol.next_id(), handle=outcome.handle)
                self._ask(closing, lambda _: self._done(refusal))
            elif isinstance(outcome, Status) and outcome.code in _NO_DIRECTORY:
                self._move_aside()
            else:
                self._done(refusal)

        request = OpenDir(id=self._protocol.next_id(), path=self._path)
        self._ask(request, on_reply, Handle)

    # ------------------------------------------------------------------ over a file, by hand

    def _move_aside(self) -> None:
        self._rename(self._path, self._aside, self._on_moved)

    def _on_moved(self, outcome: Outcome) -> None:
        if is_ok(outcome):
            self._rename(self._part, self._path, self._on_named)
        else:
            self._done(outcome_error(outcome, self._path))

    def _on_named(self, outcome: Outcome) -> None:
        if is_ok(outcome):
            removal = Remove(id=self._protocol.next_id(), path=self._aside)
            self._ask(removal, self._on_removed)
            return
        refusal = outcome_error(outcome, self._path)
        self._rename(self._aside, self._path, lambda _: self._done(refusal))

    def _on_removed(self, outcome: Outcome) -> None:
        if not is_ok(outcome):
            self.left_aside = outcome_error(outcome, self._aside)
        self._done(None)
