"""Waiting for prompts: nothing of a stream is lost, whatever comes instead."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from programs import Remote, limited, pair, settle
from ssh_connection import ExpectTimeout, PatternNotFound
from ssh_connection.aio import ByteReader, Process, Session, TextProcess, TextReader
from ssh_connection.aio.process.expect import expect
from ssh_connection.expect import EXPECT_LIMIT
from ssh_transport import ConnectionLost

pytestmark = pytest.mark.usefixtures("reports")


def fed(*pieces: bytes, end: bool = False) -> ByteReader:
    reader = ByteReader(lambda _: None)
    for piece in pieces:
        reader.feed(memoryview(piece))
    if end:
        reader.feed_eof()
    return reader


async def test_text_up_to_the_match_is_read_and_no_more() -> None:
    reader = fed(b"lo", b"gin", b": and more")

    found = await reader.expect(b"login: ")

    assert (found.before, found.text) == (b"", b"login: ")
    assert await reader.read(100) == b"and more"


async def test_match_arrives_in_pieces() -> None:
    reader = fed(b"x: pass")
    waiting = asyncio.create_task(reader.expect(b"$ ", re.compile(rb"pass(word|code): ")))
    await settle()
    reader.feed(memoryview(b"word: !"))

    found = await waiting

    assert (found.index, found.before, found.match and found.match[1]) == (1, b"x: ", b"word")
    assert reader.peek() == b"!"


async def test_stream_that_is_partly_read_is_searched_from_there() -> None:
    reader = fed(b"prompt$ out")
    assert await reader.read(7) == b"prompt$"
    assert (await reader.expect(re.compile(rb"^ o"))).text == b" o"


@pytest.mark.usefixtures("clock")
async def test_timeout_loses_nothing() -> None:
    reader = fed(b"Permission denied")
    with pytest.raises(ExpectTimeout) as caught:
        await reader.expect(b"$ ", b"# ", timeout=5)
    error = caught.value
    assert (error.name, error.seconds, error.unread) == ("expect", 5, b"Permission denied")
    reader.feed(memoryview(b"\r\n$ "))
    assert (await reader.expect(b"$ ")).before == b"Permission denied\r\n"


async def test_timeout_of_the_stream_itself_is_passed_on() -> None:
    class Stalls:
        def peek(self) -> bytes:
            return b""

        async def wait_for_more(self) -> bool:
            problem = "the line is dead"
            raise TimeoutError(problem)

        async def read(self, n: int = -1) -> bytes:
            raise NotImplementedError(n)

    with pytest.raises(TimeoutError, match="the line is dead") as caught:
        await expect(Stalls(), [b"$ "], bytes, 60)
    assert not isinstance(caught.value, ExpectTimeout)


async def test_empty_match_reads_nothing() -> None:
    reader = fed(b"out")

    found = await reader.expect(re.compile(rb"(?=out)"))

    assert (found.before, found.text) == (b"", b"")
    assert reader.peek() == b"out"


async def test_cancelled_wait_loses_nothing() -> None:
    text = TextReader(fed("gr\u00fc".encode()))
    waiting = asyncio.create_task(text.expect("$ "))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await text.read(100) == "gr\u00fc"


async def test_end_of_the_stream_has_what_came_instead() -> None:
    reader = fed(b"bye", end=True)
    with pytest.raises(PatternNotFound) as caught:
        await reader.expect(b"$ ")
    assert caught.value.unread == b"bye"
    assert await reader.read() == b"bye"


async def test_character_that_the_end_cuts_is_searched_too() -> None:
    text = TextReader(fed(b"na\xc3", end=True))
    assert (await text.expect("\ufffd")).before == "na"
    with pytest.raises(PatternNotFound, match="nothing came"):
        await text.expect("x", timeout=1)


async def test_stream_without_a_match_has_a_limit() -> None:
    reader = fed(bytes(EXPECT_LIMIT))
    with pytest.raises(asyncio.LimitOverrunError):
        await reader.expect(b"$ ")
    assert len(reader.peek()) == EXPECT_LIMIT


async def test_lost_connection_is_told_and_what_came_stays() -> None:
    remote = Remote(says=b"half a prom")
    async with pair(remote) as ends, ends.client.start("x", text=True) as process:
        waiting = asyncio.create_task(process.stdout.expect("prompt"))
        await remote.started.wait()
        await settle()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await waiting
        assert process.stdout.peek() == "half a prom"


async def test_match_behind_the_window_arrives() -> None:
    async def prompt(session: Session) -> int:
        await session.write(bytes(30_000) + b"$ ")
        await session.stdin.read()
        return 0

    async with (
        pair(prompt, client=limited(window=10_000)) as ends,
        ends.client.start("x") as process,
    ):
        assert len((await process.stdout.expect(b"$ ")).before) == 30_000


@pytest.mark.parametrize("text", [True, False])
async def test_shell_has_a_terminal_and_its_prompts_are_waited_for(*, text: bool) -> None:
    asked: list[Any] = []

    async def shell(session: Session) -> int:
        asked.append(session.pty and session.pty.columns)
        await session.write(b"welcome\r\n$ ")
        line = await session.stdin.readline()
        await session.write(line.upper() + b"$ ")
        return 0

    async with pair(shell) as ends:
        process: Process | TextProcess
        if text:
            async with ends.client.shell(text=True) as process:
                await process.stdout.expect("$ ", timeout=60)
                await process.stdin.write("ls\n")
                assert (await process.stdout.expect("$ ")).before == "LS\n"
        else:
            async with ends.client.shell() as process:
                await process.stdout.expect(b"$ ", timeout=60)
                await process.stdin.write(b"ls\n")
                assert (await process.stdout.expect(b"$ ")).before == b"LS\n"
    assert asked == [80]
