"""A session of a master's connection, joined to the descriptors of a client."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from ssh_connection import ExitSignal, RequestRefused
from ssh_connection.control import messages as m
from ssh_stack.cli.command_exit import FAILED
from ssh_stack.cli.escapes import Escape, EscapeAction, escape_help
from ssh_stack.cli.relay import (
    Disconnected,
    Escapes,
    OutputClosed,
    Streams,
    relay,
    relay_channel,
)
from ssh_stack.cli.terminal import following_size, local_pty, window_size
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_connection.aio import Channel, Process, Pty
    from ssh_stack.client.connection import Connection

__all__ = ["SharedSession", "end", "relay_stream"]

_BREAK: Final = 1000  # milliseconds
_GRACE: Final = 0.5  # seconds between TERM and KILL, when the client has gone


class SharedSession:
    """One session.

    Args:
        connection: the connection.
        request: what the client asked for.
        descriptors: those that it gave; they are closed by whoever received them.
        environment: the variables that are sent.
    """

    def __init__(
        self,
        connection: Connection,
        request: m.NewSession,
        descriptors: Sequence[int],
        environment: dict[str, str],
    ) -> None:
        self._connection = connection
        self._request = request
        self._streams = Streams(*descriptors)
        self._environment = environment
        self.terminal_refused: bool = False

    async def start(self) -> Process:
        """Open the session and start what is to run in it, without a terminal if need be.

        Raises:
            SSHError: the server refuses.
        """
        pty = self._pty() if self._request.want_tty else None
        try:
            return await self._start(pty)
        except RequestRefused:
            if pty is None:
                raise
        self.terminal_refused = True
        return await self._start(None)

    def _pty(self) -> Pty:
        pty = local_pty(self._streams.stdin)
        return lazy_attrs.evolve(pty, term=self._request.terminal or pty.term)

    async def _start(self, pty: Pty | None) -> Process:
        request, connection = self._request, self._connection
        if request.subsystem:
            return await connection.subsystem(request.command).open()
        return await connection.start(
            request.command or None,
            pty=pty,
            env=self._environment,
            # what the client does not want, it does not get, whatever the master has
            agent_forwarding=None if request.want_agent else False,
            x11_forwarding=None if request.want_x11 else False,
        ).open()

    async def carry(self, process: Process) -> int:
        """Carry the streams until the end; return the exit status.

        Raises:
            ConnectionLost: the connection was lost first.
        """
        try:
            with ExitStack() as stack:
                if process.launch.pty is not None:
                    stack.enter_context(following_size(self._streams.stdin, process.resize))
                    process.resize(*window_size(self._streams.stdin))
                await relay(
                    process, self._connection.flush_after, self._streams, self._escapes(process)
                )
            ended = await process.wait()
        except (Disconnected, OutputClosed):
            return FAILED
        finally:
            await end(process)
        return FAILED if isinstance(ended, ExitSignal) else ended

    def _escapes(self, process: Process) -> Escapes | None:
        character = self._request.escape
        if character == m.NO_ESCAPE or process.launch.pty is None or character > 0xFF:  # noqa: PLR2004 (a byte)
            return None

        async def act(action: EscapeAction) -> bool:
            match action:
                case EscapeAction.DISCONNECT:
                    raise Disconnected
                case EscapeAction.BREAK:
                    process.send_break(_BREAK)
                case EscapeAction.REKEY:
                    self._connection.rekey()
                case EscapeAction.HELP:
                    self._tell(escape_help(character, command_line=False))
                case _:
                    self._tell("this escape sequence is for the master's own session")
            return True

        return Escapes(Escape(character), act)

    def _tell(self, text: str) -> None:
        with suppress(OSError):
            os.write(self._streams.stderr, f"{text}\n".replace("\n", "\r\n").encode())


async def end(process: Process) -> None:
    """End what still runs, soon: the client has gone, or wants no more of it."""
    process.launch = lazy_attrs.evolve(process.launch, grace=_GRACE)
    await process.close()


async def relay_stream(
    connection: Connection, channel: Channel, descriptors: Sequence[int]
) -> None:
    """Carry a client's input and output through a channel until its data ends."""
    with suppress(OutputClosed, SSHError):
        await relay_channel(
            channel, connection.flush_after, Streams(descriptors[0], descriptors[1], -1)
        )
