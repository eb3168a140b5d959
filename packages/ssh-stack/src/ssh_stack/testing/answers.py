"""Commands that a server answers as a test wants, without running anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection import ExitSignal
    from ssh_connection.aio import Session

__all__ = ["Answer", "Answers", "Reply"]

_NOT_FOUND = 127  # as a shell has it


@lazy_attrs.frozen(kw_only=True)
class Answer:
    """What a command writes, and how it ends."""

    stdout: bytes = b""
    """What it writes to standard output."""
    stderr: bytes = b""
    """What it writes to standard error."""
    status: int | ExitSignal = 0
    """Its exit status, or the signal that ends it."""


Reply: TypeAlias = "Answer | Callable[[Session], Awaitable[int | ExitSignal | None]]"
"""An answer, or an async function of a `Session` as `serve` takes it."""


class Answers:
    """A session handler that answers the commands that it was told about.

    Any other command, and a shell, ends with status 127.

    Attributes:
        commands: the commands that clients have run, in the order of their arrival; "" is a
            shell.
    """

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._replies: dict[str, Reply] = {}
        self._other: Reply | None = None

    def answer(self, command: str, reply: Reply) -> None:
        """Have a command answered, from its next run on."""
        self._replies[command] = _checked(reply)

    def answer_others(self, reply: Reply) -> None:
        """Have every command answered that has no answer of its own."""
        self._other = _checked(reply)

    async def __call__(self, session: Session) -> int | ExitSignal | None:
        """Answer one session."""
        command = (session.command or b"").decode("utf-8", "surrogateescape")
        self.commands.append(command)
        reply = self._replies.get(command, self._other)
        if reply is None:
            name = command.encode("utf-8", "surrogateescape") or b"a shell"
            await session.write_stderr(b"%b: the test has no answer for it\n" % name)
            return _NOT_FOUND
        if not isinstance(reply, Answer):
            return await reply(session)
        await session.write(reply.stdout)
        await session.write_stderr(reply.stderr)
        return reply.status


def _checked(reply: Reply) -> Reply:
    if isinstance(reply, Answer) or callable(reply):
        return reply
    problem = f"an answer is an Answer or an async function of a Session, not {reply!r}"
    raise UsageError(problem)
