"""The client's end of a connection: from the byte stream to commands, streams and forwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from ssh_connection.addresses import Address, parse_address
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.command import RunOptions, run_command
from ssh_connection.aio.establish import ClientEndpoint
from ssh_connection.aio.forward import LocalForward, RemoteForward
from ssh_connection.aio.process import Launch, Process, Pty, command_line
from ssh_connection.aio.redirect import InputSource, OutputTarget, Redirects
from ssh_connection.aio.remote import RemoteForwards
from ssh_connection.aio.scope import Scope
from ssh_connection.aio.streams import ByteReader, ByteStream, ByteWriter
from ssh_connection.aio.text import TextProcess
from ssh_connection.errors import ForwardingDisabled, RequestRefused, SSHTimeout
from ssh_connection.results import Completed, decode_output
from ssh_wire import UsageError
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.settings import ClientSettings
    from ssh_connection.channel import Channel as ChannelCore
    from ssh_wire.primitives import Buffer

__all__ = ["ClientConnection"]

_T = TypeVar("_T")


class ClientConnection(ClientEndpoint):
    """An authenticated connection to a server."""

    def __init__(self, settings: ClientSettings, random: Callable[[int], bytes]) -> None:
        super().__init__(settings, random)
        self._remote_forwards = RemoteForwards(
            self._mux, self._what_ended_it, settings.timeouts.close
        )
        self._own(self._remote_forwards)

    # ------------------------------------------------------------- commands

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[False] = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
    ) -> Completed[bytes]: ...

    @overload
    async def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[True],
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
    ) -> Completed[str]: ...

    async def run(  # noqa: PLR0913 (subprocess.run's manners)
        self,
        command: str | Sequence[str],
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,  # noqa: A002 (subprocess.run's name)
        timeout: float | None = None,  # noqa: ASYNC109 (covers the opening, keeps the output)
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
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
            on_cancel: "terminate" ends the remote process when the call is cancelled.

        Raises:
            CommandFailed: `check` was asked for and it failed.
            ConnectionLost: with what had arrived as `completed`.
            NoExitStatus: the server closed the channel without a status.
            SSHTimeout: with what had arrived as `completed`.
            ChannelOpenRefused: the server refused the session.
            UsageError: an argument cannot be used; nothing was sent.
            OSError: a file cannot be opened, read or written.
        """
        given = _standard_input(stdin, input)
        options = RunOptions(
            redirects=Redirects(given, stdout, stderr),
            timeout=timeout,
            check=check,
            env=env or {},
            pty=pty,
            max_output=max_output,
            on_cancel=on_cancel,
        )
        completed = await run_command(command_line(command), options, self._open_drained)
        return decode_output(completed) if text else completed

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
    ) -> Scope[TextProcess]: ...

    def start(  # noqa: PLR0913 (subprocess.Popen's manners)
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
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

        Raises:
            UsageError: an argument cannot be used; nothing was sent.
        """
        line = command_line(command) if command is not None else None
        scope = self._launch(
            Launch(command=line, pty=pty, env=env or {}), Redirects(stdin, stdout, stderr)
        )
        if not text:
            return scope

        async def opener() -> TextProcess:
            return TextProcess(await scope.open())

        return Scope(opener)

    def subsystem(self, name: str) -> Scope[Process]:
        """Start a subsystem (RFC 4254 section 6.5) and give its streams."""
        return self._launch(Launch(subsystem=name))

    def _launch(self, launch: Launch, redirects: Redirects | None = None) -> Scope[Process]:
        async def opener() -> Process:
            async with AsyncExitStack() as stack:
                streams = await redirects.open(stack) if redirects else None
                channel = await self._open_session(self._mux.limits.window)
                process = Process(channel, launch)
                try:
                    if streams is None:
                        await process.start()
                    else:
                        out, err = streams.sinks
                        await process.start(stdout=out, stderr=err, merged=streams.merged)
                        process.redirect(streams, stack.pop_all())
                except BaseException:
                    channel.abort()
                    raise
                return process

        return Scope(opener)

    async def _open_drained(self, launch: Launch) -> Process:
        return Process(await self._open_session(self._mux.limits.bulk_window), launch)

    async def open_subsystem(self, name: str) -> Channel:
        """Start a subsystem and give its channel, to connect a receiver to.

        Raises:
            ChannelOpenRefused: the server refused the session.
            RequestRefused: the server has no such subsystem.
        """
        channel = await self._open_session(self._mux.limits.bulk_window)
        try:
            granted = await channel.request(m.SubsystemRequest(recipient=0, name=name))
        except BaseException:
            channel.abort()
            raise
        if not granted:
            channel.abort()
            what = f"subsystem {name}"
            raise RequestRefused(what)
        return channel

    # ------------------------------------------------------------- streams and forwards

    async def open_tcp(self, host: str, port: int) -> ByteStream:
        """Have the server connect to `host:port`; return the stream.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return ByteStream(await self.open_tcp_channel(host, port))

    async def open_tcp_channel(
        self,
        host: str,
        port: int,
        origin: tuple[str, int] = ("127.0.0.1", 0),
        *,
        protected: bool = False,
    ) -> Channel:
        """Have the server connect to `host:port`; return the channel (RFC 4254 section 7.2).

        Args:
            host: the name or address to connect to, as the server resolves it.
            port: its port.
            origin: who wants the connection, for the server's records.
            protected: what is sent through the channel protects itself, as SSH does; it is
                opened even where this connection forwards nothing.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        if not protected:
            self._require_forwarding()
        return await self._open(
            m.DirectTCPIPOpen(
                sender=0,
                window=self._mux.limits.window,
                max_packet=0,
                host=host,
                port=port,
                origin_host=origin[0],
                origin_port=origin[1],
            )
        )

    def forward_local(self, listen: Address, target: Address) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.
            target: "host:port", or a port of the server's localhost.
        """
        target_host, target_port = parse_address(target)
        host, port = parse_address(listen)

        async def channel(origin: tuple[str, int]) -> Channel:
            return await self.open_tcp_channel(target_host, target_port, origin)

        async def opener() -> LocalForward:
            self._require_open()
            self._require_forwarding()
            forward = LocalForward(channel, self._disown)
            await forward.listen(host, port)
            self._own(forward)
            return forward

        return Scope(opener)

    def forward_remote(self, listen: Address, target: Address) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.
            target: "host:port", or a port of localhost.
        """
        host, port = parse_address(listen)
        to = parse_address(target)

        async def opener() -> RemoteForward:
            self._require_open()
            self._require_forwarding()
            return await self._in_time(self._remote_forwards.listen(host, port, to))

        return Scope(opener)

    def _require_forwarding(self) -> None:
        """Raise ForwardingDisabled where the settings forbid it."""
        forbid = self._settings.forbid_forwarding
        reason = forbid() if forbid is not None else ""
        if reason:
            raise ForwardingDisabled(reason)

    # ------------------------------------------------------------- channels

    async def _open_session(self, window: int) -> Channel:
        return await self._open(m.SessionOpen(sender=0, window=window, max_packet=0))

    async def _open(self, message: m.AnyChannelOpen) -> Channel:
        self._require_open()
        channel = Channel()
        channel.adopt(self._mux.open(message, channel))
        await self._in_time(channel.wait_opened())
        return channel

    async def _in_time(self, answer: Awaitable[_T]) -> _T:
        """Wait for the server's answer, as long as it may take to open something."""
        seconds = self._settings.timeouts.open
        clock = timeout(seconds)
        try:
            async with clock:
                return await answer
        except TimeoutError as error:
            if not clock.expired():
                raise
            name = "open"
            doing = "waiting for the server's answer"
            raise SSHTimeout(name, seconds, doing=doing) from error

    def channel_requested(self, message: m.AnyChannelOpen, channel: ChannelCore) -> None:
        """The server wants a channel: only connections to ports we asked for are taken.

        "Implementations MUST reject these messages unless they have previously requested a
        remote TCP/IP port forwarding with the given port number" (RFC 4254 section 7.2).
        """
        taken = isinstance(message, m.ForwardedTCPIPOpen) and self._remote_forwards.accept(
            message, channel
        )
        if not taken:
            super().channel_requested(message, channel)


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
