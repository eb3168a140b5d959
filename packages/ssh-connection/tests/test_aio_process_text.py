"""The streams of a command as text."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import cat, pair
from ssh_connection.aio import ByteReader, Session, TextReader
from ssh_connection.results import ExitSignal

pytestmark = pytest.mark.usefixtures("reports")


def reader(data: bytes, cuts: list[int]) -> TextReader:
    stream = ByteReader(lambda _: None)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        stream.feed(memoryview(data[start:end]))
    stream.feed_eof()
    return TextReader(stream)


@given(st.text(), st.lists(st.integers(0, 1000)), st.integers(1, 20))
def test_text_arrives_whole_however_the_stream_is_cut(
    text: str, cuts: list[int], size: int
) -> None:
    async def read() -> tuple[str, str, str]:
        data = text.encode("utf-8", "replace")
        at_once = await reader(data, cuts).read()
        pieces, lines = reader(data, cuts), reader(data, cuts)
        parts: list[str] = []
        while part := await pieces.read(size):
            assert len(part) <= size
            parts.append(part)
        assert pieces.at_eof
        found = [line async for line in lines]
        assert all("\n" not in line[:-1] for line in found)
        return at_once, "".join(parts), "".join(found)

    expected = text.encode("utf-8", "replace").decode()
    assert asyncio.run(read()) == (expected, expected, expected)


@given(st.binary(max_size=50), st.lists(st.integers(0, 50)))
def test_bytes_that_are_not_utf_8_become_replacement_characters(
    data: bytes, cuts: list[int]
) -> None:
    assert asyncio.run(reader(data, cuts).read()) == data.decode("utf-8", "replace")


async def test_nothing_is_read_where_nothing_is_wanted() -> None:
    stream = reader(b"abc", [])
    assert await stream.read(0) == ""
    assert await stream.read(2) == "ab"
    assert not stream.at_eof


async def test_started_process_gives_text() -> None:
    async def greet(session: Session) -> int:
        name = (await session.stdin.readline()).strip()
        await session.write(b"hello " + name + b"\nbye\n")
        await session.write_stderr("grüße\n".encode())
        return 3

    async with pair(greet) as ends, ends.client.start("x", text=True) as process:
        assert process.running
        assert process.launch.command == "x"
        await process.stdin.write("Zoë\n")
        process.stdin.write_eof()
        assert [line async for line in process.stdout] == ["hello Zoë\n", "bye\n"]
        assert await process.stderr.read() == "grüße\n"
        assert await process.wait() == 3
        assert (process.exit_status, process.exit_signal) == (3, None)


async def test_text_process_is_signalled_and_closed_as_the_process_is() -> None:
    names: list[str] = []

    async def obedient(session: Session) -> ExitSignal:
        ended = asyncio.Event()

        def signalled(name: str) -> None:
            names.append(name)
            if name == "KILL":
                ended.set()

        session.on_signal = signalled
        await session.write(b"ready\n")
        await ended.wait()
        return ExitSignal("KILL")

    async with pair(obedient) as ends, ends.client.start("x", text=True) as process:
        assert await process.stdout.readline() == "ready\n"
        process.send_signal("USR1")
        process.terminate()
        process.resize(100, 50)
        process.kill()
        assert await process.wait() == ExitSignal("KILL")
        assert process.exit_signal == ExitSignal("KILL")
    assert names == ["USR1", "TERM", "KILL"]


async def test_text_process_is_a_scope_too() -> None:
    async with pair(cat) as ends:
        async with await ends.client.start("x", text=True) as process:
            pass
        assert not process.running
