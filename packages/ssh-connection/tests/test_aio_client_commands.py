"""Commands, shells and subsystems as a user asks for them: what is launched, what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from programs import cat, pair, settle, upper
from ssh_connection.aio import Launch, Process, Pty
from ssh_connection.aio.client.commands import Commands
from ssh_connection.aio.process.redirect import Redirects
from ssh_connection.aio.process.text import TextProcess
from ssh_connection.aio.scope import Scope
from ssh_wire import UsageError

pytestmark = pytest.mark.usefixtures("reports")


class Opened(Exception):
    """A session was about to be opened."""


class Recording:
    """Sessions that are never opened, and what was to start in them."""

    def __init__(self) -> None:
        self.launches: list[Launch] = []
        self.redirects: list[Redirects | None] = []

    def start(self, launch: Launch, redirects: Redirects | None = None) -> Scope[Process]:
        self.launches.append(launch)
        self.redirects.append(redirects)

        async def opener() -> Process:
            raise Opened

        return Scope(opener)

    async def open_drained(self, launch: Launch) -> Process:
        self.launches.append(launch)
        raise Opened


@pytest.fixture
def sessions() -> Recording:
    return Recording()


@pytest.fixture
def commands(sessions: Recording) -> Commands:
    given: Any = sessions
    return Commands(given)


COMMANDS = [("echo $HOME; ls", "echo $HOME; ls"), (["echo", "$HOME"], "echo '$HOME'"), ("", "")]


@pytest.mark.parametrize(("command", "line"), COMMANDS)
async def test_command_is_launched_as_its_line(
    commands: Commands, sessions: Recording, command: str | list[str], line: str
) -> None:
    with pytest.raises(Opened):
        await commands.run(command, env={"A": "1"}, pty=Pty("vt100"))
    commands.start(command, env={"A": "1"}, pty=Pty("vt100"))

    launch = Launch(command=line, env={"A": "1"}, pty=Pty("vt100"))
    assert sessions.launches == [launch, launch]


async def test_start_without_a_command_launches_the_shell(
    commands: Commands, sessions: Recording
) -> None:
    commands.start()
    commands.start(text=True)

    assert sessions.launches == [Launch(), Launch()]


async def test_subsystem_is_launched_by_its_name(commands: Commands, sessions: Recording) -> None:
    commands.subsystem("sftp")

    assert sessions.launches == [Launch(subsystem="sftp")]
    assert sessions.redirects == [None]


async def test_streams_given_to_start_are_its_redirects(
    commands: Commands, sessions: Recording, tmp_path: Path
) -> None:
    commands.start("x", stdin=b"in", stdout=tmp_path / "out", stderr=asyncio.subprocess.STDOUT)

    assert sessions.redirects == [
        Redirects(b"in", tmp_path / "out", asyncio.subprocess.STDOUT),
    ]


UNUSABLE: list[tuple[object, dict[str, Any]]] = [
    (5, {}),
    (["sleep", 5], {}),
    ("x\0", {}),
    ("x", {"env": {"A": 1}}),
    ("x", {"stdout": 5.0}),
]


@pytest.mark.parametrize(("command", "options"), UNUSABLE)
async def test_unusable_argument_is_refused_before_a_session_is_opened(
    commands: Commands, sessions: Recording, command: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        await commands.run(command, **options)
    with pytest.raises(UsageError):
        commands.start(command, **options)

    assert sessions.launches == []


async def test_stdin_beside_input_is_refused_before_a_session_is_opened(
    commands: Commands, sessions: Recording
) -> None:
    with pytest.raises(UsageError, match=r"^stdin and input exclude each other$"):
        await commands.run("x", stdin=b"one", input=b"two")

    assert sessions.launches == []


# ---------------------------------------------------------------- with a server


@pytest.mark.parametrize("data", [b"bytes", "text", bytearray(b"array"), memoryview(b"view")])
async def test_input_of_any_kind_reaches_the_command(data: Any) -> None:
    async with pair(cat) as ends:
        done = await ends.client.run("cat", input=data)
        assert done.stdout == (data.encode() if isinstance(data, str) else bytes(data))


@pytest.mark.parametrize("content", [5, ["line"], Path("file")])
async def test_input_that_is_no_content_is_refused_and_never_waited_for(content: Any) -> None:
    async with pair(cat) as ends:
        with pytest.raises(
            UsageError, match=r"^input is bytes or text, not .*; stdin takes files"
        ):
            await ends.client.run("cat", input=content)


async def test_empty_input_is_eof_and_no_input_too() -> None:
    async with pair(upper) as ends:
        assert (await ends.client.run("x", input=b"")).stdout == b"X"
        assert (await ends.client.run("x", input="")).stdout == b"X"
        assert (await ends.client.run("x")).stdout == b"X"


async def test_run_gives_bytes_or_text_as_asked() -> None:
    async with pair(cat) as ends:
        data = "é\n".encode() + b"\xff"
        assert (await ends.client.run("x", input=data)).stdout == data
        assert (await ends.client.run("x", input=data, text=True)).stdout == "é\n\ufffd"


async def test_started_process_has_streams_of_bytes_or_text_as_asked() -> None:
    async with pair(cat) as ends:
        async with ends.client.start("x") as process:
            assert isinstance(process, Process)
        async with ends.client.start("x", text=True) as text:
            assert isinstance(text, TextProcess)
            await text.stdin.write("é")
            text.stdin.write_eof()
            assert await text.stdout.read() == "é"


async def test_subsystem_is_a_process_of_its_streams() -> None:
    async with pair(subsystems={"echo": cat}) as ends, ends.client.subsystem("echo") as process:
        await process.stdin.write(b"data")
        process.stdin.write_eof()
        assert await process.stdout.read() == b"data"


async def test_subsystem_is_opened_as_a_channel_without_a_receiver() -> None:
    async with pair(subsystems={"echo": cat}) as ends:
        channel = await ends.client.open_subsystem("echo")
        assert not channel.is_connected
        channel.abort()


@pytest.mark.row("X08")
async def test_subsystem_opening_can_be_cancelled_at_every_step() -> None:
    async with pair(subsystems={"echo": cat}) as ends:
        for turns in range(40):
            opening = asyncio.create_task(ends.client.open_subsystem("echo"))
            await settle(turns)
            if opening.done():
                (await opening).abort()
                break
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await settle()
            assert not ends.client._mux.channels
            assert not ends.server._mux.channels


@pytest.mark.parametrize("given", [{"stdin": b"x"}, {"stdin": 0}, {"input": b""}])
async def test_command_that_dies_with_its_channel_takes_no_input(
    commands: Commands, sessions: Recording, given: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="excludes stdin and input"):
        await commands.run("x", dies_with_channel=True, **given)
    if "stdin" in given:
        with pytest.raises(UsageError, match="excludes stdin and input"):
            commands.start("x", dies_with_channel=True, **given)
    with pytest.raises(UsageError, match="for commands, not for shells"):
        commands.start(dies_with_channel=True)

    assert sessions.launches == []


async def test_terminal_hangs_up_and_leaves_the_input_to_the_command(
    commands: Commands, sessions: Recording
) -> None:
    commands.start("x", dies_with_channel=True, stdin=b"in", pty=Pty())

    assert [each.is_tied for each in sessions.launches] == [False]
