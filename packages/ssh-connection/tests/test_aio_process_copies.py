"""The redirected streams of a command: who is told when one cannot be carried."""

from __future__ import annotations

import asyncio
import errno
import io
from typing import Any

import pytest

from programs import Remote, cat, pair, settle
from ssh_connection import ChannelClosed, RedirectFailed
from ssh_connection.aio import Process, Session
from ssh_transport import ConnectionLost

pytestmark = pytest.mark.usefixtures("reports")


class Full(io.RawIOBase):
    """A file on a disk that is full after a few bytes."""

    def __init__(self, room: int) -> None:
        self.taken = bytearray()
        self._room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if len(self.taken) + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device", "/full/log")
        self.taken += data
        return len(data)


class Endless:
    """Writes until its output is not read any more, and knows what happened to it."""

    def __init__(self) -> None:
        self.signals: list[str] = []
        self.unread = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, session: Session) -> int:
        session.on_signal = self.signals.append
        session.on_output_unread = self.unread.set
        try:
            await session.write_stderr(b"beside it")
            while not self.unread.is_set():
                await session.write(b"line\n")
                await asyncio.sleep(0)
        except ChannelClosed:
            return 141
        finally:
            self.ended.set()
        return 141


async def first_line(session: Session) -> int:
    """Read a line and end, as `head -1` does."""
    await session.write(await session.stdin.readline())
    return 0


@pytest.mark.parametrize("name", ["stdout", "stderr"])
async def test_full_disk_is_named_and_has_what_went_elsewhere(name: str) -> None:
    remote = Endless()

    async def both(session: Session) -> int:
        await session.write_stderr(b"on stderr")
        await session.write(b"on stdout")
        return await remote(session)

    target = Full(4)
    async with pair(both) as ends:
        await ends.client.ping()
        given: dict[str, Any] = {name: target}
        with pytest.raises(RedirectFailed) as caught:
            await ends.client.run("x", **given)
        error = caught.value
        assert (
            str(error) == f"{name} of 'x' cannot be written: No space left on device (/full/log)"
        )
        assert (error.errno, error.filename, error.stream) == (errno.ENOSPC, "/full/log", name)
        assert isinstance(error.__cause__, OSError)
        assert error.completed is not None
        kept = error.completed.stderr if name == "stdout" else error.completed.stdout
        assert kept[:9] == (b"on stderr" if name == "stdout" else b"on stdout")
        await remote.ended.wait()
        assert await ends.client.ping() >= 0  # siblings go on


async def test_command_that_ignores_the_end_of_its_disk_is_killed() -> None:
    remote = Remote(("KILL",), says=b"too much")
    async with pair(remote) as ends:
        with pytest.raises(RedirectFailed):
            await ends.client.run("x", stdout=Full(1))
        assert remote.signals[-1] == "KILL"
        assert remote.signals[0] == "TERM"


async def test_text_of_a_failure_is_text_where_text_was_asked_for() -> None:
    async with pair(Endless()) as ends:
        with pytest.raises(RedirectFailed) as caught:
            await ends.client.run("x", stdout=Full(1), text=True)
        assert caught.value.completed is not None
        assert caught.value.completed.stderr == "beside it"


async def test_pipeline_whose_last_command_ends_first_ends_the_first_one() -> None:
    endless = Endless()
    async with (
        pair(endless) as one,
        pair(first_line) as two,
        two.client.start("head -1") as head,
        one.client.start("yes", stdout=head.stdin) as yes,
    ):
        assert await head.stdout.read() == b"line\n"
        assert await head.wait() == 0
        assert await yes.wait() == 141
        assert await yes.stderr.read() == b"beside it"  # which is not redirected
        assert endless.signals == []


async def test_peer_that_does_not_know_eow_is_sent_the_signal() -> None:
    remote = Remote(("PIPE",), says=b"line\n")
    async with (
        pair(remote) as one,
        pair(first_line) as two,
        two.client.start("head -1") as head,
    ):
        process = await one.client.start("yes", stdout=head.stdin).open()
        process._channel.takes_eow = False
        assert await head.wait() == 0
        await remote.sessions[0].write(b"more\n")
        ended = await process.wait()
        assert remote.signals == ["PIPE"]
        assert ended == process.exit_signal
        await process.close()


async def test_next_command_is_not_told_the_end_of_a_lost_one() -> None:
    remote = Remote(says=b"half")
    async with pair(remote) as one, pair(cat) as two, two.client.start("cat") as second:
        running = asyncio.create_task(one.client.run("x", stdout=second.stdin))
        assert await second.stdout.read(4) == b"half"
        assert one.link is not None
        one.link.cut()
        with pytest.raises(ConnectionLost):
            await running
        await settle()
        assert second.running  # an EOF would say that this was all
        await second.stdin.write(b"!")
        assert await second.stdout.read(1) == b"!"


async def test_command_whose_source_is_lost_fails_by_the_name_of_the_stream() -> None:
    remote = Remote(says=b"half")
    async with pair(remote) as one, pair(cat) as two, one.client.start("x") as first:
        running = asyncio.create_task(two.client.run("cat", stdin=first.stdout))
        await remote.started.wait()
        await settle()
        assert one.link is not None
        one.link.cut()
        with pytest.raises(RedirectFailed, match=r"^stdin of 'cat' cannot be read: ") as caught:
            await running
        assert isinstance(caught.value.__cause__, ConnectionLost)
        assert caught.value.completed is not None
        assert caught.value.completed.stdout == b"half"
        assert await two.client.ping() >= 0


async def test_command_whose_target_is_lost_fails_by_the_name_of_the_stream() -> None:
    endless = Endless()
    async with pair(endless) as one, pair(cat) as two:
        second = await two.client.start("cat").open()
        running = asyncio.create_task(one.client.run("x", stdout=second.stdin))
        assert await second.stdout.read(4) == b"line"
        assert two.link is not None
        two.link.cut()
        with pytest.raises(RedirectFailed, match=r"^stdout of 'x' cannot be written: "):
            await running
        await endless.ended.wait()


async def test_input_stops_where_the_command_reads_no_more() -> None:
    read: list[bytes] = []

    async def first(session: Session) -> int:
        read.append(await session.stdin.readline())
        session.stop_input()
        await session.stdin.read()  # the client sends EOF when it has stopped
        return 0

    async def write_on(process: Process) -> None:
        while True:
            await process.stdin.write(b"x")
            await asyncio.sleep(0)

    async with pair(first) as ends, ends.client.start("x") as process:
        await process.stdin.write(b"one\n")
        with pytest.raises(ChannelClosed, match="reads no more"):
            await write_on(process)
        process.stdin.write_eof()
        assert await process.wait() == 0
