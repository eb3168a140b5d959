"""Descriptors of others: every kind is read and written, none is changed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ssh_stack.cli.descriptors import Input, Output

SIZE = 3_000_000


def blocking(fd: int) -> bool:
    return not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK


def pipe() -> tuple[int, int]:
    return os.pipe()


def sockets() -> tuple[int, int]:
    left, right = socket.socketpair()
    return left.detach(), right.detach()


async def take(fd: int, size: int) -> bytes:
    source, found = Input(fd), b""
    try:
        while len(found) < size and (data := await source.read()):
            found += data
    finally:
        source.close()
    return found


async def give(fd: int, data: bytes) -> None:
    sink = Output(fd)
    try:
        await sink.write(data)
    finally:
        sink.close()


@pytest.fixture(params=["reopened", "announced"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a way to open a pipe again."""
    if request.param == "announced":

        def refuse(path: object, *_: object, **__: object) -> int:
            raise PermissionError(path)

        monkeypatch.setattr("ssh_stack.cli.descriptors.os.open", refuse)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("make", [pipe, sockets])
async def test_more_data_than_buffer_holds_passes_while_both_sides_wait(
    make: Callable[[], tuple[int, int]],
) -> None:
    reading, writing = make()
    data = os.urandom(SIZE)
    found, _ = await asyncio.gather(take(reading, SIZE), give(writing, data))
    assert found == data
    assert blocking(reading)
    assert blocking(writing)
    os.close(writing)
    assert await take(reading, 1) == b""
    os.close(reading)


async def test_file_is_read_and_written_at_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"head")
    with path.open("ab", buffering=0) as file:
        await give(file.fileno(), b"tail")
    assert path.read_bytes() == b"headtail"
    with path.open("rb", buffering=0) as file:
        file.seek(2)
        assert await take(file.fileno(), 100) == b"adtail"


async def test_null_device_takes_all_data_and_reads_as_empty() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    await give(null, bytes(SIZE))
    assert await take(null, 1) == b""
    os.close(null)


async def test_terminal_is_read_and_written_without_change_of_its_flags() -> None:
    master, slave = os.openpty()
    os.write(master, b"line\n")
    assert await take(slave, 5) == b"line\n"
    await give(slave, b"printed")
    printed = b""
    while not printed.endswith(b"printed"):
        printed += os.read(master, 100)
    assert blocking(slave)
    source = Input(slave)
    os.close(slave)
    os.close(master)
    assert await source.read() == b""  # the terminal is gone
    source.close()


async def test_write_to_pipe_without_reader_raises_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        await give(writing, b"x")
    os.close(writing)


async def test_read_of_directory_raises_error(tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(IsADirectoryError):
        await take(directory, 1)
    os.close(directory)


async def test_cancelled_read_leaves_data_in_pipe() -> None:
    reading, writing = os.pipe()
    task = asyncio.create_task(take(reading, 1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.write(writing, b"kept")
    assert os.read(reading, 10) == b"kept"
    os.close(reading)
    os.close(writing)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("make", [pipe, sockets])
async def test_input_is_handed_to_function_until_it_stops_or_input_ends(
    make: Callable[[], tuple[int, int]],
) -> None:
    reading, writing = make()
    source, found = Input(reading), bytearray()

    def take(data: bytes) -> bool:
        found.extend(data)
        return len(found) < 5

    os.write(writing, b"abcde")
    assert await source.read_into(take) is True
    os.write(writing, b"fg")
    os.close(writing)
    assert await source.read_into(lambda data: take(data) or True) is False
    assert bytes(found) == b"abcdefg"
    assert blocking(reading)
    source.close()
    os.close(reading)


async def test_file_is_handed_to_function_from_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1_000_000)
    with path.open("rb", buffering=0) as file:
        file.seek(10)
        source, sizes, more = Input(file.fileno()), list[int](), False

        def take(data: bytes) -> bool:
            sizes.append(len(data))
            return more

        assert await source.read_into(take) is True
        more = True
        assert await source.read_into(take) is False
        source.close()
    assert sum(sizes) == 1_000_000 - 10


async def test_error_of_function_that_takes_input_is_raised() -> None:
    reading, writing = pipe()
    os.write(writing, b"data")
    source = Input(reading)

    def fail(_: bytes) -> bool:
        problem = "full"
        raise ValueError(problem)

    with pytest.raises(ValueError, match="full"):
        await source.read_into(fail)
    source.close()
    os.close(reading)
    os.close(writing)


async def test_cancelled_hand_over_reads_no_more() -> None:
    reading, writing = pipe()
    source = Input(reading)
    task = asyncio.create_task(source.read_into(lambda _: True))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.write(writing, b"data")
    await asyncio.sleep(0)

    assert os.read(reading, 10) == b"data"
    source.close()
    os.close(reading)
    os.close(writing)


async def test_output_writes_now_what_fits() -> None:
    reading, writing = pipe()
    sink = Output(writing)
    data = memoryview(bytes(SIZE))
    written = sink.write_now(data)

    assert 0 < written < SIZE
    assert sink.write_now(data) == 0
    os.close(reading)
    assert sink.write_now(data) == 0  # told by `write`
    with pytest.raises(BrokenPipeError):
        await sink.write(bytes(data[written:]))
    sink.close()
    os.close(writing)
