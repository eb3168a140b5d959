"""A session as the server's handler sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import pytest

from programs import Remote, limited, pair, settle
from ssh_connection import ChannelClosed, ExitSignal
from ssh_connection.aio import Pty, Session
from ssh_transport import ConnectionLost
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def test_session_holds_its_command_terminal_and_environment() -> None:
    got: list[Session] = []

    async def note(session: Session) -> None:
        got.append(session)

    async with pair(note, subsystems={"s": note}, env=frozenset({"LANG"})) as ends:
        await ends.client.run("ls", env={"LANG": "C"}, pty=Pty("vt100", 1, 2, {53: 1}))
        async with ends.client.start() as shell:
            await shell.wait()
        async with ends.client.subsystem("s") as subsystem:
            await subsystem.wait()
    ls, shell_session, sub = got
    assert (ls.command, ls.subsystem, ls.env) == (b"ls", None, {"LANG": "C"})
    assert ls.pty == Pty("vt100", 1, 2, {53: 1})
    assert (shell_session.command, shell_session.subsystem) == (None, None)
    assert (sub.command, sub.subsystem, sub.user.name) == (None, "s", "tester")


@pytest.mark.parametrize("returned", [True, False])
@pytest.mark.parametrize(
    ("ending", "status", "signal"),
    [
        (0, 0, None),
        (7, 7, None),
        (-1, 2**32 - 1, None),
        (ExitSignal("TERM", core_dumped=True, message="bye"), None, "TERM"),
    ],
)
async def test_session_ends_with_the_status_of_its_handler(
    ending: int | ExitSignal, status: int | None, signal: str | None, *, returned: bool
) -> None:
    async def end(session: Session) -> int | ExitSignal | None:
        await session.write(b"out")
        await session.write_stderr(b"err")
        if returned:
            return ending
        session.exit(ending)
        session.exit(99)
        return None

    async with pair(end) as ends:
        done = await ends.client.run("x")
        assert (done.stdout, done.stderr, done.exit_status) == (b"out", b"err", status)
        assert (done.exit_signal.name if done.exit_signal else None) == signal


@pytest.mark.parametrize("returned", [256, 2**32, -256, 2**40])
async def test_status_whose_last_byte_is_zero_is_told_as_failure(returned: int) -> None:
    async def end(_session: Session) -> int:
        return returned

    async with pair(end) as ends:
        assert (await ends.client.run("x")).exit_status == 255


async def test_handler_that_is_cancelled_by_its_own_code_is_told_as_failure() -> None:
    async def end(_session: Session) -> int:
        raise asyncio.CancelledError

    async with pair(end) as ends:
        assert (await ends.client.run("x")).exit_status == 255


def raises(_session: Session) -> int:
    problem = "its own"
    raise ValueError(problem)


async def raises_later(_session: Session) -> int:
    await settle()
    problem = "its own"
    raise ValueError(problem)


async def nothing(session: Session) -> None:
    await session.write(b"out")


async def text(_session: Session) -> Any:
    return "0"


async def truth(_session: Session) -> Any:
    return True


def plain(_session: Session) -> Any:
    return 0


@pytest.mark.parametrize(
    ("handler", "logged"),
    [
        (nothing, "a session handler returned no exit status, which is told as 255"),
        (text, "a session handler returned a str as exit status"),
        (truth, "a session handler returned a bool as exit status"),
        (raises, "ValueError: its own"),
        (raises_later, "ValueError: its own"),
        (plain, "plain returned int: it is not async"),
    ],
)
async def test_fault_of_a_handler_is_logged_and_is_never_success(
    handler: Any, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair(handler) as ends:
        done = await ends.client.run("x")
        assert done.exit_status == 255
        assert logged in caplog.text
        if "ValueError" in logged:
            assert "Traceback" in caplog.text


@pytest.mark.row("R11")
async def test_handler_that_only_writes_waits_for_the_client() -> None:
    written = 0

    async def flood(session: Session) -> None:
        nonlocal written
        for _ in range(100):
            await session.write(bytes(1000))
            written += 1000

    async with (
        pair(flood, client=limited(window=1000), **limited(write_buffer=2000)) as ends,
        ends.client.start("x") as process,
    ):
        await settle(100)
        assert written < 10_000
        assert len(await process.stdout.read()) == 100_000


async def test_write_to_a_client_that_has_gone_raises() -> None:
    errors: list[Exception] = []
    gone = asyncio.Event()

    async def write(session: Session) -> None:
        session.channel.on_closed(gone.set)
        try:
            await session.write(bytes(10_000))
            await gone.wait()
        except asyncio.CancelledError:
            try:
                await session.write(b"more")
            except ChannelClosed as error:
                errors.append(error)
            raise

    async with pair(write, client=limited(window=100), **limited(write_buffer=100)) as ends:
        process = await ends.client.start("x").open()
        await settle()
        process._channel.abort()
        await gone.wait()
        await settle()
    assert len(errors) == 1


@pytest.mark.parametrize("ending", ["close", "cut"])
async def test_reading_and_writing_end_with_the_session(ending: str) -> None:
    received: list[BaseException] = []

    async def both_ways(session: Session) -> None:
        async def note(work: Awaitable[object]) -> None:
            try:
                await work
            except (ChannelClosed, ConnectionLost) as error:
                received.append(error)

        inner = [
            asyncio.ensure_future(note(session.stdin.read())),
            asyncio.ensure_future(note(session.write(bytes(10_000)))),
        ]
        await asyncio.shield(asyncio.gather(*inner))

    async with pair(both_ways, client=limited(window=100), **limited(write_buffer=100)) as ends:
        process = await ends.client.start("x").open()
        await settle()
        if ending == "close":
            process._channel.abort()
        else:
            assert ends.link is not None
            ends.link.cut()
        await settle(60)
    assert len(received) == 2


async def test_signals_and_sizes_reach_the_handler() -> None:
    sizes: list[tuple[int, int]] = []
    remote = Remote(obeys=("USR1",))

    async def note(session: Session) -> None:
        session.on_resize = lambda columns, rows: sizes.append((columns, rows))
        await remote(session)

    async with pair(note) as ends, ends.client.start("x", pty=Pty()) as process:
        await remote.started.wait()
        process.resize(100, 50)
        process.resize(2**32 - 1, 0)
        process.send_signal("SIGINT")
        process.send_signal("USR1")
        assert await process.wait() == ExitSignal("USR1")
    assert sizes == [(100, 50), (65535, 0)]
    assert remote.signals == ["INT", "USR1"]


@pytest.mark.row("R16")
async def test_session_callback_that_raises_is_reported_and_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        problem = "mine"
        raise ValueError(problem)

    done = asyncio.Event()

    async def note(session: Session) -> int:
        session.on_resize = session.on_signal = broken
        await done.wait()
        return 0

    async with pair(note) as ends, ends.client.start("x", pty=Pty()) as process:
        await settle()
        with caplog.at_level(logging.ERROR):
            process.resize(1, 1)
            process.terminate()
            await ends.client.ping()
        assert caplog.text.count("a function of a session handler failed") == 2
        done.set()
        assert await process.wait() == 0


async def test_handler_begins_with_the_current_size_of_its_terminal() -> None:
    sizes: list[tuple[int, int]] = []

    async def note(session: Session) -> None:
        assert session.pty is not None
        sizes.append((session.pty.columns, session.pty.rows))

    async with pair(note) as ends:
        channel = await ends.client.sessions.open(1000)
        channel.notify(m.PtyRequest(recipient=0, term="x", columns=1, rows=1))
        channel.notify(m.WindowChange(recipient=0, columns=7, rows=8))
        channel.notify(m.WindowChange(recipient=0, columns=0, rows=8))
        channel.notify(m.ShellRequest(recipient=0))
        await channel.wait_closed()
    assert sizes == [(7, 8)]


async def test_signal_without_a_function_that_takes_it_is_refused() -> None:
    gate = asyncio.Event()

    async def deaf(_session: Session) -> None:
        await gate.wait()

    async with pair(deaf) as ends, ends.client.start("x") as process:
        assert not await process._channel.request(m.SignalRequest(recipient=0, name="TERM"))
        assert not await process._channel.request(m.WindowChange(recipient=0, columns=1, rows=1))
        gate.set()


async def test_receiver_of_a_handler_replaces_the_streams() -> None:
    class Echo:
        def __init__(self, session: Session) -> None:
            self.session = session
            self.over = asyncio.Event()

        def data_received(self, data: memoryview) -> None:
            self.session.channel.write(bytes(data))

        def eof_received(self) -> None:
            self.over.set()

        def pipe_closed(self, error: Exception | None) -> None:
            del error
            self.over.set()

        def pause_writing(self) -> None: ...

        def resume_writing(self) -> None: ...

    async def own(session: Session) -> None:
        echo = Echo(session)
        session.channel.connect(echo)
        await session.write_stderr(b"hi")
        await echo.over.wait()

    async with pair(own) as ends:
        done = await ends.client.run("x", input=b"through")
        assert (done.stdout, done.stderr) == (b"through", b"hi")


@pytest.mark.row("C20")
async def test_flood_of_standard_error_to_a_server_is_dropped() -> None:
    gate = asyncio.Event()

    async def wait(_session: Session) -> None:
        await gate.wait()

    async with pair(wait, **limited(window=1000)) as ends, ends.client.start("x") as process:
        for _ in range(100):
            process._channel.core.write_stderr(bytes(1000))
            await settle(3)
        await settle(100)
        assert process._channel.core.held == 0
        gate.set()
