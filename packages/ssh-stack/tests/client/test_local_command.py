"""A command that is run here once the user is logged in (LocalCommand)."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from loopback_server import SECONDS, Watched, serving
from ssh_keys import PrivateKey
from ssh_stack import AuthenticationFailed, ConfigError

PERMITTED = "PermitLocalCommand yes"


async def log_in(*lines: str, **options: Any) -> int:
    """Connect with configuration lines; return the server's port."""
    async with serving() as here:
        async with here.connect(config_options=lines, **options):
            pass
        return here.server.port


def text_of(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "written"


async def test_command_is_run_with_tokens_after_login(written: Path) -> None:
    command = f"echo %h %n %p %r %T %l '100%%' >{written}"

    lines = (PERMITTED, f"LocalCommand {command}", "Hostname localhost")
    port = await log_in(*lines, "NoHostAuthenticationForLocalhost yes")

    expected = f"localhost 127.0.0.1 {port} me NONE {socket.gethostname()} 100%\n"
    assert text_of(written) == expected


@pytest.mark.parametrize(
    "lines", [(), ("PermitLocalCommand no",), (PERMITTED, "LocalCommand none")]
)
async def test_command_is_not_run_unless_it_is_permitted(
    lines: tuple[str, ...], written: Path
) -> None:
    await log_in(*lines, f"LocalCommand touch {written}")

    assert text_of(written) is None


async def test_command_is_not_run_where_login_fails(written: Path) -> None:
    with pytest.raises(AuthenticationFailed):
        await log_in(
            PERMITTED, f"LocalCommand touch {written}", keys=[PrivateKey.generate("ed25519")]
        )
    assert text_of(written) is None


@pytest.mark.parametrize("command", ["exit 3", "kill -9 $$", "/no/such/program", "syntax ("])
async def test_command_that_fails_leaves_connection_open(command: str) -> None:
    async with (
        serving() as here,
        here.connect(config_options=[PERMITTED, f"LocalCommand {command}"]) as connection,
    ):
        assert (await connection.run("echo hello", text=True)).stdout == "hello\n"


async def test_connection_waits_for_end_of_command(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with serving() as here:
        lines = [PERMITTED, f"LocalCommand read line <{pipe}"]
        connecting = asyncio.ensure_future(here.connect(config_options=lines).open())
        await asyncio.to_thread(pipe.write_text, "go\n")  # the command is there
        async with await connecting as connection:
            assert not connection.is_closed


async def test_cancelled_connection_ends_command(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    async with serving() as here:
        lines = [PERMITTED, f"LocalCommand echo $$ >{started}; exec sleep 600"]
        connecting = asyncio.ensure_future(here.connect(config_options=lines).open())
        command = Watched(int(await asyncio.to_thread(started.read_text)))
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        async with asyncio.timeout(SECONDS):
            await command.gone()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["LocalCommand echo %Z"], "unknown token %Z"),
        (["LocalCommand echo %f"], "unknown token %f"),
        (["LocalCommand echo %r", "User a$b"], "cannot be part of a command"),
    ],
)
async def test_command_that_cannot_be_expanded_makes_no_connection(
    lines: list[str], problem: str
) -> None:
    async with serving() as here:
        with pytest.raises(ConfigError, match=problem):
            await here.connect(config_options=[PERMITTED, *lines], username=None)
        with pytest.raises(AuthenticationFailed):  # who is not permitted is not told
            await here.connect(config_options=lines, username=None, keys=None)
