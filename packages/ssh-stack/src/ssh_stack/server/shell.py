"""Commands and shells of the user who runs the server."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ssh_stack.local.process import LocalProcess, Program
from ssh_stack.server.pty import Terminal
from ssh_stack.server.shell_streams import DescriptorReader, DescriptorWriter
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection import ExitSignal
    from ssh_connection.aio import Session

__all__ = ["LocalShell"]

_KEPT: Final = ("LANG", "PATH", "TZ")
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

_SIGNALS: Final = frozenset(
    {"ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM"}
    | {"USR1", "USR2"}
    | ({"INFO@openssh.com"} if hasattr(signal, "SIGINFO") else set())
)
"""The signals that a client may send (RFC 4254 section 6.9)."""

_ACCEPTED: Final = frozenset(
    {"COLORTERM", "LANG", "LANGUAGE", "NO_COLOR", "TERM", "TZ"}
    | {"LC_ADDRESS", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION", "LC_MEASUREMENT"}
    | {"LC_MESSAGES", "LC_MONETARY", "LC_NAME", "LC_NUMERIC", "LC_PAPER", "LC_TELEPHONE"}
    | {"LC_TIME"}
)

# a session leader without a terminal gets the one that it opens first as its controlling one
_AT_TERMINAL: Final = 'exec "$@" <"$0" >"$0" 2>&1'

_CANNOT_START: Final = 127  # as shells say that there is no such command


class LocalShell:
    """Runs what sessions ask for, through the user's login shell, as sshd does.

    A client that goes away takes its processes with it: the process group gets HUP, then
    TERM, and at the end of the grace KILL.

    Args:
        shell: the shell; by default the user's own.
        env: variables that every process gets.
        accepts: the variables that a client may set, where `serve` is not told others.
        grace: seconds between HUP and KILL.
        xauth: the path of xauth(1), which keeps the cookie of a display that is forwarded.
    """

    def __init__(
        self,
        *,
        shell: str | None = None,
        env: Mapping[str, str] | None = None,
        accepts: frozenset[str] = _ACCEPTED,
        grace: float = 2.0,
        xauth: str = "/usr/bin/xauth",
    ) -> None:
        self.accepts: frozenset[str] = accepts
        self._grace = grace
        self._xauth = xauth
        account = _passwd_entry()
        self._shell = shell or account.get("SHELL") or "/bin/sh"
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        given = {"SHELL": self._shell, **(env or {})}
        self._env: dict[str, str] = {"PATH": _PATH, **kept, **account, **given}

    async def __call__(self, session: Session) -> None:
        """Run a session to its end."""
        terminal: Terminal | None = None
        if session.x11 is not None:
            from ssh_stack.server.xauth import keep_cookie  # rarely used

            await keep_cookie(self._xauth, session.x11, self._environment(session, None))
        try:
            if session.pty is not None:
                terminal = Terminal.open(session.pty)
            run = _Run(session, terminal, self._program(session, terminal))
        except (OSError, ValueError) as error:  # no descriptor or process left, a NUL in the line
            if terminal is not None:
                terminal.close()
            _refuse(session, error)
            return
        session.exit(await run.run(self._grace))

    def _program(self, session: Session, terminal: Terminal | None) -> Program:
        env = self._environment(session, terminal)
        folder = env["HOME"] if os.path.isdir(env["HOME"]) else "/"  # noqa: PTH112 (one look at a local folder)
        words = self._words(session, terminal)
        if terminal is None:
            return Program(arguments=words, executable=self._shell, env=env, folder=folder)
        arguments = ("sh", "-c", _AT_TERMINAL, terminal.path, *words)
        return Program(arguments=arguments, executable="/bin/sh", env=env, folder=folder)

    def _words(self, session: Session, terminal: Terminal | None) -> tuple[str, ...]:
        if session.command is not None:
            return (self._shell, "-c", os.fsdecode(session.command))
        if terminal is None:
            return (f"-{os.path.basename(self._shell)}",)  # noqa: PTH119 (how a login shell is told)
        return (self._shell, "-l")

    def _environment(self, session: Session, terminal: Terminal | None) -> dict[str, str]:
        env = self._env | session.env
        if session.peer is not None and session.local is not None:
            (host, port), (local_host, local_port) = session.peer, session.local
            env["SSH_CLIENT"] = f"{host} {port} {local_port}"
            env["SSH_CONNECTION"] = f"{host} {port} {local_host} {local_port}"
        if session.agent_socket is not None:
            env["SSH_AUTH_SOCK"] = session.agent_socket
        if session.x11 is not None:
            env["DISPLAY"] = session.x11.display
        original = session.original_command
        if original is not None and b"\0" not in original:
            env["SSH_ORIGINAL_COMMAND"] = os.fsdecode(original)  # sshd(8), option `command`
        if terminal is not None and session.pty is not None:
            env["SSH_TTY"] = terminal.path
            env["TERM"] = session.pty.term
        return env


class _Run:
    """One process, and the channel that its streams are joined to.

    Raises:
        OSError: the process cannot be started; nothing is left open.
        ValueError: the same.
    """

    def __init__(self, session: Session, terminal: Terminal | None, program: Program) -> None:
        self._session = session
        self._channel = session.channel
        self._terminal = terminal
        self._dropping = False
        self._open_outputs = 0
        self._silent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        theirs, ours = _pipes() if terminal is None else _terminal_streams(terminal)
        try:
            self._process = LocalProcess(program, theirs)
        except BaseException:
            _close(ours)
            raise
        finally:
            _close(theirs if terminal is None else ())
        if terminal is not None:
            terminal.close_slave()
        unread = session.stop_input if terminal is None else None
        self._sink = DescriptorWriter(ours[0], self._channel.consumed, unread)
        takers = (self._take_output, self._take_errors)
        self._sources = [
            DescriptorReader(descriptor, take, self._output_ended)
            for descriptor, take in zip(ours[1:], takers, strict=False)
        ]
        self._open_outputs = len(self._sources)

    async def run(self, grace: float) -> int | ExitSignal:
        """Carry the streams to the end of the process and its output; return how it ended.

        However this is left, nothing of the process is left behind.
        """
        session = self._session
        session.on_signal = self._signal
        session.on_resize = self._resize
        if self._terminal is None:
            session.on_output_unread = self._sources[0].stop
        else:
            session.on_break = self._send_break
        self._channel.connect(self, auto_adjust=False)
        for source in self._sources:
            source.resume()
        try:
            await asyncio.shield(self._process.ended)
            if self._terminal is not None:
                # a program in the background may keep the terminal, but not the session
                self._sources[0].finish()
            await asyncio.shield(self._silent)
        except BaseException:
            await self._end_process_group(grace)
            raise
        finally:
            self._close()
        return self._process.reap()

    # ------------------------------------------------------------- the end

    async def _end_process_group(self, grace: float) -> None:
        """End the process group in bounded time after the client is gone."""
        self._dropping = True
        self._sink.close()
        for source in self._sources:
            source.resume()  # whoever writes its last words is not stopped
        if self._terminal is not None:
            self._close()
        for number in (signal.SIGHUP, signal.SIGTERM):
            self._process.signal(number)
            self._process.signal(signal.SIGCONT)  # a stopped process handles no signal
            if await self._wait_for_end(grace / 2):
                break
        self._process.signal(signal.SIGKILL)  # to all of the group that are left
        await self._wait_for_end(grace)
        if self._process.ended.done():
            self._process.reap()

    async def _wait_for_end(self, seconds: float) -> bool:
        """Wait for the end of process and output; being cancelled again changes nothing."""
        over = asyncio.gather(self._process.ended, self._silent)
        deadline = asyncio.get_running_loop().time() + seconds
        while not over.done():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            with suppress(asyncio.CancelledError):
                await asyncio.wait([over], timeout=left)
        return True

    def _close(self) -> None:
        self._sink.close()
        for source in self._sources:
            source.close()
        if not self._silent.done():
            self._silent.set_result(None)
        if self._terminal is not None:
            self._terminal.close()

    # ------------------------------------------------------------- from the process

    def _take_output(self, data: memoryview) -> None:
        if not self._dropping and not self._channel.is_closing:
            self._channel.write(data)

    def _take_errors(self, data: memoryview) -> None:
        if not self._dropping and not self._channel.is_closing:
            self._channel.core.write_stderr(data)

    def _output_ended(self) -> None:
        self._open_outputs -= 1
        if not self._open_outputs and not self._silent.done():
            self._silent.set_result(None)

    # ------------------------------------------------------------- from the client

    def data_received(self, data: memoryview) -> None:
        """Give the process what the client sends."""
        self._sink.write(data)

    def eof_received(self) -> None:
        """Pass on that the client sends no more."""
        if self._terminal is None:
            self._sink.write_eof()
        elif not self._process.ended.done():
            self._sink.write(memoryview(self._terminal.end_of_file))

    def pipe_closed(self, error: Exception | None) -> None:
        """Do nothing: the task that conducts the session is cancelled at its end."""

    def pause_writing(self) -> None:
        """Stop reading the program's output while the client's window is closed."""
        for source in self._sources:
            source.pause()

    def resume_writing(self) -> None:
        """Go on reading the program's output."""
        for source in self._sources:
            source.resume()

    def _signal(self, name: str) -> None:
        if name in _SIGNALS:
            self._process.signal(signal.Signals[f"SIG{name.partition('@')[0]}"])

    def _send_break(self, _milliseconds: int) -> None:
        if self._terminal is not None:
            with suppress(OSError):
                self._terminal.send_break()

    def _resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            self._terminal.resize(columns, rows)


def _passwd_entry() -> dict[str, str]:
    """Return what the password database says of the user who runs this process."""
    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:  # in a container, say
        return {"HOME": os.environ.get("HOME", "/"), "SHELL": os.environ.get("SHELL", "")}
    return {
        "HOME": entry.pw_dir,
        "LOGNAME": entry.pw_name,
        "SHELL": entry.pw_shell,
        "USER": entry.pw_name,
    }


def _refuse(session: Session, error: Exception) -> None:
    """Say why nothing was started."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if not session.channel.is_closing:
        session.channel.core.write_stderr(f"cannot start: {printable(reason)}\r\n".encode())
    session.exit(_CANNOT_START)


def _pipes() -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Three pipes: the ends of the process, and ours."""
    pairs: list[tuple[int, int]] = []
    try:
        for _ in range(3):
            pairs.append(os.pipe())  # noqa: PERF401 (what was opened before a failure is closed)
    except OSError:
        _close([end for pair in pairs for end in pair])
        raise
    stdin, stdout, stderr = pairs
    return (stdin[0], stdout[1], stderr[1]), (stdin[1], stdout[0], stderr[0])


def _terminal_streams(terminal: Terminal) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Return the slave side for the process, and the master side twice for us."""
    writer = terminal.duplicate()
    try:
        reader = terminal.duplicate()
    except OSError:
        os.close(writer)
        raise
    return (terminal.slave, terminal.slave, terminal.slave), (writer, reader)


def _close(descriptors: tuple[int, ...] | list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
