"""SFTP sessions for the commands: over a connection of our own, or over a program's streams.

-S names a program that is called as sftp(1) and scp(1) call ssh, -D an SFTP server on this
machine, -s another subsystem, or a command where it has a slash.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack
from shutil import which
from typing import TYPE_CHECKING, Final

from ssh_sftp import SFTPConnectionLost, SFTPOptions
from ssh_sftp.aio import DescriptorPipe, SFTPClient
from ssh_stack.cli.arguments import Target, directive
from ssh_stack.local.process import LocalProcess, Program
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_connection.aio import ByteWriter
    from ssh_stack.cli.letters import SSHLetters
    from ssh_stack.cli.locations import Location
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection

__all__ = ["Manner", "RemoteSession", "Sessions", "sftp_options"]

_GRACE: Final = 2.0  # seconds for a program to end when its streams have ended
_SMALL_BLOCK: Final = 512
_LARGEST_BLOCK: Final = 261_120
# it is in the foreground, so that it may ask for a password; Ctrl-C is for one of our commands
_IGNORING_INTERRUPTS: Final = ("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh")


@lazy_attrs.frozen(kw_only=True)
class Manner:
    """How a command has its connections made, before and behind the user's own options.

    Attributes:
        first: words of ssh that nothing overrides.
        last: words of ssh that the user's options override.
        lines: the configuration lines of both.
        subsystem: what is asked for at the server.
    """

    first: tuple[str, ...]
    last: tuple[str, ...]
    lines: tuple[str, ...]
    subsystem: str = "sftp"


@lazy_attrs.frozen
class RemoteSession:
    """An SFTP session, and its connection where it is one of our own."""

    sftp: SFTPClient
    connection: Connection | None = None
    _lost: Callable[[], bool] = lazy_attrs.field(default=lambda: False)

    @property
    def is_closed(self) -> bool:
        """Whether the connection, or the program in its place, has ended."""
        return self._lost() if self.connection is None else self.connection.is_closed


@lazy_attrs.define
class Sessions:
    """Opens SFTP sessions; they end with the stack."""

    letters: SSHLetters
    manner: Manner
    options: SFTPOptions
    report: Report
    stack: AsyncExitStack
    address: tuple[str, int] = ("", 0)
    """The host and port that were connected to last, for messages."""

    async def open(self, location: Location) -> RemoteSession:
        """Open a session with the host of a location.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            SSHError: the connection or the session cannot be opened.
            OSError: a file or a program cannot be used.
        """
        if self.letters.server is not None:
            return await self._direct(self.letters.server)
        if self.letters.program is not None:
            return await self._through_program(self.letters.program, location)
        from ssh_stack.cli.connect_from_arguments import (  # not with another program
            connect_from_arguments,
            report_connection,
        )

        host = location.host or ""
        self.address = (host, location.port or 22)
        connecting = connect_from_arguments(self._target(location), self.report)
        self.address = (connecting.config.hostname or host, connecting.config.port or 22)
        connection = await self.stack.enter_async_context(connecting)
        report_connection(connection, self.report)
        return RemoteSession(await self._over(connection), connection)

    def _target(self, location: Location) -> Target:
        lines = [*self.letters.lines, *self.manner.lines]
        if location.user is not None:
            lines.append(directive("l", location.user))
        if location.port is not None:
            lines.append(directive("p", str(location.port)))
        return Target(host=location.host or "", lines=tuple(lines), config=self.letters.config)

    async def _over(self, connection: Connection) -> SFTPClient:
        subsystem = self.manner.subsystem
        if "/" in subsystem:  # "a path is useful when the remote sshd has no sftp subsystem"
            process = await self.stack.enter_async_context(connection.start(subsystem))
            software = connection.server_software
            client = SFTPClient.from_streams(
                process.stdout, _Input(process.stdin), self.options, peer_software=software
            )
            return await self.stack.enter_async_context(client)
        from ssh_stack.client.sftp import start_sftp  # not with another program

        scope = start_sftp(connection, self.options, subsystem=subsystem)
        return await self.stack.enter_async_context(scope)

    # ------------------------------------------------------------- other programs

    async def _direct(self, command: str) -> RemoteSession:
        try:
            words = shlex.split(command)
        except ValueError as error:
            problem = f"option -D: {error} in {command!r}"
            raise UsageError(problem) from None
        if not words:
            problem = "option -D wants the command of an SFTP server"
            raise UsageError(problem)
        return await self._program(words)

    async def _through_program(self, program: str, location: Location) -> RemoteSession:
        words = [program, *self.manner.first, *self.letters.words, *self.manner.last]
        if location.port is not None:
            words.append(f"-oPort {location.port}")
        if location.user is not None:
            words += ["-l", location.user]
        if "/" not in self.manner.subsystem:
            words.append("-s")
        words += ["--", location.host or "", self.manner.subsystem]
        return await self._program(words)

    async def _program(self, words: Sequence[str]) -> RemoteSession:
        """Run a program and speak SFTP over its standard streams."""
        self.address = (words[0], 0)
        if which(words[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), words[0])
        program = Program(arguments=(*_IGNORING_INTERRUPTS, *words), session=False)
        try:
            process = LocalProcess(program, (subprocess.PIPE, subprocess.PIPE, None))
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.stack.push_async_callback(_end, process)
        client = SFTPClient.from_pipe(_pipe_of(process), self.options)
        try:
            sftp = await self.stack.enter_async_context(client)
        except SFTPConnectionLost as error:
            problem = f"the program {printable(words[0])} does not serve SFTP: {error.text}"
            raise SFTPConnectionLost(problem) from error.__cause__
        return RemoteSession(sftp, None, process.ended.done)


def _pipe_of(process: LocalProcess) -> DescriptorPipe:
    """Return the stream that a program's standard output and input are."""
    ours = [pipe for pipe in process.pipes if pipe is not None]
    stdin, stdout = (os.dup(pipe.fileno()) for pipe in ours)
    for pipe in ours:
        pipe.close()
    return DescriptorPipe(stdout, stdin)


class _Input:
    """Standard input of a remote command, in the form that a session writes to."""

    def __init__(self, writer: ByteWriter) -> None:
        self._writer = writer
        self._waiting: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        """Keep bytes until `drain`."""
        self._waiting.append(data)

    async def drain(self) -> None:
        """Send what is kept, when the server has room for it."""
        data, self._waiting = b"".join(self._waiting), []
        await self._writer.write(data)

    def close(self) -> None:
        """Drop what is kept, and end the input of the command."""
        self._waiting.clear()
        self._writer.write_eof()


async def _end(process: LocalProcess) -> None:
    """Wait for a program whose streams have ended, and end it where it does not."""
    await asyncio.wait([process.ended], timeout=_GRACE)
    process.signal(signal.SIGTERM)
    await process.ended
    process.reap()


def sftp_options(letters: SSHLetters, *, atomic: bool, fsync: bool = False) -> SFTPOptions:
    """Return the options of the sessions: the size and number of requests that were asked for."""
    options = SFTPOptions(atomic=atomic, fsync=fsync, limit=letters.bytes_per_second)
    if letters.buffer is not None:
        size = min(max(letters.buffer, _SMALL_BLOCK), _LARGEST_BLOCK)
        options = lazy_attrs.evolve(options, read_size=size, write_size=size)
    if letters.requests is not None:
        ahead = letters.requests * (options.read_size or 32_768)
        options = lazy_attrs.evolve(options, first_outstanding=ahead, max_outstanding=ahead)
    return options
