"""A stream in memory carries bytes as a socket does, and breaks when it is told to."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from ssh_stack.streams import Reader
from ssh_stack.testing import MemoryLink

MB = 1_000_000


def ends(link: MemoryLink) -> tuple[Reader, Any, Reader, Any]:
    """The reader and the writer of each end."""
    return link.left[0], cast("Any", link.left[1]), link.right[0], cast("Any", link.right[1])


async def test_link_carries_bytes_both_ways() -> None:
    left_reader, left_writer, right_reader, right_writer = ends(MemoryLink())

    left_writer.write(b"there")
    right_writer.write(b"back")

    assert await right_reader.read(100) == b"there"
    assert await left_reader.read(2) == b"ba"
    assert await left_reader.read(100) == b"ck"


async def test_reader_waits_for_what_is_written_later() -> None:
    _, writer, reader, _ = ends(MemoryLink())
    reading = asyncio.ensure_future(reader.read(100))
    await asyncio.sleep(0)

    writer.write(b"late")

    assert await reading == b"late"


async def test_closed_end_is_read_to_its_end() -> None:
    _, writer, reader, back = ends(MemoryLink())
    writer.write(b"last")

    writer.close()

    assert await reader.read(100) == b"last"
    assert await reader.read(100) == b""
    back.write(bytes(MB))  # is lost, and waits for no reader
    await back.drain()


async def test_writer_waits_while_much_is_not_read() -> None:
    _, writer, reader, _ = ends(MemoryLink())
    writer.write(bytes(MB))
    draining = asyncio.ensure_future(writer.drain())
    await asyncio.sleep(0)
    assert not draining.done()

    assert len(await reader.read(MB)) == MB

    await draining


async def test_cut_link_fails_for_both_ends() -> None:
    link = MemoryLink()
    left_reader, left_writer, right_reader, right_writer = ends(link)
    left_writer.write(b"lost")

    link.cut(ConnectionResetError("the cable"))

    for reader in (left_reader, right_reader):
        with pytest.raises(ConnectionResetError, match="the cable"):
            await reader.read(100)
    right_writer.write(b"lost too")
    await right_writer.drain()


async def test_cut_wakes_whoever_reads_and_whoever_waits_for_room() -> None:
    link = MemoryLink()
    left_reader, left_writer, _, _ = ends(link)
    left_writer.write(bytes(MB))
    reading = asyncio.ensure_future(left_reader.read(100))
    draining = asyncio.ensure_future(left_writer.drain())
    await asyncio.sleep(0)

    link.cut()

    with pytest.raises(ConnectionResetError):
        await reading
    await draining


async def test_frozen_link_delivers_nothing_until_it_thaws() -> None:
    link = MemoryLink()
    _, writer, reader, _ = ends(link)
    link.freeze()
    writer.write(b"kept")
    reading = asyncio.ensure_future(reader.read(100))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not reading.done()

    link.thaw()

    assert await reading == b"kept"


async def test_link_is_cut_from_another_thread() -> None:
    link = MemoryLink()
    reader = link.left[0]
    reading = asyncio.ensure_future(reader.read(100))
    await asyncio.sleep(0)

    await asyncio.to_thread(link.cut)

    with pytest.raises(ConnectionResetError):
        await reading


def test_link_of_a_loop_that_is_closed_is_cut_in_silence() -> None:
    link = MemoryLink()

    async def use() -> None:
        cast("Any", link.right[1]).write(b"x")
        await link.left[0].read(1)

    asyncio.run(use())

    link.cut()
