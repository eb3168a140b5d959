"""`run`: both streams drained, honest failures, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from programs import (
    Remote,
    both,
    cat,
    limited,
    pair,
    replace,
    service,
    settle,
    silence,
    until,
    upper,
)
from ssh_connection import (
    ChannelClosed,
    ChannelOpenRefused,
    ChannelType,
    CommandFailed,
    NoExitStatus,
    RequestRefused,
    SSHTimeout,
)
from ssh_connection.aio import (
    CommandInterrupted,
    Launch,
    OutputTooLarge,
    Process,
    Session,
    Timeouts,
)
from ssh_connection.aio.process.run import RunOptions, run_command
from ssh_connection.channel import ChannelProtocol
from ssh_transport import ConnectionLost
from ssh_wire import SSHError, UsageError
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


@pytest.mark.row("R11")
async def test_both_streams_are_drained_whatever_their_size() -> None:
    async with pair(both, client=limited(bulk_window=100_000)) as ends:
        done = await ends.client.run("both")
        assert (len(done.stdout), len(done.stderr)) == (8 << 20, 8 << 20)
        assert done.exit_status == 0
        assert done.duration > 0


async def test_run_without_input_sends_eof() -> None:
    async with pair(upper) as ends:
        done = await ends.client.run(["a b", "c"], text=True)
        assert (done.stdout, done.command) == ("'A B' C", "'a b' c")


@pytest.mark.row("R11")
async def test_input_and_output_are_carried_at_once() -> None:
    async with pair(cat, client=limited(bulk_window=100_000), **limited(window=50_000)) as ends:
        data = bytes(range(256)) * 20_000
        assert (await ends.client.run("cat", input=data)).stdout == data


async def test_run_ends_when_the_command_does_not_read_its_input() -> None:
    async def deaf(session: Session) -> None:
        session.exit(4)

    async with pair(deaf, **limited(window=1000)) as ends:
        done = await ends.client.run("x", input=bytes(5_000_000))
        assert done.exit_status == 4


async def test_run_ends_when_the_command_has_ended_before_its_input() -> None:
    async def gone(session: Session) -> None:
        session.exit(4)

    async with pair(gone) as ends:
        opener = ends.client.sessions.open_drained

        async def slowly(launch: Any) -> Any:
            process = await opener(launch)
            start = process.start

            async def start_and_wait(**kwargs: Any) -> None:
                await start(**kwargs)
                await settle()

            replace(process, "start", start_and_wait)
            return process

        replace(ends.client.sessions, "open_drained", slowly)
        assert (await ends.client.run("x", input=b"late")).exit_status == 4


async def test_check_raises_unless_the_status_is_0() -> None:
    async def status(session: Session) -> None:
        await session.write(b"why")
        session.exit(int(session.command or b"0"))

    async with pair(status) as ends:
        assert (await ends.client.run("0", check=True)).exit_status == 0
        with pytest.raises(CommandFailed, match="status 3") as caught:
            await ends.client.run("3", check=True)
        assert caught.value.completed.stdout == b"why"


async def test_output_can_be_taken_as_it_arrives() -> None:
    taken = bytearray()
    async with pair(both) as ends:
        done = await ends.client.run("both", stdout=taken.extend)
        assert (len(taken), done.stdout, len(done.stderr)) == (8 << 20, b"", 8 << 20)


# ---------------------------------------------------------------- failures


async def test_missing_exit_status_is_raised_with_the_output() -> None:
    async def vanish(session: Session) -> None:
        await session.write(b"some")
        session.channel.abort()
        await asyncio.Event().wait()

    async with pair(vanish) as ends:
        with pytest.raises(NoExitStatus) as caught:
            await ends.client.run("x")
        assert caught.value.completed.stdout == b"some"


@pytest.mark.row("R01")
@pytest.mark.parametrize("check", [True, False])
async def test_command_interrupted_has_the_output_received_before(*, check: bool) -> None:
    remote = Remote(says=b"first")
    async with pair(remote) as ends:
        running = asyncio.create_task(ends.client.run("x", check=check))
        await remote.started.wait()
        await settle()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(CommandInterrupted) as caught:
            await running
        assert caught.value.completed.stdout == b"first"
        assert caught.value.completed.exit_status is None
        with pytest.raises(ConnectionLost):
            await ends.client.run("again")


async def hang_up(session: Session) -> None:
    """Send output, EOF and the status, and never CLOSE: some devices hang up instead."""
    await session.write(b"all")
    core = session.channel.core
    core.write_eof()
    core.in_order(m.ExitStatus(recipient=0, status=5))
    await asyncio.Event().wait()


async def send_status(session: Session) -> None:
    """Send the status, and not the end of the output."""
    await session.write(b"some")
    session.channel.core.in_order(m.ExitStatus(recipient=0, status=0))
    await asyncio.Event().wait()


async def test_result_that_was_told_in_full_survives_the_loss_of_the_connection() -> None:
    async with pair(hang_up) as ends:
        running = asyncio.create_task(ends.client.run("x", text=True))
        await until(lambda: any(c.eof_received for c in ends.client._mux.channels.values()))
        await settle()
        assert ends.link is not None
        ends.link.cut()
        done = await running
        assert (done.stdout, done.exit_status) == ("all", 5)


async def test_status_without_the_end_of_the_output_is_no_result() -> None:
    async with pair(send_status) as ends:
        process = await ends.client.sessions.open_drained(Launch(command="x"))

        async def opened(_: object) -> Process:
            return process

        running = asyncio.create_task(run_command("x", RunOptions(), opened))
        await until(lambda: process.exit_status == 0)
        await settle()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(CommandInterrupted) as caught:
            await running
        assert caught.value.completed.stdout == b"some"
        assert caught.value.completed.exit_status == 0


@pytest.mark.parametrize("failure", ["status", "lost", "missing", "large", "timeout"])
@pytest.mark.usefixtures("clock")
async def test_what_a_failure_has_is_text_where_text_was_asked_for(failure: str) -> None:
    async def command(session: Session) -> int:
        await session.write(b"\xc3\xa9 \xff")  # which is not all UTF-8
        if failure == "missing":
            session.channel.abort()
        if failure != "status":
            await asyncio.Event().wait()
        return 3

    async with pair(command) as ends:
        limit = 3 if failure == "large" else None
        seconds = 3 if failure == "timeout" else None
        running = asyncio.create_task(
            ends.client.run("x", text=True, check=True, max_output=limit, timeout=seconds)
        )
        if failure == "lost":
            await settle()
            assert ends.link is not None
            ends.link.cut()
        with pytest.raises(SSHError) as caught:
            await running
        completed: Any = vars(caught.value)["completed"]
        assert completed.stdout == "\u00e9 \ufffd"[: 2 if failure == "large" else None]


async def test_command_is_interrupted_when_the_connection_is_lost_at_its_start() -> None:
    async with pair(Remote()) as ends:
        running = asyncio.create_task(ends.client.run("x"))
        await asyncio.sleep(0)
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(CommandInterrupted) as caught:
            await running
        assert caught.value.completed.stdout == b""


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("obeys", [("TERM",), ("KILL",), ()])
async def test_timeout_ends_the_command_and_has_its_output(obeys: tuple[str, ...]) -> None:
    remote = Remote(obeys, says=b"first")
    async with pair(remote) as ends:
        with pytest.raises(SSHTimeout) as caught:
            await ends.client.run("x", timeout=10)
        assert (caught.value.name, caught.value.seconds) == ("run", 10)
        assert caught.value.completed is not None
        assert caught.value.completed.stdout == b"first"
        await remote.ended.wait()
        assert remote.signals == ["TERM", "KILL"][: 1 if obeys == ("TERM",) else 2]


@pytest.mark.usefixtures("clock")
async def test_session_that_is_not_opened_times_out_by_the_name_of_its_stage() -> None:
    async with pair(Remote(), client={"timeouts": Timeouts(open=3)}) as ends:
        silence(ends.server)
        with pytest.raises(SSHTimeout, match="while waiting for the server's answer") as caught:
            await ends.client.run("x", timeout=10)
        assert caught.value.completed is None
        with pytest.raises(SSHTimeout, match="timed out after 1 s while running 'x'"):
            await ends.client.run("x", timeout=1)


async def test_no_more_output_is_kept_than_asked_for() -> None:
    remote = Remote(says=b"0123456789")
    async with pair(remote) as ends:
        with pytest.raises(OutputTooLarge, match="more than 4 bytes") as caught:
            await ends.client.run("x", max_output=4)
        assert caught.value.completed.stdout == b"0123"
        await remote.ended.wait()
        assert remote.signals == ["TERM"]
    async with pair(upper) as ends:
        assert (await ends.client.run("four", max_output=4)).stdout == b"FOUR"


async def test_function_for_output_that_raises_ends_the_command() -> None:
    def take(_data: memoryview) -> None:
        problem = "disk full"
        raise OSError(problem)

    remote = Remote(says=b"x")
    async with pair(remote) as ends:
        with pytest.raises(OSError, match="disk full"):
            await ends.client.run("x", stdout=take)
        await remote.ended.wait()
        assert await ends.client.ping() >= 0


async def test_timeout_raised_by_a_function_for_output_is_not_ours() -> None:
    def take(_data: memoryview) -> None:
        raise TimeoutError

    async with pair(Remote(says=b"x")) as ends:
        with pytest.raises(TimeoutError) as caught:
            await ends.client.run("x", stdout=take, timeout=100)
        assert not isinstance(caught.value, SSHTimeout)


async def test_command_that_is_refused_raises_what_was_refused() -> None:
    async with pair(None) as ends:
        with pytest.raises(RequestRefused):
            await ends.client.run("x")
    async with pair(None, **limited(sessions=0)) as ends:
        with pytest.raises(ChannelOpenRefused):
            await ends.client.run("x")


# ---------------------------------------------------------------- cancelling


@pytest.mark.row("R09")
@pytest.mark.row("X08")
@pytest.mark.parametrize(("obeys", "signals"), [(("TERM",), 1), (("KILL",), 2), ((), 2)])
@pytest.mark.usefixtures("clock")
async def test_run_that_is_cancelled_anywhere_leaves_nothing_open(
    obeys: tuple[str, ...], signals: int
) -> None:
    started = 0
    for turns in range(45):
        remote = Remote(obeys, says=b"written")
        async with pair(remote) as ends:
            running = asyncio.create_task(ends.client.run("x", input=b"input", max_output=100))
            await settle(turns)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await settle()
            assert not ends.client._mux.channels
            assert not ends.server._mux.channels
            if remote.started.is_set():
                started += 1
                assert remote.ended.is_set()
                assert remote.signals == ["TERM", "KILL"][:signals]
            assert await ends.client.ping() >= 0
    assert started > 5


@pytest.mark.row("X08")
async def test_second_cancel_does_not_wait_for_the_command() -> None:
    remote = Remote(())
    async with pair(remote) as ends:
        running = asyncio.create_task(ends.client.run("x"))
        await remote.started.wait()
        running.cancel()
        await settle(5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await settle()
        assert not ends.client._mux.channels
        assert remote.ended.is_set()
        assert remote.signals == ["TERM", "KILL"]


@pytest.mark.parametrize("started", [True, False])
async def test_detached_run_leaves_its_command_running(*, started: bool) -> None:
    remote = Remote(says=b"written")
    async with pair(remote) as ends:
        running = asyncio.create_task(ends.client.run("x", on_cancel="detach"))
        if started:
            await remote.started.wait()
        else:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await settle()
        assert remote.ended.is_set() is False
        assert remote.signals == []


async def test_run_fails_when_its_channel_closes_while_it_starts() -> None:
    def closing(end: Any) -> Callable[..., None]:
        return lambda *_: end.server._mux.channels[0].abort()

    async with pair(upper) as ends:
        confirm = service(ends.server, "session").open

        def open_and_close(message: m.SessionOpen, core: ChannelProtocol) -> None:
            confirm(message, core)
            replace(core.handler, "on_request", closing(ends))

        ends.server.register(ChannelType(message=m.SessionOpen, opened=open_and_close))
        with pytest.raises(ChannelClosed):
            await ends.client.run("x")


@pytest.mark.parametrize("value", ["1", True, [1]])
@pytest.mark.parametrize("name", ["timeout", "max_output"])
def test_limit_of_another_type_is_refused_by_name(name: str, value: object) -> None:
    fields: dict[str, Any] = {name: value}
    with pytest.raises(UsageError, match=f"^{name} is a number of"):
        RunOptions(**fields)
