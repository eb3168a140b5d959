"""A remote process, or a stream, joined to this program's standard streams."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from ssh_connection import ChannelClosed
from ssh_stack.cli.descriptors import Input, Output
from ssh_stack.cli.escapes import EscapeAction
from ssh_transport import ConnectionLost

if TYPE_CHECKING:
    from ssh_connection.aio import ByteReader, ByteWriter, Channel, Process
    from ssh_stack.cli.escapes import Escape

__all__ = [
    "STANDARD_STREAMS",
    "Disconnected",
    "Escapes",
    "OutputClosed",
    "Streams",
    "relay",
    "relay_channel",
]

_CHUNK: Final = 256 * 1024

FlushAfter: TypeAlias = Callable[[Callable[[], object]], None]
"""Does something that writes to channels, and sends it at once (`Connection.flush_after`)."""


class Streams(NamedTuple):
    """The descriptors that a process is joined to."""

    stdin: int
    stdout: int
    stderr: int


STANDARD_STREAMS: Final = Streams(0, 1, 2)


class OutputClosed(Exception):
    """The reader of our output is gone, so that the command has no reader either."""


class Disconnected(Exception):
    """The user typed the escape for it."""


class Escapes(NamedTuple):
    """The escape sequences of a terminal session."""

    machine: Escape
    """Finds them."""
    act: Callable[[EscapeAction], Awaitable[bool]]
    """Does what they ask for and returns whether input goes on; what it raises ends all."""


async def relay(
    process: Process,
    flush_after: FlushAfter,
    streams: Streams = STANDARD_STREAMS,
    escapes: Escapes | None = None,
) -> None:
    """Carry all three streams until both outputs have ended.

    Input that the command does not take is left alone, and what is not needed any more is
    not read: it may be meant for whoever runs next.

    Args:
        process: the process.
        flush_after: sends at once what a function writes to its channel; a key that is typed
            does not wait for a turn of the event loop.
        streams: the descriptors that it is joined to.
        escapes: the escape sequences, where there are some.

    Raises:
        Disconnected: the user typed the escape for it.
        OutputClosed: our standard output has no reader any more.
        ConnectionLost: the connection ended before the command.
    """
    with ExitStack() as stack:
        out, err = Output(streams.stdout), Output(streams.stderr)
        stack.callback(out.close)
        stack.callback(err.close)
        feeding = asyncio.create_task(
            _copy_input(process.stdin, streams.stdin, flush_after, escapes)
        )
        draining = asyncio.gather(
            _copy_output(process.stdout, out, needed=True),
            _copy_output(process.stderr, err, needed=False),
        )
        await _both(feeding, draining)


async def relay_channel(
    channel: Channel, flush_after: FlushAfter, streams: Streams = STANDARD_STREAMS
) -> None:
    """Carry standard input and output through a channel until its data ends.

    Raises:
        OutputClosed: our standard output has no reader any more.
        ConnectionLost: the connection ended before the stream.
    """
    stream = channel.stream()
    out = Output(streams.stdout)
    try:
        feeding = asyncio.create_task(_copy_input(stream.writer, streams.stdin, flush_after))
        # the end of the other side's data ends it, as in OpenSSH, whose -W forces that
        draining = asyncio.ensure_future(_copy_output(stream.reader, out, needed=True))
        await _both(feeding, draining)
    finally:
        out.close()


async def _both(feeding: asyncio.Future[Any], draining: asyncio.Future[Any]) -> None:
    """Wait for the outputs; a failure of the input ends the wait too."""
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


async def _copy_input(
    writer: ByteWriter, stdin: int, flush_after: FlushAfter, escapes: Escapes | None = None
) -> None:
    # what the command does not take any more is not a failure: its outputs tell how it ended
    with ExitStack() as stack, suppress(ChannelClosed, ConnectionLost):
        source = Input(stdin)
        stack.callback(source.close)
        steps: deque[bytes | EscapeAction] = deque()

        def put() -> None:
            while steps and not isinstance(steps[0], EscapeAction):
                writer.put(cast("bytes", steps.popleft()))

        def take(data: bytes) -> bool:
            steps.extend([data] if escapes is None else escapes.machine.feed(data))
            flush_after(put)
            return not steps and writer.has_room

        while await source.read_into(take):
            while steps:
                step = steps.popleft()
                if not isinstance(step, EscapeAction):
                    writer.put(step)
                elif escapes is not None and not await escapes.act(step):
                    return
            await writer.wait_for_room()
        writer.write_eof()


async def _copy_output(source: ByteReader, out: Output, *, needed: bool) -> None:
    listening, writing = True, False

    def take(data: memoryview) -> int:
        if not listening:
            return len(data)
        return 0 if writing else out.write_now(data)

    source.offer_first(take)
    while data := await source.read(_CHUNK):
        writing = True
        try:
            if listening:
                await out.write(data)
        except BrokenPipeError:
            if needed:
                raise OutputClosed from None
            listening = False
        finally:
            writing = False
