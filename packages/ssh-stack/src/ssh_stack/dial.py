"""Ways to a server: a TCP connection, a channel of another connection, a command, a stream."""

from __future__ import annotations

import asyncio
import shlex
import socket
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

from ssh_stack.config.tokens import expand
from ssh_stack.errors import ProxyFailed
from ssh_stack.streams import Stream, attach
from ssh_stack.tcp import connect_tcp
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ssh_connection.aio import ClientConnection, Dialer
    from ssh_stack.config.tokens import Tokens
    from ssh_transport.aio import Driver

__all__ = [
    "jump_dialer",
    "proxy_arguments",
    "proxy_dialer",
    "stream_dialer",
    "tcp_dialer",
    "token_values",
]

_FAMILIES: Final = {
    "any": socket.AF_UNSPEC,
    "inet": socket.AF_INET,
    "inet6": socket.AF_INET6,
}
_STDERR_KEPT: Final = 4096
_LAST_WORDS: Final = 0.5  # seconds from the end of its output to its own end


def tcp_dialer(
    host: str,
    port: int,
    *,
    family: Literal["any", "inet", "inet6"] = "any",
    bind: str | None = None,
    keepalive: bool = True,
) -> Dialer:
    """Connect to `host:port`.

    Args:
        host: the name or address.
        port: the port.
        family: which addresses may be used (AddressFamily).
        bind: the address of this machine to connect from (BindAddress).
        keepalive: whether the system asks for signs of life (TCPKeepAlive).
    """

    async def dial(driver: Driver) -> None:
        sock = await connect_tcp(host, port, family=_FAMILIES[family], bind=bind)
        if keepalive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
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


def proxy_dialer(command: str | Sequence[str], tokens: Tokens) -> Dialer:
    """Connect through the standard streams of a program; it ends with the connection.

    Args:
        command: a command for the user's shell, or arguments that no shell reads.
        tokens: what is put in for %-tokens.

    Raises:
        UsageError: a token is not known, or what it stands for cannot be part of a command.
    """
    arguments = proxy_arguments(command, tokens)

    async def dial(driver: Driver) -> None:
        loop = asyncio.get_running_loop()
        shown = arguments[-1] if isinstance(command, str) else shlex.join(arguments)
        try:
            await loop.subprocess_exec(lambda: _ProxyProtocol(driver, shown), *arguments)
        except OSError as error:
            raise ProxyFailed(shown, "cannot be started", error.strerror or "") from error

    return dial


def proxy_arguments(command: str | Sequence[str], tokens: Tokens) -> list[str]:
    """Return the arguments of the program that runs a command, with tokens replaced.

    Raises:
        UsageError: the command is empty, a token is not known, or what it stands for cannot be
            part of a command.
    """
    from ssh_stack.shell_command import (  # noqa: PLC0415 (only with a proxy command)
        expand_command,
        shell_arguments,
    )

    if not command or not command[0].strip():
        problem = "the proxy command is empty"
        raise UsageError(problem)
    if isinstance(command, str):
        # "the user's shell 'exec' directive to avoid a lingering shell process"
        return shell_arguments(f"exec {_replaced(command, tokens, expand_command)}")
    return [_replaced(argument, tokens, expand) for argument in command]


def _replaced(text: str, tokens: Tokens, replace: Callable[[str, Tokens], str]) -> str:
    try:
        return replace(text, tokens)
    except UsageError as error:
        problem = f"proxy command {text!r}: {error}"
        raise UsageError(problem) from None


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


def token_values(host: str, original: str, port: int, user: str, alias: str) -> dict[str, str]:
    """Return the %-tokens of a proxy command (ssh_config(5), TOKENS)."""
    return {"h": host, "k": alias, "n": original, "p": str(port), "r": user}
