from __future__ import annotations

import asyncio

from ssh_sftp.testing import memory_pipes


class Receiver:
    def __init__(self) -> None:
        self.told: list[object] = []

    def data_received(self, data: memoryview) -> None:
        self.told.append(len(data))

    def eof_received(self) -> None:
        self.told.append("eof")

    def pipe_closed(self, error: Exception | None) -> None:
        self.told.append(error)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


async def test_data_comes_in_pieces_and_in_order() -> None:
    left, right = memory_pipes(chunk=4)
    near, far = Receiver(), Receiver()
    left.connect(near)
    right.connect(far)
    left.write(b"abc", b"defghi")
    left.write_eof()
    await asyncio.sleep(0)

    assert far.told == [4, 4, 1, "eof"]


async def test_writer_is_paused_while_the_pipe_is_full() -> None:
    left, right = memory_pipes(chunk=10**7)
    near, far = Receiver(), Receiver()
    left.connect(near)
    right.connect(far)
    right.pause_reading()
    left.write(bytes(2_000_000))
    await asyncio.sleep(0)
    assert near.told == ["pause"]
    assert far.told == []
    right.resume_reading()
    await asyncio.sleep(0)

    assert near.told == ["pause", "resume"]
    assert far.told == [2_000_000]


async def test_close_reaches_both_ends() -> None:
    left, right = memory_pipes()
    near, far = Receiver(), Receiver()
    left.connect(near)
    right.connect(far)
    left.close()
    await left.wait_closed()
    await asyncio.sleep(0)
    right.write(b"too late")

    assert near.told == [None]
    assert far.told == ["eof"]
