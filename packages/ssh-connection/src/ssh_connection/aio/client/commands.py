"""Commands, shells and subsystems, as a user asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, overload

from ssh_connection.aio.scope import Scope
from ssh_wire import SSHError, UsageError, lazy

if TYPE_CHECKING:
    from ssh_connection import pty as ptys
    from ssh_connection import results
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.client.sessions import Sessions
    from ssh_connection.aio.process import launch, redirect
    from ssh_connection.aio.process import run as running
    from ssh_connection.aio.process import text as texts
    from ssh_connection.aio.process.process import Process
    from ssh_connection.aio.process.redirect import InputSource, OutputTarget
    from ssh_connection.aio.process.text import TextProcess
    from ssh_connection.aio.streams import ByteReader, ByteWriter
    from ssh_connection.pty import Pty
    from ssh_connection.results import Completed
    from ssh_wire.primitives import Buffer
else:
    # loads with the first command
    launch = lazy.module("ssh_connection.aio.process.launch")
    redirect = lazy.module("ssh_connection.aio.process.redirect")
    ptys = lazy.module("ssh_connection.pty")
    results = lazy.module("ssh_connection.results")
    running = lazy.module("ssh_connection.aio.process.run")
    texts = lazy.module("ssh_connection.aio.process.text")

__all__ = ["Commands"]


class Commands:
    """What runs commands, each in a session of its own (RFC 4254 section 6).

    Args:
        sessions: opens the sessions.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[False] = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[bytes]: ...

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[True],
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[str]: ...

    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[bytes] | Completed[str]:
        """Run a command to its end; both its output streams are always drained.

        Args:
            command: a string goes to the remote shell as it is, a list is quoted for it.
            text: give the output as text (UTF-8, what is not becomes U+FFFD).
            stdin: what the command reads: bytes or text, a `Path`, a file open for reading,
                the stream of another process, a function that is called in a thread for the
                next bytes, or DEVNULL; without it, nothing.
            input: the same, for bytes and text, as `subprocess.run` has it.
            timeout: seconds for all of it.
            check: raise unless the exit status is 0.
            env: environment variables to ask for; servers accept few.
            pty: the terminal to ask for.
            stdout: where standard output goes instead of into the result: a `Path`, a file
                open for writing, the stream of another process, a function that takes it as
                it arrives in views valid during the call, or DEVNULL.
            stderr: the same for standard error; STDOUT sends it where standard output goes.
            max_output: the most bytes to collect.
            on_cancel: "terminate" ends the remote process when the call is cancelled, "detach"
                leaves it running until the connection is closed.
            dies_with_channel: have the command end when its channel does, also at a server that
                delivers no signals, and when the connection is lost.  It takes a POSIX shell
                there, and the command reads nothing; with `pty` the terminal hangs up instead.

        Raises:
            CommandFailed: `check` was asked for and it failed.
            ConnectionLost: with what had arrived as `completed`.
            NoExitStatus: the server closed the channel without a status.
            SSHTimeout: with what had arrived as `completed`.
            ChannelOpenRefused: the server refused the session.
            RedirectFailed: a file or a stream cannot be read or written (an OSError).
            UsageError: an argument cannot be used; nothing was sent.
            OSError: a file cannot be opened; nothing was sent.
        """
        given = _standard_input(stdin, input)
        if dies_with_channel and pty is None:
            _require_no_input(given)
            given = None
        options = running.RunOptions(
            redirects=redirect.Redirects(given, stdout, stderr),
            timeout=timeout,
            check=check,
            env=env or {},
            pty=pty,
            max_output=max_output,
            on_cancel=on_cancel,
            dies_with_channel=dies_with_channel,
        )
        line = launch.command_line(command)
        try:
            completed = await running.run_command(line, options, self._sessions.open_drained)
        except SSHError as error:
            if text:
                results.decode_completed(error)
            raise
        return results.decode_output(completed) if text else completed

    @overload
    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: Literal[False] = False,
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[Process]: ...

    @overload
    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: Literal[True],
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[TextProcess]: ...

    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[Process] | Scope[TextProcess]:
        """Start a command and give its streams; leaving the scope ends the remote side.

        Args:
            command: as for `run`; None starts the user's shell.
            text: give the streams as text (UTF-8, what is not becomes U+FFFD).
            stdin: as for `run`; without it, what is written to the process's `stdin`.
            stdout: as for `run`; without it, it is read from the process's `stdout`.
            stderr: the same for standard error.
            pty: the terminal to ask for.
            env: environment variables to ask for.
            dies_with_channel: as for `run`; nothing is written to the process's `stdin`.
            agent_forwarding: whether the command may use the agent here; None for as the
                connection has it.
            x11_forwarding: whether the command may open windows on the display here; None for as
                the connection has it.

        Raises:
            UsageError: an argument cannot be used, or there is no agent or no display; nothing
                was sent.
            RequestRefused: (on entry) the server forwards neither, or has no terminal.
        """
        line = launch.command_line(command) if command is not None else None
        if dies_with_channel and pty is None:
            _require_no_input(stdin)
            stdin = None
        scope = self._sessions.start(
            launch.Launch(
                command=line,
                pty=pty,
                env=env or {},
                dies_with_channel=dies_with_channel,
                agent_forwarding=agent_forwarding,
                x11_forwarding=x11_forwarding,
            ),
            redirect.Redirects(stdin, stdout, stderr),
        )
        if not text:
            return scope

        async def opener() -> TextProcess:
            return texts.TextProcess(await scope.open())

        return Scope(opener)

    @overload
    def shell(
        self,
        *,
        text: Literal[False] = False,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Scope[Process]: ...

    @overload
    def shell(
        self,
        *,
        text: Literal[True],
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Scope[TextProcess]: ...

    def shell(
        self,
        *,
        text: bool = False,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Scope[Process] | Scope[TextProcess]:
        """Start the user's shell at a terminal, as `ssh` without a command does.

        `stdout.expect` waits for its prompts.  `start()` starts a shell without a terminal.

        Args:
            text: give the streams as text (UTF-8, what is not becomes U+FFFD).
            pty: the terminal to ask for; by default one of 80 columns and 24 rows.
            env: environment variables to ask for.

        Raises:
            UsageError: an argument cannot be used; nothing was sent.
        """
        wanted = pty if pty is not None else ptys.Pty()
        if text:
            return self.start(text=True, pty=wanted, env=env)
        return self.start(pty=wanted, env=env)

    def subsystem(self, name: str) -> Scope[Process]:
        """Start a subsystem (RFC 4254 section 6.5) and give its streams."""
        return self._sessions.start(launch.Launch(subsystem=name))

    async def open_subsystem(self, name: str) -> Channel:
        """Start a subsystem and give its channel, to connect a receiver to.

        Raises:
            ChannelOpenRefused: the server refused the session.
            RequestRefused: the server has no such subsystem.
        """
        return await self._sessions.open_subsystem(name)


def _require_no_input(stdin: InputSource | ByteReader | None) -> None:
    """Refuse input for a command to which the end of its input tells the end of its channel."""
    nothing = isinstance(stdin, int) and not isinstance(stdin, bool) and stdin == redirect.DEVNULL
    if stdin is not None and not nothing:
        problem = "dies_with_channel excludes stdin and input: the command reads nothing"
        raise UsageError(problem)


def _standard_input(
    stdin: InputSource | ByteReader | None, content: Buffer | str | None
) -> InputSource | ByteReader | None:
    """Return what a command reads; `content` is what was given as `input`."""
    if content is None:
        return stdin
    if stdin is not None:
        problem = "stdin and input exclude each other"
        raise UsageError(problem)
    if not isinstance(content, str):
        try:
            memoryview(content)
        except TypeError:
            kind = type(content).__name__
            problem = f"input is bytes or text, not {kind}; stdin takes files and streams"
            raise UsageError(problem) from None
    return content
