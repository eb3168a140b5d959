from __future__ import annotations

import asyncio
import inspect
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPError, SFTPOptions, SFTPTimeout, StatusCode
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.messages import Request
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message, UsageError


async def test_reads_after_seeks_return_the_bytes_at_the_position(
    client: SFTPClient, root: Path
) -> None:
    content = os.urandom(1_000_000)
    (root / "f").write_bytes(content)
    async with await client.open("f") as file:
        assert await file.read(10) == content[:10]
        assert file.tell() == 10
        await file.seek(5, os.SEEK_CUR)
        assert await file.read(10) == content[15:25]
        await file.seek(-10, os.SEEK_END)
        assert await file.read() == content[-10:]
        assert await file.read(1) == b""
        assert await file.read_at(5, 100) == content[100:105]
        assert await file.read(0) == b""
        await file.seek(0)
        assert b"".join([block async for block in file]) == content
        with pytest.raises(UsageError):
            await file.seek(-1)
    assert file.closed
    with pytest.raises(UsageError):
        await file.read(1)


async def test_writes_at_positions_and_offsets_reach_the_file(
    client: SFTPClient, root: Path
) -> None:
    content = os.urandom(700_000)
    async with await client.open("f", "w+b") as file:
        await file.write(content)
        await file.write_at(b"XY", 1)
        await file.seek(0)
        assert await file.read(4) == content[:1] + b"XY" + content[3:4]
        await file.truncate(100)
        await file.setstat(Attributes(permissions=0o600))
        await file.fsync()
        assert (await file.statvfs()).block_size > 0
        assert (await file.stat()).size == 100
        assert "open" in repr(file)
    assert (root / "f").stat().st_mode & 0o777 == 0o600
    assert (root / "f").stat().st_size == 100


async def test_write_that_the_server_refuses_raises(scripted: Any) -> None:
    def reply(request: Request) -> list[Message]:
        if isinstance(request, m.Open):
            return [m.Handle(id=request.id, handle=b"h")]
        refused = isinstance(request, m.Write)
        return [m.Status(id=request.id, code=3 if refused else 0, text="no")]

    async with scripted(reply) as sftp, await sftp.open("f", "wb") as file:
        await file.write(b"y")
        with pytest.raises(PermissionError, match="f"):
            await file.flush()


async def test_file_has_the_methods_of_io(client: SFTPClient, root: Path) -> None:
    (root / "f").write_bytes(b"x")
    async with await client.open("f") as file:
        assert (file.readable(), file.writable(), file.seekable()) == (True, False, True)
        assert (file.mode, file.name, file.path, file.isatty()) == ("rb", "f", "f", False)
        await file.flush()
        with pytest.raises(UsageError, match="not for writing"):
            await file.write(b"y")
    async with await client.open("g", "wb") as file:
        assert (file.readable(), file.writable()) == (False, True)
        with pytest.raises(UsageError, match="not for reading"):
            await file.read(1)
        text: Any = "text"
        with pytest.raises(UsageError, match="mode 'w'"):
            await file.write(text)
        await file.writelines([b"a\n", bytearray(b"b\n")])
    assert (root / "g").read_bytes() == b"a\nb\n"


@settings(deadline=None)
@given(
    lines=st.lists(st.binary(max_size=30), max_size=20),
    sizes=st.lists(st.integers(-1, 40), max_size=20),
)
async def test_lines_of_a_file_equal_those_of_a_local_file(
    serve_memory: Any, lines: list[bytes], sizes: list[int]
) -> None:
    content = b"\n".join(lines)
    told = io.BytesIO(content)
    async with serve_memory(content) as client, await client.open("/f") as file:
        for size in sizes:
            assert await file.readline(size) == told.readline(size)
            assert file.tell() == told.tell()
            if size > 20:
                assert await file.read(size) == told.read(size)
        assert [line async for line in file] == list(told)
        await file.seek(0)
        assert await file.readlines() == io.BytesIO(content).readlines()
        await file.seek(0)
        assert await file.readlines(10) == io.BytesIO(content).readlines(10)


async def test_long_lines_and_lines_after_other_reads_are_complete(
    client: SFTPClient, root: Path
) -> None:
    content = b"a" * 100_000 + b"\n" + b"b" * 10 + b"\n" + b"c" * 300_000
    (root / "f").write_bytes(content)
    async with await client.open("f", "r+b") as file:
        assert [line async for line in file] == content.splitlines(keepends=True)
        await file.seek(99_999)
        assert await file.readline() == b"a\n"
        assert file.ready_line() == b"b" * 10 + b"\n"
        assert file.ready_line() is None
        assert await file.read(5) == b"c" * 5
        await file.seek(-3, os.SEEK_CUR)
        await file.write(b"\nX")
        assert await file.readline() == b"c" * (300_000 - 4)
        await file.seek(100_011)
        assert await file.readline() == b"\n"
        assert await file.readline() == b"cc\n"
        buffer = bytearray(4)
        assert await file.readinto(buffer) == 4
        assert bytes(buffer) == b"Xccc"
        assert await file.read(None) == b"c" * (300_000 - 7)


async def test_append_without_a_reported_size_writes_at_the_end(scripted: Any) -> None:
    written: list[Request] = []

    def reply(request: Request) -> list[Message]:
        match request:
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.Write():
                written.append(request)
                return [m.Status(id=request.id, code=0)]
            case m.Close():
                return [m.Status(id=request.id, code=0)]
            case _:
                return [m.Status(id=request.id, code=3)]

    async with scripted(reply) as sftp, await sftp.open("f", "ab") as file:
        await file.write(b"more")
        with pytest.raises(PermissionError):
            await file.seek(0, os.SEEK_END)

    assert len(written) == 1


@pytest.mark.parametrize("content", [b"", b"abc"])
async def test_seek_before_the_start_fails_as_with_files_of_python(
    client: SFTPClient, root: Path, content: bytes
) -> None:
    (root / "short").write_bytes(content)
    async with await client.open("short") as file:
        with pytest.raises(OSError, match="not negative") as caught:  # zipfile looks for it
            await file.seek(-22, os.SEEK_END)
        assert isinstance(caught.value, UsageError)
        assert file.tell() == 0


@pytest.mark.parametrize("mode", ["rb", "wb", "r", "w"])
async def test_error_in_the_block_of_a_file_is_kept_when_close_fails_too(
    scripted: Any, mode: str
) -> None:
    def reply(request: Request) -> list[Message]:
        if isinstance(request, m.Open):
            return [m.Handle(id=request.id, handle=b"f")]
        return [m.Status(id=request.id, code=StatusCode.FAILURE, text="no space left")]

    async with scripted(reply) as sftp:
        with pytest.raises(ZeroDivisionError) as caught:
            async with await sftp.open("f", mode):
                raise ZeroDivisionError
        with pytest.raises(SFTPError, match="no space left"):
            async with await sftp.open("f", mode):
                pass

    assert caught.value.__notes__ == ["closing failed too: f: no space left"]


async def test_text_file_raises_the_write_error_when_close_fails_too(
    scripted: Any,
) -> None:
    def reply(request: Request) -> list[Message]:
        if isinstance(request, m.Open):
            return [m.Handle(id=request.id, handle=b"f")]
        text = "quota exceeded" if isinstance(request, m.Write) else "stale handle"
        return [m.Status(id=request.id, code=StatusCode.FAILURE, text=text)]

    async with scripted(reply) as sftp:
        file = await sftp.open("f", "w")
        await file.write("text")
        with pytest.raises(SFTPError, match="quota exceeded") as caught:
            await file.close()

    assert caught.value.__notes__ == ["closing failed too: f: stale handle"]


def _blocks(count: int) -> bytes:
    return b"a block\n" * 9_000 * count


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 70_000)),
        st.tuples(st.just("read1"), st.integers(1, 100)),
        st.tuples(st.just("readline"), st.integers(-1, 50)),
        st.tuples(st.just("write"), st.binary(max_size=50)),
        st.tuples(st.just("write"), st.integers(1, 5).map(_blocks)),
        st.tuples(st.just("seek"), st.integers(0, 100_000)),
        st.tuples(st.just("seek"), st.tuples(st.integers(0, 5), st.just(os.SEEK_END))),
        st.tuples(st.just("truncate"), st.integers(0, 90_000)),
        st.tuples(st.just("flush"), st.none()),
    ),
    max_size=15,
)


async def _done(file: Any, name: str, value: bytes | int | tuple[int, int] | None) -> Any:
    """Return what a method gives: of a remote file, or of a local one."""
    method = getattr(file, name)
    if isinstance(value, tuple):
        found = method(*value)
    else:
        found = method() if value is None else method(value)
    return await found if inspect.isawaitable(found) else found


@settings(max_examples=60)
@given(steps=_STEPS, mode=st.sampled_from(["w+b", "a+b"]))
async def test_file_behaves_as_a_local_one_whatever_is_done(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]], mode: str
) -> None:
    root = tmp_path_factory.mktemp("root")
    near, far = memory_pipes()
    serving = asyncio.ensure_future(SFTPServer(far, Rooted(root)).serve())
    local: Any
    file: Any
    with (root / "local").open(mode) as local:
        async with SFTPClient.from_pipe(near) as sftp, await sftp.open("far", mode) as file:
            local.write(b"line\n" * 20_000)
            await file.write(b"line\n" * 20_000)
            local.seek(0)
            await file.seek(0)
            for name, value in steps:
                if name == "read1":  # how much it gives is its own affair
                    data = await file.read1(value)
                    assert local.read(len(data)) == data
                    assert data or not local.read(1)
                    continue
                if name == "write" and not value and mode == "a+b":
                    continue  # Python's own file appends a byte that it has read ahead
                if name == "write" and mode == "a+b":
                    local.seek(0, os.SEEK_END)  # else its `tell` is wrong until it is flushed
                assert await _done(file, name, value) == await _done(local, name, value)
                assert file.tell() == local.tell()
    await serving
    assert (root / "far").read_bytes() == (root / "local").read_bytes()


async def test_silent_server_ends_reads_and_writes_after_the_timeout(scripted: Any) -> None:
    def reply(request: Request) -> list[Message]:
        return [m.Handle(id=request.id, handle=b"h")] if isinstance(request, m.Open) else []

    for name, arguments in (("read", (1,)), ("write_at", (b"x", 0)), ("flush", ())):
        sftp = scripted(reply, SFTPOptions(timeout=0.05))
        await sftp.start()
        file = await sftp.open("f", "r+b")
        await asyncio.sleep(0)
        if name == "flush":
            await file.write(b"x")
        with pytest.raises(SFTPTimeout):
            await getattr(file, name)(*arguments)


async def test_write_after_a_refused_one_raises_and_closing_works(scripted: Any) -> None:
    closed: list[Request] = []

    def reply(request: Request) -> list[Message]:
        match request:
            case m.Open():
                return [m.Handle(id=request.id, handle=b"h")]
            case m.Write():
                return [m.Status(id=request.id, code=StatusCode.FAILURE, text="disk full")]
            case _:
                closed.append(request)
                return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as sftp:
        file = await sftp.open("f", "wb")
        with pytest.raises(SFTPError, match="disk full"):
            await file.writelines([b"x" * 32_768] * 1000)
        await file.close()
    assert [type(each) for each in closed][-1:] == [m.Close]
