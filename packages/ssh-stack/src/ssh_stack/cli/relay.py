"""A remote process joined to this program's standard streams."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from ssh_connection import ChannelClosed
from ssh_stack.cli.descriptors import Input, Output
from ssh_stack.cli.terminal import Escape, raw_mode, window_size
from ssh_transport import ConnectionLost

if TYPE_CHECKING:
    from ssh_connection.aio import ByteReader, Process

__all__ = ["Disconnected", "OutputClosed", "relay", "relay_terminal"]

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK: Final = 256 * 1024


class Disconnected(Exception):
    """The user typed the escape for it."""


class OutputClosed(Exception):
    """The reader of our output is gone, so that the command has no reader either."""


async def relay(process: Process, *, has_input: bool = True, escape: Escape | None = None) -> None:
    """Carry all three streams until both outputs have ended.

    Input that the command does not take is left alone, and what is not needed any more is
    not read: it may be meant for whoever runs next.

    Raises:
        OutputClosed: our standard output has no reader any more.
        Disconnected: the escape was typed.
        ConnectionLost: the connection ended before the command.
    """
    with ExitStack() as stack:
        out, err = Output(_STDOUT), Output(_STDERR)
        stack.callback(out.close)
        stack.callback(err.close)
        feeding = asyncio.create_task(_copy_input(process, has_input=has_input, escape=escape))
        draining = asyncio.gather(
            _copy_output(process.stdout, out, needed=True),
            _copy_output(process.stderr, err, needed=False),
        )
        pending: set[asyncio.Future[Any]] = {feeding, draining}
        try:
            while not draining.done():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        finally:
            feeding.cancel()
            draining.cancel()
            await asyncio.gather(feeding, draining, return_exceptions=True)


async def _copy_input(process: Process, *, has_input: bool, escape: Escape | None) -> None:
    # what the command does not take any more is not a failure: its outputs tell how it ended
    with ExitStack() as stack, suppress(ChannelClosed, ConnectionLost):
        if has_input:
            source = Input(_STDIN)
            stack.callback(source.close)
            while data := await source.read():
                if escape is not None:
                    data = escape.feed(data)
                await process.stdin.write(data)
                if escape is not None and escape.disconnect:
                    raise Disconnected
        process.stdin.write_eof()


async def _copy_output(source: ByteReader, out: Output, *, needed: bool) -> None:
    listening = True
    while data := await source.read(_CHUNK):
        try:
            if listening:
                await out.write(data)
        except BrokenPipeError:
            if needed:
                raise OutputClosed from None
            listening = False


async def relay_terminal(process: Process, *, escape: bool) -> None:
    """Carry the streams of a process that has a terminal; ours is raw meanwhile.

    Raises:
        OutputClosed: as `relay`.
        Disconnected: as `relay`.
        ConnectionLost: as `relay`.
    """
    with raw_mode(_STDIN), _following_size(process):
        await relay(process, escape=Escape() if escape else None)


@contextmanager
def _following_size(process: Process) -> Generator[None]:
    """Tell the other side when the terminal's size changes."""
    loop = asyncio.get_running_loop()

    def resized() -> None:
        with suppress(ChannelClosed, ConnectionLost):
            process.resize(*window_size(_STDIN))

    loop.add_signal_handler(signal.SIGWINCH, resized)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
