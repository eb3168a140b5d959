"""A process on the other side, from its start to its certain end."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest

from programs import Remote, cat, ignore, inject, limited, pair, replace, settle, upper
from ssh_connection import ChannelClosed, ExitSignal, NoExitStatus, RequestRefused
from ssh_connection.aio import Launch, Process, Pty, Session
from ssh_connection.aio.testing import EndpointPair
from ssh_connection.replies import PendingReply
from ssh_transport import ConnectionLost
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def test_process_has_three_streams_and_a_status() -> None:
    async def program(session: Session) -> None:
        line = await session.stdin.readline()
        await session.write(line.upper())
        await session.write_stderr(b"a problem\n")
        session.exit(3)

    async with pair(program) as ends, ends.client.start("x") as process:
        assert process.running
        await process.stdin.write(b"line\n")
        assert await process.stdout.readline() == b"LINE\n"
        assert await process.stderr.read() == b"a problem\n"
        assert await process.wait() == 3
        assert await process.wait_closed() is None
        assert not process.running
        assert process.error is None
        with pytest.raises(ChannelClosed):
            process.send_signal("TERM")


async def test_process_is_closed_at_the_end_of_its_block() -> None:
    remote = Remote()
    async with pair(remote) as ends:
        async with await ends.client.start("x").open() as process:
            await remote.started.wait()
        assert process.exit_signal == ExitSignal("TERM")
    assert remote.signals == ["TERM"]


@pytest.mark.row("C12")
async def test_first_exit_status_counts_and_a_signal_is_escaped() -> None:
    async with pair(Remote()) as ends, ends.client.start("x") as process:
        number = next(iter(ends.server._mux.channels))
        assert number == 0
        inject(
            ends.server,
            m.ExitSignal(recipient=0, name="\x1b[31mSEGV", core_dumped=True, message="\x07core"),
            m.ExitStatus(recipient=0, status=7),
            m.ExitSignal(recipient=0, name="KILL", core_dumped=False),
        )
        ended = await process.wait()
        assert ended == ExitSignal("\\x1b[31mSEGV", core_dumped=True, message="\\x07core")
        assert process.exit_status is None


async def test_wait_fails_when_the_channel_closes_without_a_status() -> None:
    async def vanish(session: Session) -> None:
        session.channel.abort()
        await asyncio.Event().wait()

    async with pair(vanish) as ends, ends.client.start("x") as process:
        with pytest.raises(NoExitStatus, match="'x' ended without an exit status"):
            await process.wait()


async def test_wait_and_read_fail_when_the_connection_is_lost() -> None:
    async with pair(Remote()) as ends, ends.client.start("x") as process:
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await process.wait()
        with pytest.raises(ConnectionLost):
            await process.stdout.read()
        assert isinstance(process.error, ConnectionLost)


@pytest.mark.parametrize("refused", ["a terminal", "the command"])
async def test_refused_request_is_named(refused: str) -> None:
    async with pair(None if refused == "the command" else upper) as ends:
        pty = Pty(modes={200: 1})
        if refused == "a terminal":
            channel = await ends.client.sessions.open(100)
            process = Process(channel, Launch(command="x", pty=attrs.evolve(pty, modes={1: 1})))
            core = ends.server._mux.channels[0]

            def deny(_: object, reply: PendingReply) -> None:
                core.deny(reply)

            replace(core.handler, "on_request", deny)
            with pytest.raises(RequestRefused, match="a terminal"):
                await process.start()
        else:
            with pytest.raises(RequestRefused, match="the peer refused x"):
                await ends.client.start("x").open()
        await settle()
        assert not ends.client._mux.channels


async def test_detached_process_outlives_its_block_and_not_its_connection() -> None:
    remote = Remote(says=b"written")
    async with pair(remote) as ends:
        async with ends.client.start("x") as process:
            await remote.started.wait()
            process.detach()
        await settle()
        assert remote.signals == []
        assert not remote.ended.is_set()
        await ends.client.close()
        await remote.ended.wait()
        await process.close()  # which has nothing left to do


@pytest.mark.parametrize("with_env", [True, False])
async def test_start_fails_when_the_server_closes_before_the_request(*, with_env: bool) -> None:
    async with pair(upper) as ends:
        channel = await ends.client.sessions.open(100)
        process = Process(channel, Launch(command="x", env={"A": "b"} if with_env else {}))
        ends.server._mux.channels[0].abort()
        await settle()
        with pytest.raises(ChannelClosed):
            await process.start()


@pytest.mark.parametrize("ending", ["close", "cut"])
async def test_start_fails_when_the_server_ends_instead_of_answering(ending: str) -> None:
    async with pair(upper) as ends:
        channel = await ends.client.sessions.open(100)
        replace(ends.server._mux.channels[0].handler, "on_request", ignore)
        process = Process(channel, Launch(command="x", pty=Pty()))
        starting = asyncio.create_task(process.start())
        await settle()
        assert ends.link is not None
        if ending == "close":
            ends.server._mux.channels[0].abort()
        else:
            ends.link.cut()
        with pytest.raises(ChannelClosed if ending == "close" else ConnectionLost):
            await starting


@pytest.mark.row("R09")
@pytest.mark.row("X08")
async def test_process_start_can_be_cancelled_at_every_step() -> None:
    remote = Remote()
    async with pair(remote) as ends:
        for turns in range(60):
            starting = asyncio.create_task(ends.client.start("x", pty=Pty()).open())
            await settle(turns)
            if starting.done():
                await (await starting).close()
                break
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            await settle()
            assert not ends.client._mux.channels
            assert not ends.server._mux.channels
            if remote.started.is_set():
                assert set(remote.signals) == {"TERM"}
        else:
            pytest.fail("it never started")


# ---------------------------------------------------------------- the end


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("obeys", "signals", "seconds"),
    [(("TERM",), ["TERM"], 0), (("KILL",), ["TERM", "KILL"], 2), ((), ["TERM", "KILL"], 4)],
)
async def test_process_is_closed_by_ever_stronger_signals(
    obeys: tuple[str, ...], signals: list[str], seconds: int
) -> None:
    remote = Remote(obeys)
    async with pair(remote) as ends:
        process = await ends.client.start("x").open()
        await remote.started.wait()
        before = asyncio.get_running_loop().time()
        await process.close()
        assert seconds <= asyncio.get_running_loop().time() - before < seconds + 0.9
        await remote.ended.wait()
        assert remote.signals == signals
        assert remote.cancelled is (not obeys)
        await process.close()


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_end_of_a_process_is_taken_although_its_output_is_not_read(stream: str) -> None:
    async def flood(session: Session) -> None:
        stopped = asyncio.Event()
        session.on_signal = lambda _: stopped.set()
        write = session.write if stream == "stdout" else session.write_stderr
        await write(bytes(5_000_000))  # more than the window, which is behind the unread data
        await stopped.wait()
        await write(b"farewell")
        session.exit(ExitSignal("TERM"))

    async with pair(flood) as ends:
        async with ends.client.start("x") as process:
            process.launch = attrs.evolve(process.launch, grace=600.0)
            assert await getattr(process, stream).readexactly(1) == b"\0"
        assert process.exit_signal is not None
        assert process.exit_signal.name == "TERM"
        unread = await getattr(process, stream).read()
        assert 2_000_000 < len(unread) < 4_500_000  # what had arrived, and no end of more


async def test_process_close_is_bounded_when_the_server_does_not_answer() -> None:
    async with pair(Remote()) as ends:
        process = await ends.client.start("x").open()
        reading = asyncio.create_task(process.stdout.read())
        writing = asyncio.create_task(process.stdin.write(bytes(10_000_000)))
        await settle()
        assert ends.link is not None
        ends.link.freeze()
        before = asyncio.get_running_loop().time()
        await process.close()
        assert asyncio.get_running_loop().time() - before < 6
        for waiting in (reading, writing):
            with pytest.raises(ChannelClosed, match="does not close the channel"):
                await waiting
        assert not process.running


async def test_output_that_had_arrived_can_be_read_after_closing() -> None:
    remote = Remote(says=b"words")
    async with pair(remote) as ends:
        async with ends.client.start("x") as process:
            await remote.started.wait()
            await settle()
        assert await process.stdout.read(100) == b"words"


@pytest.mark.row("C20")
@pytest.mark.parametrize("run", [True, False])
async def test_detached_process_runs_on_and_its_output_is_dropped(*, run: bool) -> None:
    async def flood(session: Session) -> int:
        for _ in range(100):
            await session.write(bytes(1000))
            await session.write_stderr(bytes(1000))
        return 0

    async with pair(flood, client=limited(window=5000, bulk_window=5000)) as ends:
        taken: list[int] = []
        channel = await ends.client.sessions.open(5000)
        process = Process(channel, Launch(command="x"))
        if run:
            await process.start(stdout=lambda data: taken.append(len(data)))
        else:
            await process.start()
        process.detach()
        assert await process.wait() == 0
        await process.wait_closed()
        assert process.stdout._size == 0


async def test_functions_receive_the_output_instead_of_the_streams() -> None:
    async def program(session: Session) -> int:
        for _ in range(10):
            await session.write(b"o" * 1000)
            await session.write_stderr(b"e" * 1000)
        return 0

    for stdout in (True, False):
        out, err = bytearray(), bytearray()
        async with pair(program, client=limited(window=3000)) as ends:
            channel = await ends.client.sessions.open(3000)
            process = Process(channel, Launch(command="x"))
            await process.start(stdout=out.extend if stdout else None, stderr=err.extend)
            rest = await process.stdout.read()
            assert await process.wait() == 0
        assert bytes(out) + rest == b"o" * 10_000
        assert bytes(err) == b"e" * 10_000


@pytest.mark.parametrize("taken", [True, False])
async def test_output_before_the_command_is_not_lost(*, taken: bool) -> None:
    """Some devices greet as soon as the session is open."""
    async with pair(upper) as ends:
        out = bytearray()
        channel = await ends.client.sessions.open(1000)
        ends.server._mux.channels[0].write(b"welcome ")
        await settle()
        process = Process(channel, Launch(command="x"))
        await process.start(stdout=out.extend if taken else None)
        process.stdin.write_eof()
        assert await process.wait() == 0
        assert bytes(out) + await process.stdout.read() == b"welcome X"


async def test_resize_and_signals_reach_the_handler_without_the_sig_prefix() -> None:
    received: list[Any] = []

    class Watched(Remote):
        async def __call__(self, session: Session) -> None:
            session.on_resize = lambda columns, rows: received.append((columns, rows))
            await super().__call__(session)

    remote = Watched(obeys=("KILL",))
    async with pair(remote) as ends, ends.client.start("x", pty=Pty()) as process:
        await remote.started.wait()
        process.resize(132, 50)
        process.terminate()
        process.send_signal("SIGHUP")
        process.kill()
        assert await process.wait() == ExitSignal("KILL")
    assert received == [(132, 50)]
    assert remote.signals == ["TERM", "HUP", "KILL"]


async def test_requests_that_a_server_makes_on_a_session_are_refused() -> None:
    """OpenSSH's server asks for signs of life on the channel."""
    async with pair(Remote()) as ends, ends.client.start("x"):
        channel = ends.server._mux.channels[0]
        answers: list[bool | None] = []
        message = m.ChannelRequest(recipient=0, kind="keepalive@openssh.com", want_reply=True)
        channel.request(message, answers.append)
        await settle()
        assert answers == [False]


async def test_processes_do_not_disturb_each_other() -> None:
    async def talk(ends: EndpointPair, number: int) -> None:
        async with ends.client.start("cat") as process:
            for turn in range(20):
                line = f"{number} {turn}\n".encode()
                await process.stdin.write(line)
                assert await process.stdout.readline() == line
            process.stdin.write_eof()
            assert await process.wait() == 0

    async with pair(cat) as ends:
        await asyncio.gather(*(talk(ends, number) for number in range(10)))
