"""Commands and shells of the user who runs the server."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_connection import ExitSignal
from ssh_stack.pty import Terminal

if TYPE_CHECKING:
    from ssh_connection.aio import Channel, Session

__all__ = ["LocalShell"]

_KEPT: Final = ("HOME", "LOGNAME", "PATH", "SHELL", "TZ", "USER", "LANG")
_SIGNALS: Final = frozenset(
    {"ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM"}
    | {"USR1", "USR2"}
)
"""The signals that a client may send (RFC 4254 section 6.9)."""


_END_OF_FILE: Final = b"\x04"  # VEOF: a terminal says the end by a character
_LAST_WORDS: Final = 1.0  # seconds for the output of a shell that has ended


class LocalShell:
    """Runs what sessions ask for, through the user's login shell, as sshd does.

    A client that goes away takes its processes with it: the process group gets HUP, and
    after the grace KILL.

    Args:
        shell: the shell; by default the user's own.
        env: variables that every process gets.
        grace: seconds between HUP and KILL.
    """

    def __init__(
        self,
        *,
        shell: str | None = None,
        env: Mapping[str, str] | None = None,
        grace: float = 2.0,
    ) -> None:
        self._user = pwd.getpwuid(os.getuid())
        self._shell = shell or self._user.pw_shell or "/bin/sh"
        self._env = dict(env or {})
        self._grace = grace

    async def __call__(self, session: Session) -> None:
        """Run a session to its end."""
        command = session.command
        words = [self._shell] if command is None else [self._shell, "-c", os.fsdecode(command)]
        if command is None and session.pty is not None:
            words.append("-l")
        terminal = Terminal.open(session.pty) if session.pty is not None else None
        try:
            await _Run(session, terminal, self._grace).conduct(words, self._environment(session))
        finally:
            if terminal is not None:
                terminal.close()

    def _environment(self, session: Session) -> dict[str, str]:
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        env |= {
            "HOME": self._user.pw_dir,
            "USER": self._user.pw_name,
            "LOGNAME": self._user.pw_name,
            "SHELL": self._shell,
        }
        env |= self._env | session.env
        if session.pty is not None:
            env["TERM"] = session.pty.term
        return env


class _Run:
    """One process, and the channel that its streams are joined to."""

    def __init__(self, session: Session, terminal: Terminal | None, grace: float) -> None:
        self._session = session
        self._terminal = terminal
        self._grace = grace

    async def conduct(self, words: list[str], env: dict[str, str]) -> None:
        """Start the process, carry its streams, report its end; leave nothing behind."""
        session = self._session
        joint = _Joint(session.channel, self._terminal)
        try:
            await self._start(joint, words, env)
        except OSError as error:
            with suppress(ConnectionError):
                session.channel.core.write_stderr(f"{words[0]}: {error.strerror}\n".encode())
            session.exit(127)
            return
        session.on_signal = joint.signal
        session.on_resize = self._resize
        session.channel.connect(_Input(joint))
        try:
            status = await joint.wait()
        finally:
            await self._end(joint)
        session.exit(status if status >= 0 else _exit_signal(-status))

    async def _start(self, joint: _Joint, words: list[str], env: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        home = env["HOME"] if os.path.isdir(env["HOME"]) else "/"  # noqa: PTH112, ASYNC240
        if self._terminal is None:
            await loop.subprocess_exec(
                lambda: joint, *words, env=env, cwd=home, start_new_session=True
            )
            return
        slave = self._terminal.slave
        # a session leader without a terminal gets the one that it opens first
        script = 'exec "$@" <"$0" >"$0" 2>&1'
        await loop.subprocess_exec(
            lambda: joint,
            *("/bin/sh", "-c", script, slave, *words),
            env=env,
            cwd=home,
            start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await joint.use_terminal(self._terminal)

    def _resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            self._terminal.resize(columns, rows)

    async def _end(self, joint: _Joint) -> None:
        """End what still runs: HUP, after the grace KILL."""
        for name in ("HUP", "KILL"):
            if joint.exited.is_set():
                break
            joint.signal(name)
            with suppress(TimeoutError):
                await asyncio.wait_for(joint.exited.wait(), self._grace)
        joint.close()


class _Joint(asyncio.SubprocessProtocol):
    """The protocol of the process; what it writes goes to the channel.

    With pipes, standard output and standard error arrive apart; with a terminal they
    arrive together, from its master side.
    """

    def __init__(self, channel: Channel, terminal: Terminal | None) -> None:
        self.exited = asyncio.Event()
        self._channel = channel
        self._process: asyncio.SubprocessTransport | None = None
        self._input: asyncio.WriteTransport | None = None
        self._outputs: list[asyncio.ReadTransport] = []
        self._output_over = asyncio.Event()
        self._terminal = terminal

    # ------------------------------------------------------------- the process's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._process = transport
            stdin = transport.get_pipe_transport(0)
            if isinstance(stdin, asyncio.WriteTransport):
                self._input = stdin
            for fd in (1, 2):
                output = transport.get_pipe_transport(fd)
                if isinstance(output, asyncio.ReadTransport):
                    self._outputs.append(output)

    async def use_terminal(self, terminal: Terminal) -> None:
        """Take the master side of a terminal as input and output."""
        loop = asyncio.get_running_loop()
        output, _ = await loop.connect_read_pipe(lambda: _TerminalOutput(self), terminal.reader())
        self._outputs.append(output)
        self._input, _ = await loop.connect_write_pipe(
            lambda: _TerminalInput(self), terminal.writer()
        )

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if not self._channel.is_closing:
            if fd == 1:
                self._channel.write(data)
            else:
                self._channel.core.write_stderr(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        if fd == 0:
            self._input = None

    def process_exited(self) -> None:
        self.exited.set()
        if self._terminal is not None:
            self._terminal.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended, and so have its pipes."""
        del exc
        if self._terminal is None:
            self._output_over.set()

    def terminal_closed(self) -> None:
        """Nobody has the terminal open any more."""
        self._output_over.set()

    # ------------------------------------------------------------- the run's side

    async def wait(self) -> int:
        """Wait until the process has ended and all its output is read; return its status."""
        await self.exited.wait()
        # a program in the background may keep the terminal, but not the session
        with suppress(TimeoutError):
            patience = None if self._terminal is None else _LAST_WORDS
            await asyncio.wait_for(self._output_over.wait(), patience)
        status = self._process.get_returncode() if self._process is not None else None
        return 255 if status is None else status

    def signal(self, name: str) -> None:
        """Send a signal to the process group."""
        if self._process is not None and not self.exited.is_set() and name in _SIGNALS:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.get_pid(), signal.Signals[f"SIG{name}"])

    def close(self) -> None:
        """Close the streams."""
        for transport in (*self._outputs, self._input):
            if transport is not None:
                transport.close()
        if self._process is not None:
            self._process.close()

    # ------------------------------------------------------------- flow

    def pause_writing(self) -> None:
        """Standard input takes no more."""
        self._channel.pause_reading()

    def resume_writing(self) -> None:
        """Standard input takes more again."""
        self._channel.resume_reading()

    def pause_output(self) -> None:
        """The channel takes no more."""
        for output in self._outputs:
            if not output.is_closing():
                output.pause_reading()

    def resume_output(self) -> None:
        """The channel takes more again."""
        for output in self._outputs:
            if not output.is_closing():
                output.resume_reading()

    def feed(self, data: memoryview) -> None:
        """Give the process what the client sends."""
        if self._input is not None and not self._input.is_closing():
            # a transport may keep what it cannot write at once, and the view ends with the call
            self._input.write(bytes(data))

    def feed_eof(self) -> None:
        """The client sends no more."""
        if self._input is not None and not self._input.is_closing():
            if self._terminal is None:
                self._input.write_eof()
            else:
                self._input.write(_END_OF_FILE)


class _Input:
    """What the client sends, for the process."""

    def __init__(self, joint: _Joint) -> None:
        self.data_received = joint.feed
        self.eof_received = joint.feed_eof
        self.pause_writing = joint.pause_output
        self.resume_writing = joint.resume_output

    def pipe_closed(self, error: Exception | None) -> None:
        """The client closed the session: the run is cancelled, and ends the process."""


class _TerminalOutput(asyncio.Protocol):
    """What the programs at the terminal write."""

    def __init__(self, joint: _Joint) -> None:
        self._joint = joint

    def data_received(self, data: bytes) -> None:
        self._joint.pipe_data_received(1, data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # EIO: the last program has closed the terminal
        self._joint.terminal_closed()


class _TerminalInput(asyncio.BaseProtocol):
    """What the programs at the terminal read."""

    def __init__(self, joint: _Joint) -> None:
        self._joint = joint

    def pause_writing(self) -> None:
        self._joint.pause_writing()

    def resume_writing(self) -> None:
        self._joint.resume_writing()


def _exit_signal(number: int) -> ExitSignal:
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        name = f"{number}@ssh-stack"
    return ExitSignal(name)
