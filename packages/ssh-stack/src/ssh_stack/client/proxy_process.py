"""A program whose standard streams reach the server (ProxyCommand, ssh_config(5))."""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from functools import partial
from subprocess import PIPE
from typing import TYPE_CHECKING, Final

from ssh_stack.errors import ProxyFailed
from ssh_stack.local.process import LocalProcess, Program
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ssh_transport.aio import Driver

__all__ = ["connect_proxy"]

_STDERR_KEPT: Final = 4096
_STDERR_WAIT: Final = 0.5  # seconds from the end of its output to its own end


async def connect_proxy(
    driver: Driver,
    arguments: Sequence[str],
    text: str,
    on_stderr: Callable[[bytes], None] | None = None,
) -> None:
    """Start a program and let a driver talk through its standard streams.

    Args:
        driver: it is told of the end when the process is reaped.
        arguments: what to run.
        text: the command, for messages.
        on_stderr: takes what the program writes to standard error, as it arrives.

    Raises:
        ProxyFailed: it cannot be started.
    """
    await _ProxyProcess(driver, arguments, text, on_stderr).begin()


class _ProxyProcess(asyncio.Transport):
    """The program's pipes as one stream; closing it ends the program."""

    def __init__(
        self,
        driver: Driver,
        arguments: Sequence[str],
        text: str,
        on_stderr: Callable[[bytes], None] | None,
    ) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._driver = driver
        self._text = text
        self._stderr: deque[int] = deque(maxlen=_STDERR_KEPT)
        self._on_stderr = on_stderr
        self._closing = False
        self._reaped = False
        self._ending = "ended"
        self._open = 0
        try:
            # it keeps the terminal, in which it may ask for something
            program = Program(arguments=arguments, session=False)
            self._process = LocalProcess(program, (PIPE, PIPE, PIPE))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ProxyFailed(text, "cannot be started", reason or "") from error
        self._process.ended.add_done_callback(self._end)

    async def begin(self) -> None:
        """Join the pipes to the loop and the driver to the pipes."""
        stdin, stdout, stderr = self._process.pipes
        driver, loop = self._driver, self._loop
        try:
            errors = partial(_Output, self, self._take_stderr)
            output = partial(_Output, self, driver.feed, self._output_ended)
            self._stdin, _ = await loop.connect_write_pipe(partial(_Input, self, driver), stdin)
            self._errors, _ = await loop.connect_read_pipe(errors, stderr)
            self._stdout, _ = await loop.connect_read_pipe(output, stdout)
        except BaseException:
            self._process.signal(signal.SIGKILL)  # ends the pipes that are joined, too
            for pipe in (stdin, stderr, stdout)[self._open :]:
                if pipe is not None:
                    pipe.close()
            raise
        driver.connection_made(self)

    # ------------------------------------------------------------- for the pipes

    def pipe_made(self) -> None:
        """Count a pipe."""
        self._open += 1

    def pipe_lost(self) -> None:
        """Count a pipe that is closed."""
        self._open -= 1
        self._finish()

    def _take_stderr(self, data: bytes) -> None:
        self._stderr.extend(data)
        if self._on_stderr is not None:
            self._on_stderr(data)

    def _output_ended(self) -> None:
        # its last words on standard error belong to the error: wait for its end a moment
        self._loop.call_later(_STDERR_WAIT, self.close)

    def _end(self, _: asyncio.Future[None]) -> None:
        ended = self._process.reap()
        if not self._closing:  # by itself
            self._ending = (
                f"ended with status {ended}"
                if isinstance(ended, int)
                else f"was ended by signal {ended.name}"
            )
        self._reaped = True
        self._finish()

    def _finish(self) -> None:
        if self._reaped and not self._open:
            self._closing = True
            text = printable(bytes(self._stderr).strip())
            self._loop.call_soon(
                self._driver.connection_lost, ProxyFailed(self._text, self._ending, text)
            )

    # ------------------------------------------------------------- for the driver

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
        return self._closing

    def close(self) -> None:
        self._closing = True
        self._stdin.close()
        self._stdout.close()
        self._errors.close()
        self._process.signal(signal.SIGKILL)

    def abort(self) -> None:
        if self._stdin.get_write_buffer_size():  # the program may never read it
            self._stdin.abort()
        self.close()


class _Input(asyncio.Protocol):
    """The pipe to the program's standard input."""

    def __init__(self, proxy: _ProxyProcess, driver: Driver) -> None:
        self._proxy = proxy
        self._driver = driver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        del transport
        self._proxy.pipe_made()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._proxy.pipe_lost()

    def pause_writing(self) -> None:
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        self._driver.resume_writing()


class _Output(asyncio.Protocol):
    """A pipe from the program."""

    def __init__(
        self,
        proxy: _ProxyProcess,
        take: Callable[[bytes], None],
        ended: Callable[[], None] | None = None,
    ) -> None:
        self._proxy = proxy
        self._take = take
        self._ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        del transport
        self._proxy.pipe_made()

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._ended is not None:
            self._ended()
        self._proxy.pipe_lost()
