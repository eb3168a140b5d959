"""Ways to a server: a TCP connection, a channel of another connection, a command, a stream."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import deque
from typing import TYPE_CHECKING, Final

from ssh_stack.errors import ProxyFailed
from ssh_stack.streams import Stream, attach
from ssh_stack.tcp import connect_tcp
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_connection.aio import ClientConnection, Dialer
    from ssh_transport.aio import Driver

__all__ = [
    "jump_dialer",
    "proxy_dialer",
    "split_command",
    "stream_dialer",
    "tcp_dialer",
    "token_values",
]

_SHELL_SYNTAX: Final = frozenset(";|&<>()`$\n")
_STDERR_KEPT: Final = 4096
_LAST_WORDS: Final = 0.5  # seconds from the end of its output to its own end


def tcp_dialer(host: str, port: int) -> Dialer:
    """Connect to `host:port`."""

    async def dial(driver: Driver) -> None:
        sock = await connect_tcp(host, port)
        await asyncio.get_running_loop().create_connection(lambda: driver, sock=sock)

    return dial


def stream_dialer(stream: Stream) -> Dialer:
    """Use a byte stream that is connected already."""

    async def dial(driver: Driver) -> None:
        await attach(driver, stream)

    return dial


def jump_dialer(connection: ClientConnection, host: str, port: int) -> Dialer:
    """Connect to `host:port` through another connection."""
    from ssh_connection.aio.tunnel import connect_driver  # noqa: PLC0415 (only with a jump host)

    async def dial(driver: Driver) -> None:
        channel = await connection.open_tcp_channel(host, port, protected=True)
        connect_driver(driver, channel)

    return dial


def split_command(command: str, tokens: dict[str, str]) -> list[str]:
    """Return the arguments of a command of the configuration, its %-tokens replaced.

    No shell reads the command: it is split into arguments first, and then each token is
    replaced within its argument, so that no host or user name can become anything else.

    Raises:
        UsageError: it needs a shell, has an unknown token, or a token that begins with "-".
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        problem = f"command {command!r}: {error}"
        raise UsageError(problem) from None
    if words[:1] == ["exec"]:
        del words[0]
    if not words:
        problem = "a command is empty"
        raise UsageError(problem)
    if any(_needs_shell(word) for word in words):
        problem = f"no shell reads the command {command!r}: write sh -c '…' around it"
        raise UsageError(problem)
    return [_expand(word, tokens) for word in words]


def _needs_shell(word: str) -> bool:
    """Whether a word is an operator of a shell's: a pipe, a list, a redirection."""
    bare = word.lstrip("0123456789")
    return word in {"|", "||", "&&", ";", "&"} or bare.startswith(("<", ">"))


def _expand(word: str, tokens: dict[str, str]) -> str:
    parts = word.split("%")
    expanded = [parts[0]]
    rest = iter(parts[1:])
    for part in rest:
        if not part:  # "%%" is a percent sign
            expanded.append("%" + next(rest, ""))
            continue
        value = tokens.get(part[0])
        if value is None:
            problem = f"unknown token %{part[0]} in a command"
            raise UsageError(problem)
        if value.startswith("-") or not _SHELL_SYNTAX.isdisjoint(value):
            problem = f"{printable(value)!r} cannot be part of a command"
            raise UsageError(problem)
        expanded.append(value + part[1:])
    return "".join(expanded)


def proxy_dialer(arguments: list[str]) -> Dialer:
    """Connect through the standard streams of a program; it ends with the connection."""

    async def dial(driver: Driver) -> None:
        loop = asyncio.get_running_loop()
        command = shlex.join(arguments)
        try:
            await loop.subprocess_exec(lambda: _ProxyProtocol(driver, command), *arguments)
        except OSError as error:
            raise ProxyFailed(command, "cannot be started", error.strerror or "") from error

    return dial


class _ProxyProtocol(asyncio.SubprocessProtocol):
    """Feeds the driver from the program's standard output."""

    def __init__(self, driver: Driver, command: str) -> None:
        self._driver = driver
        self._command = command
        self._stderr: deque[int] = deque(maxlen=_STDERR_KEPT)
        self._process: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._process = transport
            stdin, stdout = transport.get_pipe_transport(0), transport.get_pipe_transport(1)
            if isinstance(stdin, asyncio.WriteTransport) and isinstance(
                stdout, asyncio.ReadTransport
            ):
                self._driver.connection_made(_ProxyStream(transport, stdin, stdout))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._driver.feed(data)
        else:
            self._stderr.extend(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        if fd == 1 and self._process is not None:
            # its last words on standard error belong to the error: wait for its end a moment
            asyncio.get_running_loop().call_later(_LAST_WORDS, self._process.close)

    def pause_writing(self) -> None:
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        self._driver.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        text = printable(bytes(self._stderr).strip())
        error = exc or ProxyFailed(self._command, "ended", text)
        self._driver.connection_lost(error)


class _ProxyStream(asyncio.Transport):
    """The program's pipes as one stream; closing it ends the program."""

    def __init__(
        self,
        process: asyncio.SubprocessTransport,
        stdin: asyncio.WriteTransport,
        stdout: asyncio.ReadTransport,
    ) -> None:
        super().__init__()
        self._process = process
        self._stdin = stdin
        self._stdout = stdout

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._stdin.is_closing():
            self._stdin.write(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._stdin.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._stdin.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._stdout.pause_reading()

    def resume_reading(self) -> None:
        self._stdout.resume_reading()

    def is_closing(self) -> bool:
        return self._process.is_closing()

    def close(self) -> None:
        self._stdin.close()
        self._process.close()

    def abort(self) -> None:
        self._process.close()


def token_values(host: str, original: str, port: int, user: str) -> dict[str, str]:
    """Return the %-tokens of a proxy command (ssh_config(5), TOKENS)."""
    return {"h": host, "n": original, "p": str(port), "r": user, "u": _local_user()}


def _local_user() -> str:
    import getpass  # noqa: PLC0415 (only where a token asks for it)

    try:
        return getpass.getuser()
    except OSError:
        return str(os.getuid())
