"""Local files and descriptors, read and written beside the event loop.

Regular files, and objects that only look like files, are used in a thread.  Pipes, terminals
and sockets are waited for by the loop instead: a thread that waits for one could never be
ended.
"""

from __future__ import annotations

import asyncio
import codecs
import io
import os
import stat
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import IO, TYPE_CHECKING, Final, TypeAlias, cast

from ssh_wire import UsageError, lazy

if TYPE_CHECKING:
    import fcntl
else:
    fcntl = lazy.module("fcntl")  # POSIX has it

__all__ = ["bytes_of", "is_descriptor", "is_text", "open_reader", "open_writer"]

_PIECE: Final = 4096  # PIPE_BUF: what a pipe that is writable takes without waiting

Source: TypeAlias = "int | os.PathLike[str] | IO[bytes] | IO[str] | Callable[[], bytes]"


async def open_reader(source: Source, stack: AsyncExitStack) -> Callable[[int], Awaitable[bytes]]:
    """Return what reads a file.

    Args:
        source: a descriptor, a path, a file, or a function that is called for the next bytes.
        stack: closes what is opened here.

    Raises:
        OSError: it cannot be opened.
    """
    file = await _opened(source, "rb", stack)
    if not hasattr(file, "read"):
        return _of_function(cast("Callable[[], bytes]", file))
    descriptor = _waitable(file, stack)
    if descriptor is not None:
        return lambda size: _read_descriptor(descriptor, size)
    return lambda size: asyncio.to_thread(_read_file, file, size)


async def open_writer(target: Source, stack: AsyncExitStack) -> Callable[[bytes], Awaitable[None]]:
    """Return what writes a file; with nothing to write, it flushes.

    Args:
        target: a descriptor, a path, or a file; a path is created, or emptied.
        stack: closes what is opened here.

    Raises:
        OSError: it cannot be opened.
    """
    file = await _opened(target, "wb", stack)
    descriptor = _waitable(file, stack)
    if descriptor is not None:
        await asyncio.to_thread(file.flush)
        return lambda data: _write_descriptor(descriptor, data)
    decoder = codecs.getincrementaldecoder("utf-8")("replace") if is_text(file) else None
    return lambda data: asyncio.to_thread(_write_file, file, data, decoder)


async def _opened(source: Source, mode: str, stack: AsyncExitStack) -> IO[bytes]:
    if isinstance(source, int):
        return cast("IO[bytes]", os.fdopen(source, mode, buffering=0, closefd=False))
    if hasattr(source, "__fspath__"):
        from pathlib import Path  # which whoever gives one has loaded

        path = Path(cast("os.PathLike[str]", source))
        file = await _opened_path(lambda: cast("IO[bytes]", path.open(mode)))
        stack.push_async_callback(_close, file)
        return file
    return cast("IO[bytes]", source)


async def _opened_path(open_path: Callable[[], IO[bytes]]) -> IO[bytes]:
    """Open a file in a thread; what is opened for a caller that was cancelled is closed."""
    opening = asyncio.get_running_loop().run_in_executor(None, open_path)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


async def _close(file: IO[bytes]) -> None:
    """Close a file in a thread, also where the caller is cancelled before the thread begins."""
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, file.close))


def _close_opened(opening: asyncio.Future[IO[bytes]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _waitable(file: IO[bytes], stack: AsyncExitStack) -> int | None:
    """Return a descriptor of a pipe, a terminal or a socket; None for everything else.

    It is a duplicate, so that others who wait for the file are not disturbed.
    """
    try:
        descriptor = file.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):  # it has none: io.BytesIO, say
        return None
    waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
    if not waits or sys.platform == "win32":  # where loops cannot wait for them
        return None
    own = os.dup(descriptor)
    stack.callback(os.close, own)
    return own


def is_descriptor(number: int, *, write: bool) -> bool:
    """Return whether a number is a descriptor that is open in the direction that is needed."""
    if isinstance(number, bool) or number < 0:
        return False
    try:
        os.fstat(number)
        if sys.platform == "win32":
            return True
        access = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, OverflowError):
        return False
    return access in {os.O_RDWR, os.O_WRONLY if write else os.O_RDONLY}


def bytes_of(data: object) -> bytes:
    """Return what a file, a stream or a function gave as bytes; nothing is the end.

    Raises:
        UsageError: it is neither bytes nor text.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if data is None:
        return b""
    if isinstance(data, bytearray | memoryview):
        return bytes(cast("memoryview", data))
    problem = f"stdin: bytes or text are read, and not a {type(data).__name__}"
    raise UsageError(problem)


def is_text(file: object) -> bool:
    """Return whether text is written to a file or a stream, and not bytes."""
    return isinstance(file, io.TextIOBase) or hasattr(file, "encoding")


def _of_function(function: Callable[[], bytes]) -> Callable[[int], Awaitable[bytes]]:
    return lambda _: asyncio.to_thread(lambda: bytes_of(function()))


def _read_file(file: IO[bytes], size: int) -> bytes:
    return bytes_of(file.read(size))


async def _read_descriptor(descriptor: int, size: int) -> bytes:
    while True:
        await _ready(descriptor, write=False)
        try:
            return os.read(descriptor, size)
        except (BlockingIOError, InterruptedError):  # another process was faster
            continue


def _write_file(file: IO[bytes], data: bytes, decoder: codecs.IncrementalDecoder | None) -> None:
    if decoder is not None:
        cast("IO[str]", file).write(decoder.decode(data, final=not data))
    else:
        view = memoryview(data)
        while view:  # a raw file may take less than all
            view = view[_written(file.write(view), view) :]
    if not data:
        file.flush()


def _written(count: object, view: memoryview) -> int:
    """How much a file took: those that do not say have taken all."""
    return count if isinstance(count, int) else len(view)


async def _write_descriptor(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        await _ready(descriptor, write=True)
        try:
            view = view[os.write(descriptor, view[:_PIECE]) :]
        except (BlockingIOError, InterruptedError):
            continue


async def _ready(descriptor: int, *, write: bool) -> None:
    """Wait until a descriptor can be read or written."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not done.done():
            done.set_result(None)

    (loop.add_writer if write else loop.add_reader)(descriptor, ready)
    try:
        await done
    finally:
        (loop.remove_writer if write else loop.remove_reader)(descriptor)
