"""Where the standard streams of a command come from and go to, as `subprocess` has it.

Each argument becomes an `Input` or an `Output` before anything is sent, so that a value that
cannot be used is refused by its name.  `Redirects.open` opens the files; what it opened it
closes.
"""

from __future__ import annotations

import codecs
import inspect
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from subprocess import DEVNULL, PIPE, STDOUT
from typing import IO, Final, Protocol, TypeAlias, cast

from ssh_connection.aio.process.files import (
    bytes_of,
    is_descriptor,
    is_text,
    open_reader,
    open_writer,
)
from ssh_connection.aio.streams import ByteReader, ByteWriter
from ssh_connection.errors import ChannelClosed
from ssh_transport import ConnectionLost
from ssh_wire import UsageError, lazy_attrs
from ssh_wire.primitives import Buffer

__all__ = [
    "DEVNULL",
    "PIPE",
    "STDOUT",
    "InputSource",
    "OpenedStreams",
    "OutputTarget",
    "Readable",
    "Redirects",
    "Sink",
    "Writable",
]

_CHUNK: Final = 256 * 1024

Sink: TypeAlias = Callable[[memoryview], object]
"""Takes output as it arrives, in views that are valid during the call.

An `async` function is given bytes, and is awaited before the next ones are taken.
"""


class Readable(Protocol):
    """A file or a stream to read: of another process, `asyncio.StreamReader`, a remote file."""

    def read(self, n: int, /) -> object:
        """Return up to `n` bytes or characters, none at the end; what can be awaited is."""
        ...


class Writable(Protocol):
    """A file or a stream to write: of another process, `asyncio.StreamWriter`, a remote file."""

    def write(self, data: bytes, /) -> object:
        """Write data; what can be awaited is."""
        ...


Source: TypeAlias = Callable[[], bytes] | Callable[[], Awaitable[bytes]]
"""Gives the next bytes, and none at the end; called in a thread, or awaited."""

InputSource: TypeAlias = Buffer | str | os.PathLike[str] | Readable | Source | int
"""What a command reads: its content, a `Path`, a file, a stream, a function, DEVNULL."""

OutputTarget: TypeAlias = os.PathLike[str] | Writable | IO[str] | Sink | int
"""Where output goes: a `Path`, a file, a stream, a function, DEVNULL, and for stderr STDOUT."""

Take: TypeAlias = Callable[[memoryview], None]
Read: TypeAlias = Callable[[int], Awaitable[bytes]]
Write: TypeAlias = Callable[[bytes], Awaitable[None]]


@lazy_attrs.frozen
class OpenedStreams:
    """The streams of one command, ready to be carried."""

    content: Buffer | None
    """All that the command reads, where that is known."""
    read: Read | None
    """Reads what the command is to read; None where `content` has it."""
    sinks: tuple[Take | None, Take | None]
    """What takes standard output and standard error at once; None where it is written."""
    writes: tuple[Write | None, Write | None]
    """What writes standard output and standard error; None where they are not redirected."""
    merged: bool
    """Whether standard error goes where standard output goes."""
    feeds: bool = False
    """Whether the command is sent EOF, also where it reads nothing that was given."""

    @property
    def is_plain(self) -> bool:
        """Whether nothing has to be waited for: content to send, output to take at once."""
        return self.read is None and self.writes == (None, None)

    async def feed(self, stdin: ByteWriter) -> None:
        """Send the command what it reads, then EOF; what it does not read is not sent.

        Raises:
            Exception: what it reads from failed; the command is sent no EOF, which would say
                that this was all.
        """
        if self.read is None:
            with suppress(ChannelClosed, ConnectionLost):
                stdin.put(self.content or b"")
                stdin.write_eof()
            return
        while data := await self.read(_CHUNK):
            try:
                await stdin.write(data)
            except (ChannelClosed, ConnectionLost):
                return  # of which the command itself tells
        stdin.write_eof()


@lazy_attrs.frozen
class Redirects:
    """What `run` and `start` were given for the three streams, checked."""

    stdin: InputSource | ByteReader | None = None
    stdout: OutputTarget | ByteWriter | None = None
    stderr: OutputTarget | ByteWriter | None = None

    def __attrs_post_init__(self) -> None:
        _check("stdin", self.stdin, _INPUT, good=_is_input(self.stdin))
        for name, value in (("stdout", self.stdout), ("stderr", self.stderr)):
            merges = name == "stderr" and value == STDOUT and isinstance(value, int)
            _check(name, value, _OUTPUT, good=merges or _is_output(value))
        if _same_path(self.stdout, self.stderr):
            problem = "stdout and stderr are the same file: use stderr=STDOUT"
            raise UsageError(problem)

    def __bool__(self) -> bool:
        return any(
            each is not None and not _is(each, PIPE)
            for each in (self.stdin, self.stdout, self.stderr)
        )

    async def open(self, stack: AsyncExitStack) -> OpenedStreams:
        """Open what is to be read and written; `stack` closes it.

        Raises:
            OSError: a file cannot be opened.
        """
        read = await self._reader(stack)
        writes = [await _writer(each, stack) for each in (self.stdout, self.stderr)]
        return OpenedStreams(
            content=b"" if _is(self.stdin, DEVNULL) else _content(self.stdin),
            read=read,
            sinks=(_sink(self.stdout), _sink(self.stderr)),
            writes=(writes[0], writes[1]),
            merged=_is(self.stderr, STDOUT),
        )

    async def _reader(self, stack: AsyncExitStack) -> Read | None:
        source = self.stdin
        if source is None or isinstance(source, str | bytes | bytearray | memoryview):
            return None
        if _is(source, DEVNULL, PIPE):
            return None
        read = cast("object", getattr(source, "read", None))
        if _is_async(read):
            return _stream_reader(cast("Callable[[int], Awaitable[object]]", read))
        if _is_async(source):
            function = cast("Callable[[], Awaitable[object]]", source)
            return _stream_reader(lambda _: function())
        return await open_reader(cast("int | IO[bytes]", source), stack)


_INPUT: Final = "bytes, text, a Path, a file open for reading, a stream, a function or DEVNULL"
_OUTPUT: Final = "a Path, a file open for writing, a stream, a function or DEVNULL"


def _check(name: str, value: object, expected: str, *, good: bool) -> None:
    if good:
        return
    what = "a file that is closed" if getattr(value, "closed", False) is True else (
        f"a {type(value).__name__}"
    )  # fmt: skip
    if isinstance(value, int) and not isinstance(value, bool):
        what = str(value)
    hint = ": do you mean Path(…)?" if isinstance(value, str) else ""
    if isinstance(value, os.PathLike):
        hint = ": open it, and give what `open` returns"
    problem = f"{name} is {expected}, not {what}{hint}"
    raise UsageError(problem)


def _is(value: object, *constants: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in constants


def _is_local_path(value: object) -> bool:
    """Return whether a path is one of this machine: what reads asynchronously is on a server."""
    remote = inspect.iscoroutinefunction(getattr(value, "read_bytes", None))
    return isinstance(value, os.PathLike) and not remote


def _is_input(value: object) -> bool:
    if isinstance(value, int):
        return _is(value, DEVNULL, PIPE) or is_descriptor(value, write=False)
    if value is None or isinstance(value, str | bytes | bytearray | memoryview):
        return True
    if _is_local_path(value):
        return True
    return _is_open(value, "read", "readable") or _is_function(value, "read")


def _is_output(value: object) -> bool:
    if isinstance(value, int):
        return _is(value, DEVNULL, PIPE) or is_descriptor(value, write=True)
    if value is None or _is_local_path(value):
        return True
    return _is_open(value, "write", "writable") or _is_function(value, "write")


def _is_open(value: object, method: str, able: str) -> bool:
    """Return whether a file or a stream is open in the direction that is needed."""
    if not callable(getattr(value, method, None)) or isinstance(value, type):
        return False
    if getattr(value, "closed", False) is True:
        return False
    allows = getattr(value, able, None)
    return not callable(allows) or allows() is not False


def _is_function(value: object, method: str) -> bool:
    return callable(value) and not hasattr(value, method) and not isinstance(value, type)


def _is_async(function: object) -> bool:
    """Return whether a function, a method or an object that can be called is awaited."""
    return inspect.iscoroutinefunction(function) or (
        not inspect.isroutine(function)
        and not isinstance(function, type)
        and inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 (its kind is asked)
    )


def _same_path(one: object, other: object) -> bool:
    if not (isinstance(one, os.PathLike) and isinstance(other, os.PathLike)):
        return False
    paths = cast("tuple[os.PathLike[str], os.PathLike[str]]", (one, other))
    first, second = map(os.path.abspath, paths)
    return first == second != os.devnull


def _content(source: object) -> Buffer | None:
    if isinstance(source, str):
        return source.encode()
    if isinstance(source, bytes | bytearray | memoryview):
        return cast("Buffer", source)
    return None


def _sink(target: object) -> Take | None:
    if _is(target, DEVNULL):
        return _discard
    if target is None or not _is_function(target, "write") or _is_async(target):
        return None
    function = cast("Sink", target)

    def take(data: memoryview) -> None:
        waiting = function(data)
        if waiting is not None and inspect.isawaitable(waiting):
            getattr(waiting, "close", _nothing)()
            problem = "a function that takes output gave something to await: make it async"
            raise UsageError(problem)

    return take


def _nothing() -> None:
    """Close what has no `close`."""


def _discard(_data: memoryview) -> None:
    """Take output, and keep nothing of it."""


async def _writer(target: object, stack: AsyncExitStack) -> Write | None:
    if target is None or _is(target, PIPE, STDOUT) or _sink(target) is not None:
        return None
    if not hasattr(target, "write") and _is_async(target):
        return _function_writer(cast("Callable[[bytes], Awaitable[object]]", target))
    if isinstance(target, int | os.PathLike):
        return await open_writer(cast("int | os.PathLike[str]", target), stack)
    stream = cast("Writable", target)
    if hasattr(stream, "flush") and not _is_async(stream.write):
        return await open_writer(cast("IO[bytes]", stream), stack)
    return _stream_writer(stream)


def _function_writer(function: Callable[[bytes], Awaitable[object]]) -> Write:
    async def write(data: bytes) -> None:
        if data:
            await function(data)

    return write


def _stream_reader(read_some: Callable[[int], Awaitable[object]]) -> Read:
    async def read(size: int) -> bytes:
        return bytes_of(await read_some(size))

    return read


def _stream_writer(stream: Writable) -> Write:
    decoder = codecs.getincrementaldecoder("utf-8")("replace") if is_text(stream) else None

    async def write(data: bytes) -> None:
        given = data if decoder is None else decoder.decode(data, final=not data)
        if given:
            await _awaited(stream.write(cast("bytes", given)))
            await _awaited(getattr(stream, "drain", _nothing)())
        if not data:
            await _awaited(getattr(stream, "flush", _nothing)())
            getattr(stream, "write_eof", _nothing)()

    return write


async def _awaited(result: object) -> None:
    if inspect.isawaitable(result):
        await result
