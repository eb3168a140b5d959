"""Local files and descriptors beside the event loop: rare ways of reading and opening."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, Any, cast

import pytest

from programs import settle, until
from ssh_connection.aio.process import files
from ssh_connection.aio.process.files import bytes_of, is_descriptor, open_reader, open_writer
from ssh_wire import UsageError

pytestmark = pytest.mark.usefixtures("reports")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x", b"x"),
        ("\u00fc", b"\xc3\xbc"),
        (None, b""),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
    ],
)
def test_data_of_a_file_is_taken_as_bytes(data: object, expected: bytes) -> None:
    assert bytes_of(data) == expected


def test_data_that_is_neither_bytes_nor_text_is_refused() -> None:
    with pytest.raises(UsageError, match="and not a int"):
        bytes_of(3)


@pytest.mark.parametrize("number", [True, -1, 1 << 20, 1 << 80])
def test_number_that_is_no_open_descriptor_is_none(number: int) -> None:
    assert not is_descriptor(number, write=False)


def test_descriptor_is_one_only_in_its_direction() -> None:
    reading, writing = os.pipe()
    try:
        assert is_descriptor(reading, write=False)
        assert is_descriptor(writing, write=True)
        assert not is_descriptor(reading, write=True)
        assert not is_descriptor(writing, write=False)
    finally:
        os.close(reading)
        os.close(writing)


class OpensLate:
    """A file that is opened when the test lets it.

    Attributes:
        began: set once the thread waits.
        release: lets it open.
        ended: set once it was opened, or could not be.
        opened: what was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()
        self.opened: list[IO[bytes]] = []

    def __call__(self) -> IO[bytes]:
        self.began.set()
        self.release.wait(10)
        try:
            self.opened.append(self.path.open("rb"))
        finally:
            self.ended.set()
        return self.opened[0]


@pytest.mark.parametrize("exists", [True, False])
async def test_file_that_opens_after_the_cancellation_is_closed(
    tmp_path: Path, *, exists: bool
) -> None:
    late = OpensLate(tmp_path / "file")
    if exists:
        late.path.touch()
    opening = asyncio.create_task(files._opened_path(late))
    await asyncio.to_thread(late.began.wait, 10)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    late.release.set()
    await until(late.ended.is_set)
    if exists:
        await until(lambda: late.opened[0].closed)
    await settle()  # an error here is not reported: the caller has gone
    assert len(late.opened) == exists


@pytest.mark.parametrize("error", [BlockingIOError, InterruptedError])
async def test_pipe_that_another_process_emptied_first_is_waited_for_again(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    reading, writing = os.pipe()
    calls = {"read": 0, "write": 0}
    read, write = os.read, os.write

    def busy_read(descriptor: int, size: int) -> bytes:
        calls["read"] += 1
        if calls["read"] == 1:
            raise error
        return read(descriptor, size)

    def busy_write(descriptor: int, data: Any) -> int:
        calls["write"] += 1
        if calls["write"] == 1:
            raise error
        return write(descriptor, data)

    try:
        async with AsyncExitStack() as stack:
            take = await open_reader(reading, stack)
            give = await open_writer(writing, stack)
            with monkeypatch.context() as patch:
                patch.setattr("ssh_connection.aio.process.files.os.read", busy_read)
                patch.setattr("ssh_connection.aio.process.files.os.write", busy_write)
                await give(b"hello")
                assert await take(100) == b"hello"
                found = dict(calls)
        assert found == {"read": 2, "write": 2}
    finally:
        os.close(reading)
        os.close(writing)


async def test_function_is_read_until_it_has_nothing() -> None:
    pieces = [b"one", "two", None]
    async with AsyncExitStack() as stack:
        read = await open_reader(cast("Any", lambda: pieces.pop(0)), stack)
        assert [await read(10) for _ in range(3)] == [b"one", b"two", b""]
    assert pieces == []
