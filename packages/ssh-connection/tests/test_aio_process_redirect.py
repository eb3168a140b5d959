"""Where the streams of a command come from and go to, as `subprocess` has it."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from programs import both, cat, pair
from ssh_connection.aio import DEVNULL, PIPE, STDOUT, ClientConnection, Session
from ssh_connection.errors import CommandFailed
from ssh_connection.results import Completed
from ssh_wire import UsageError

pytestmark = pytest.mark.usefixtures("reports")
DATA = bytes(range(256)) * 4000


async def shout(session: Session) -> int:
    """Write what is read to standard output, and its length to standard error."""
    data = await session.stdin.read()
    await session.write(data.upper())
    await session.write_stderr(f"{len(data)}\n".encode())
    return 0


async def ran(conn: Any, **options: Any) -> tuple[bytes, bytes]:
    done: Completed[bytes] = await conn.run("x", **options)
    assert done.exit_status == 0
    return done.stdout, done.stderr


def written(path: Path, data: bytes = DATA) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return written(tmp_path / "given")


def pieces_of(path: Path) -> Callable[[], bytes]:
    file = io.BytesIO(path.read_bytes())
    return lambda: file.read(10_000)


INPUTS: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda _: DATA,
    "bytearray": lambda _: bytearray(DATA),
    "path": lambda path: path,
    "binary file": lambda path: path.open("rb"),
    "unbuffered file": lambda path: path.open("rb", buffering=0),
    "descriptor": lambda path: os.open(path, os.O_RDONLY),
    "object in memory": lambda _: io.BytesIO(DATA),
    "function": pieces_of,
}


@pytest.mark.parametrize("kind", list(INPUTS))
async def test_input_of_every_kind_arrives_whole(kind: str, given: Path) -> None:
    source = INPUTS[kind](given)
    try:
        async with pair(cat) as ends:
            assert await ran(ends.client, stdin=source) == (DATA, b"")
    finally:
        if hasattr(source, "close"):
            assert not source.closed  # whoever opened it closes it
            source.close()
        elif isinstance(source, int):
            os.close(source)


@pytest.mark.parametrize("nothing", [None, DEVNULL, PIPE, b"", ""])
async def test_command_that_is_given_nothing_reads_eof(nothing: Any) -> None:
    async with pair(cat) as ends:
        assert await ran(ends.client, stdin=nothing) == (b"", b"")


async def test_text_and_text_files_are_sent_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("grüße\n", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        async with pair(cat) as ends:
            assert await ran(ends.client, stdin="grüße\n") == ("grüße\n".encode(), b"")
            assert await ran(ends.client, stdin=file) == ("grüße\n".encode(), b"")
            assert await ran(ends.client, stdin=io.StringIO("ü")) == ("ü".encode(), b"")


async def test_pipe_is_read_without_a_thread_that_waits() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        async with pair(cat) as ends:
            run = asyncio.ensure_future(ran(ends.client, stdin=file))
            await ends.client.ping()
            os.write(writing, b"late")
            os.close(writing)
            assert await run == (b"late", b"")


async def test_pipe_that_brings_nothing_does_not_keep_a_cancelled_run() -> None:
    reading, writing = os.pipe()
    try:
        async with pair(cat) as ends:
            run = asyncio.ensure_future(ran(ends.client, stdin=reading))
            await ends.client.ping()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
    finally:
        os.close(reading)
        os.close(writing)


async def test_stream_of_another_process_is_carried_on() -> None:
    async with (
        pair(both) as first,
        pair(cat) as second,
        first.client.start("both", stderr=DEVNULL) as process,
    ):
        done = await second.client.run("cat", stdin=process.stdout)
        assert len(done.stdout) == 256 * 32 * 1024
        assert await process.wait() == 0


async def test_output_goes_into_another_process_with_its_end() -> None:
    async with pair(cat) as first, pair(shout) as second, second.client.start("x") as process:
        assert await ran(first.client, stdin=b"one, two", stdout=process.stdin) == (b"", b"")
        assert await process.stdout.read() == b"ONE, TWO"
        assert await process.wait() == 0


async def test_streams_of_asyncio_are_read_and_written() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    other_reader, other_writer = await asyncio.open_connection(sock=theirs)
    other_writer.write(b"hello")
    other_writer.write_eof()
    async with pair(cat) as ends:
        assert await ran(ends.client, stdin=reader, stdout=writer) == (b"", b"")
    assert await other_reader.read() == b"hello"
    for each in (writer, other_writer):
        each.close()
        await each.wait_closed()


OUTPUTS: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "binary file": lambda path: path.open("wb"),
    "unbuffered file": lambda path: path.open("wb", buffering=0),
    "text file": lambda path: path.open("w", encoding="utf-8"),
    "descriptor": lambda path: os.open(path, os.O_WRONLY | os.O_CREAT),
}


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("kind", list(OUTPUTS))
async def test_output_goes_to_a_file_of_every_kind(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "taken"
    target = OUTPUTS[kind](path)
    async with pair(shout) as ends:
        out, err = await ran(ends.client, stdin=b"abc" * 100_000, **{name: target})
    # at once: nothing is kept in a buffer that somebody else has to flush
    expected = b"ABC" * 100_000 if name == "stdout" else b"300000\n"
    assert path.read_bytes() == expected
    assert (out if name == "stdout" else err) == b""
    if hasattr(target, "close"):
        target.close()
    elif isinstance(target, int):
        os.close(target)


async def test_text_file_is_given_whole_characters() -> None:
    async def halves(session: Session) -> int:
        text = "ü€😀".encode()
        for at in range(len(text)):
            await session.write(text[at : at + 1])
            await asyncio.sleep(0)
        await session.write(b"\xff")
        return 0

    file = io.StringIO()
    async with pair(halves) as ends:
        await ran(ends.client, stdout=file)
    assert file.getvalue() == "ü€😀\ufffd"


async def test_function_takes_output_as_it_arrives() -> None:
    taken: list[bytes] = []

    def take(data: memoryview) -> None:
        taken.append(bytes(data))

    async with pair(shout) as ends:
        await ran(ends.client, stdin=b"abc", stdout=take)
    assert b"".join(taken) == b"ABC"


async def test_devnull_takes_everything_and_keeps_nothing() -> None:
    async with pair(both) as ends:
        assert await ran(ends.client, stdout=DEVNULL, stderr=DEVNULL) == (b"", b"")


@pytest.mark.parametrize("to_file", [True, False])
async def test_standard_error_goes_where_standard_output_goes(
    *, to_file: bool, tmp_path: Path
) -> None:
    async def mixed(session: Session) -> int:
        for number in range(3):
            await session.write(f"out {number}\n".encode())
            await session.write_stderr(f"err {number}\n".encode())
        return 0

    path = tmp_path / "both"
    expected = b"".join(f"out {n}\nerr {n}\n".encode() for n in range(3))
    async with pair(mixed) as ends:
        out, err = await ran(ends.client, stderr=STDOUT, stdout=path if to_file else None)
    assert (out, err) == ((b"" if to_file else expected), b"")
    assert not to_file or path.read_bytes() == expected


async def test_pipe_takes_output_as_fast_as_it_is_read() -> None:
    reading, writing = os.pipe()
    async with pair(cat) as ends:
        run = asyncio.ensure_future(ran(ends.client, stdin=DATA, stdout=writing))
        with os.fdopen(reading, "rb") as file:
            assert await asyncio.to_thread(file.read, len(DATA)) == DATA
            assert await run == (b"", b"")
    os.close(writing)


class Full(io.RawIOBase):
    """A file on a full disk."""

    def writable(self) -> bool:
        return True

    def write(self, _data: Any) -> int:
        problem = "No space left on device"
        raise OSError(28, problem)


@pytest.mark.parametrize("way", ["run", "start", "bounded"])
async def test_file_that_cannot_be_written_ends_the_command_and_is_told(way: str) -> None:
    ended = asyncio.Event()

    async def endless(session: Session) -> int:
        try:
            while True:
                await session.write(bytes(1000))
        finally:
            ended.set()

    async def conducted(conn: ClientConnection) -> None:
        match way:
            case "run":
                await conn.run("x", stdout=Full())
            case "bounded":
                await conn.run("x", stdout=Full(), max_output=10)
            case _:
                async with conn.start("x", stdout=Full()) as process:
                    await process.wait()

    async with pair(endless) as ends:
        with pytest.raises(OSError, match="No space left"):
            await conducted(ends.client)
        await ended.wait()


async def test_input_that_cannot_be_read_ends_the_command_and_is_told() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, _size: int = -1) -> bytes:
            problem = "Input/output error"
            raise OSError(5, problem)

    async with pair(cat) as ends:
        with pytest.raises(OSError, match="Input/output error"):
            await ends.client.run("cat", stdin=Broken())


async def test_file_that_cannot_be_opened_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    sent: list[bytes | None] = []

    async def note(session: Session) -> int:
        sent.append(session.command)
        return 0

    async with pair(note) as ends:
        wrong: list[dict[str, Any]] = [{"stdin": tmp_path / "none"}]
        wrong.append({"stdout": tmp_path / "none" / "file"})
        for options in wrong:
            with pytest.raises(FileNotFoundError, match="none"):
                await ends.client.run("x", **options)
        with pytest.raises(IsADirectoryError):
            await ends.client.start("x", stdout=tmp_path).open()
    assert sent == []


def closed_file() -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (it is to be closed)
    file.close()
    return file


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
@pytest.mark.parametrize("value", [5.5, object(), True, -7, [b"x"], {"a": 1}, dict, closed_file()])
async def test_value_that_cannot_be_used_is_refused_by_name(name: str, value: Any) -> None:
    async with pair(cat) as ends:
        options: dict[str, Any] = {name: value}
        with pytest.raises(UsageError, match=f"^{name} is .*, not "):
            await ends.client.run("x", **options)
        with pytest.raises(UsageError, match=f"^{name} is .*, not "):
            ends.client.start("x", **options)


async def test_file_open_in_the_other_direction_is_refused(given: Path) -> None:
    conn: Any
    async with pair(cat) as ends:
        conn = ends.client
        with given.open("rb") as reading, pytest.raises(UsageError, match=r"^stdout is a Path"):
            await conn.run("x", stdout=reading)
        with given.open("ab") as writing, pytest.raises(UsageError, match=r"^stdin is bytes"):
            await conn.run("x", stdin=writing)
        with pytest.raises(UsageError, match=r"^stdout is .* not a str: do you mean Path"):
            await conn.run("x", stdout="out.txt")
        with pytest.raises(UsageError, match=r"^stdout is .*, not -2"):
            await conn.run("x", stdout=STDOUT)
        with pytest.raises(UsageError, match="stdin and input exclude each other"):
            await conn.run("x", stdin=b"a", input=b"b")


class Elsewhere:
    """A path on a server, as SFTP has it."""

    def __fspath__(self) -> str:
        return "/etc/passwd"

    async def read_bytes(self) -> bytes:
        return b""


async def test_path_on_a_server_is_not_taken_for_one_of_this_machine() -> None:
    conn: Any
    async with pair(cat) as ends:
        conn = ends.client
        for name in ("stdin", "stdout", "stderr"):
            with pytest.raises(UsageError, match=f"^{name} is .*, not an? Elsewhere: open it"):
                await conn.run("x", **{name: Elsewhere()})


async def test_started_process_is_redirected_too(given: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    async with (
        pair(shout) as ends,
        ends.client.start("x", stdin=given, stdout=taken) as process,
    ):
        assert await process.stderr.read() == f"{len(DATA)}\n".encode()
        assert await process.wait() == 0
        assert taken.read_bytes() == DATA.upper()


async def test_scope_that_is_left_cuts_the_redirection(tmp_path: Path) -> None:
    async def endless(session: Session) -> int:
        while True:
            await session.write(bytes(1000))

    before = len(asyncio.all_tasks())
    async with pair(endless) as ends:
        async with ends.client.start("x", stdout=tmp_path / "taken"):
            await ends.client.ping()
        assert (tmp_path / "taken").exists()
    assert len(asyncio.all_tasks()) == before


async def test_checked_command_with_redirected_streams_fails_as_others(tmp_path: Path) -> None:
    async def fails(session: Session) -> int:
        await session.write_stderr(b"first\nsecond\n\nno such file: x\n")
        return 2

    async with pair(fails) as ends:
        with pytest.raises(CommandFailed) as caught:
            await ends.client.run("x", stdout=tmp_path / "taken", check=True)
        assert str(caught.value) == ("'x' ended with status 2: first; second; no such file: x")


class Remote:
    """A file whose methods are awaited: `RemoteFile` is one."""

    def __init__(self, content: Any = b"") -> None:
        self.content = content
        self.flushed = False

    async def read(self, size: int = -1) -> Any:
        data, self.content = self.content[:size], self.content[size:]
        return data

    async def write(self, data: Any) -> int:
        await asyncio.sleep(0)
        self.content += data
        return len(data)

    async def flush(self) -> None:
        self.flushed = True


class RemoteText(Remote):
    encoding = "utf-8"


async def test_file_that_is_awaited_takes_all_output_and_is_flushed() -> None:
    file, text = Remote(), RemoteText("")
    async with pair(cat) as ends:
        assert await ran(ends.client, stdin=DATA, stdout=file) == (b"", b"")
        assert await ran(ends.client, stdin="grüße\n", stdout=text) == (b"", b"")
    assert (file.content, file.flushed) == (DATA, True)
    assert (text.content, text.flushed) == ("grüße\n", True)


@pytest.mark.parametrize("source", [b"bytes", "grüße\n"])
async def test_file_that_is_awaited_gives_bytes_or_text(source: Any) -> None:
    async with pair(cat) as ends:
        expected = source if isinstance(source, bytes) else source.encode()
        assert await ran(ends.client, stdin=Remote(source)) == (expected, b"")


async def test_streams_of_text_processes_carry_text() -> None:
    async with pair(cat) as ends, ends.client.start("x", text=True) as other:
        await ran(ends.client, stdin="grüße\n", stdout=other.stdin)
        assert await ran(ends.client, stdin=other.stdout) == ("grüße\n".encode(), b"")


async def test_async_functions_are_awaited() -> None:
    pieces, got = iter([b"one", b"two", b""]), list[bytes]()

    async def more() -> bytes:
        await asyncio.sleep(0)
        return next(pieces)

    class Taker:
        async def __call__(self, data: bytes) -> None:
            await asyncio.sleep(0)
            got.append(data)

    async with pair(cat) as ends:
        assert await ran(ends.client, stdin=more, stdout=Taker()) == (b"", b"")
    assert b"".join(got) == b"onetwo"


async def test_function_whose_result_would_have_to_be_awaited_is_told() -> None:
    async def late(_: bytes) -> None: ...

    def take(data: memoryview) -> object:
        return late(bytes(data))

    async with pair(cat) as ends:
        with pytest.raises(UsageError, match="make it async"):
            await ran(ends.client, stdin=b"x", stdout=take)


@pytest.mark.parametrize("given", [5, ["x"], object()])
async def test_function_that_gives_no_bytes_is_told(given: Any) -> None:
    async with pair(cat) as ends:
        with pytest.raises(UsageError, match="stdin: bytes or text are read"):
            await ran(ends.client, stdin=lambda: given)


async def test_function_may_give_text() -> None:
    async with pair(cat) as ends:
        assert await ran(ends.client, stdin=iter(["ü", ""]).__next__) == ("ü".encode(), b"")


async def test_one_path_for_both_outputs_is_refused(tmp_path: Path) -> None:
    async with pair(cat) as ends:
        with pytest.raises(UsageError, match="stderr=STDOUT"):
            await ran(ends.client, stdout=tmp_path / "a", stderr=tmp_path / "b" / ".." / "a")
        nowhere = Path(os.devnull)
        assert await ran(ends.client, stdout=nowhere, stderr=nowhere) == (b"", b"")


async def test_descriptor_open_in_the_other_direction_is_refused_by_name(given: Path) -> None:
    reading, writing = os.open(given, os.O_RDONLY), os.open(given, os.O_WRONLY)
    try:
        async with pair(cat) as ends:
            for name, value in (("stdin", writing), ("stdout", reading), ("stderr", 10**6)):
                with pytest.raises(UsageError, match=f"{name} is .*, not {value}"):
                    await ran(ends.client, **{name: value})
    finally:
        os.close(reading)
        os.close(writing)
