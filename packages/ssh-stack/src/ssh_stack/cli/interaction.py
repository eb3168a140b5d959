"""What the escape sequences of a terminal session do."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ssh_connection import ChannelClosed
from ssh_stack.cli.escapes import Escape, EscapeAction, escape_help, visible
from ssh_stack.cli.relay import Disconnected, Escapes, relay
from ssh_stack.cli.report import LEVELS
from ssh_stack.cli.terminal import RawMode, following_size, window_size
from ssh_transport import ConnectionLost
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from concurrent.futures import ThreadPoolExecutor

    from ssh_connection.aio import Process
    from ssh_stack.cli.call import Call
    from ssh_stack.cli.forwards import Forwards
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection

__all__ = ["Interaction"]

_BREAK: Final = 1000  # milliseconds, as OpenSSH's client asks for


@lazy_attrs.frozen(kw_only=True)
class Interaction:
    """One terminal session, as its user commands it."""

    connection: Connection
    """The connection."""
    process: Process
    """The remote side of the session."""
    fd: int
    """The terminal."""
    forwards: Forwards | None
    """The forwards of the connection, where there are or may be some."""
    report: Report
    """Where messages go, and how many of them."""
    call: Call
    """What was asked for."""
    executor: ThreadPoolExecutor | None
    """The threads of the loop."""
    terminal: RawMode = lazy_attrs.field(init=False)
    """Raw while the session lasts."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "terminal", RawMode(self.fd))

    async def relay(self) -> None:
        """Carry the streams of the process; the terminal is raw meanwhile, and follows its size.

        Raises:
            Disconnected: the user typed the escape for it.
            OutputClosed: our standard output has no reader any more.
            ConnectionLost: the connection ended before the command.
        """
        escapes = None
        if self.call.escape is not None:
            escapes = Escapes(Escape(self.call.escape), self.act)
        self.report.line_end = "\r\n"
        try:
            with self.terminal, following_size(self.fd, self._resize):
                await relay(self.process, self.connection.flush_after, escapes=escapes)
        finally:
            self.report.line_end = "\n"

    def _resize(self, columns: int, rows: int) -> None:
        with suppress(ChannelClosed, ConnectionLost):
            self.process.resize(columns, rows)

    async def act(self, action: EscapeAction) -> bool:
        """Do what an escape sequence asks for; return whether input goes on.

        Raises:
            Disconnected: the connection is to end.
        """
        actions: dict[EscapeAction, Callable[[], Awaitable[bool]]] = {
            EscapeAction.DISCONNECT: self._disconnect,
            EscapeAction.BACKGROUND: self._background,
            EscapeAction.SUSPEND: self._suspend,
            EscapeAction.BREAK: self._break,
            EscapeAction.COMMAND_LINE: self._command_line,
            EscapeAction.INFORMATION: self._information,
            EscapeAction.REKEY: self._rekey,
            EscapeAction.QUIETER: self._quieter,
            EscapeAction.LOUDER: self._louder,
            EscapeAction.LIST: self._list,
            EscapeAction.HELP: self._help,
        }
        return await actions[action]()

    def _say(self, *lines: str, key: str = "") -> None:
        """Print lines, the first of them the escape sequence where `key` is given."""
        typed = [f"{self._mark}{key}"] if key else []
        text = "".join(f"{line}\r\n" for each in (*typed, *lines) for line in each.split("\n"))
        with suppress(OSError, ValueError):  # the terminal is gone
            sys.stderr.write(text)
            sys.stderr.flush()

    @property
    def _mark(self) -> str:
        return visible(self.call.escape or 0)

    @contextmanager
    def _left(self) -> Generator[None]:
        """Have the terminal as it was before, for the length of the block."""
        self.report.line_end = "\n"
        with self.terminal.left():
            yield
        self.report.line_end = "\r\n"

    # ------------------------------------------------------------- the actions

    async def _disconnect(self) -> bool:
        self._say(key=".")
        raise Disconnected

    async def _suspend(self) -> bool:
        self._say(key="^Z [suspend ssh]")
        with self._left():
            os.kill(os.getpid(), signal.SIGTSTP)  # goes on when the shell continues it
        self._resize(*window_size(self.fd))
        return True

    async def _background(self) -> bool:
        from ssh_stack.cli.detach import DetachError, detach  # rarely used

        if self.executor is None or self.connection.config.proxy_command is not None:
            self._say(key="& [not possible with ProxyCommand]")
            return True
        with self._left():
            try:
                detach(self.executor, f"{self._mark}& [backgrounded]")
            except DetachError as error:
                self._say(key=f"& [{error}]")
                return True
        if self.forwards is not None:
            self.forwards.stop_listening()
        with suppress(ChannelClosed):
            self.process.stdin.put(b"\x04")  # "fake EOF on stdin" (clientloop.c)
        return False

    async def _break(self) -> bool:
        self._say(key="B")
        with suppress(ChannelClosed):
            self.process.send_break(_BREAK)
        return True

    async def _rekey(self) -> bool:
        try:
            self.connection.rekey()
        except UsageError as error:  # the keys are a master's
            self._say(str(error), key="R")
        return True

    async def _information(self) -> bool:
        connection = self.connection
        try:
            agreed = connection.agreement
        except UsageError as error:  # they are a master's
            self._say(str(error), key="I")
            return True
        there, back = agreed.client_to_server, agreed.server_to_client
        self._say(
            f"{connection.username} at {connection.host} port {connection.port}, "
            f"{connection.server_software}",
            f"key exchange {agreed.kex}, host key {connection.host_key.kind} "
            f"{connection.host_key.fingerprint()}",
            f"ciphers {there.cipher} and {back.cipher}",
            key="I",
        )
        return True

    async def _list(self) -> bool:
        channels = [f"  {line}" for line in self.connection.channels]
        forwards = [f"  {line}" for line in self._forwards()]
        self._say("The following connections are open:", *channels, *forwards, key="#")
        return True

    def _forwards(self) -> list[str]:
        return [] if self.forwards is None else self.forwards.describe()

    async def _help(self) -> bool:
        self._say(escape_help(self.call.escape or 0, command_line=self.call.command_line))
        return True

    async def _quieter(self) -> bool:
        return self._change_level("V", -1)

    async def _louder(self) -> bool:
        return self._change_level("v", +1)

    def _change_level(self, key: str, step: int) -> bool:
        report = self.report
        if report.on_terminal:
            number = LEVELS.index(report.level) + step
            report.level = LEVELS[min(max(number, 0), len(LEVELS) - 1)]
            self._say(key=f"{key} [LogLevel {report.level}]")
        else:
            self._say(key=f"{key} [messages go elsewhere]")
        return True

    async def _command_line(self) -> bool:
        if not self.call.command_line or self.forwards is None:
            self._say("commandline disabled")
            return True
        from ssh_stack.cli.command_line import read_command  # rarely used

        with self._left():
            await read_command(self.forwards, self.report)
        return True
