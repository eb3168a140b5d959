"""Shells and terminals of this machine, through our client."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from loopback_server import SECONDS, Watched, connected, watch
from ssh_connection import ExitSignal
from ssh_connection.aio import Process, Pty, Session
from ssh_stack import Connection, LocalShell
from ssh_stack.server.pty import Terminal
from ssh_wire.modes import TerminalMode

BASH = LocalShell(shell="/bin/bash", env={"HOME": "/nowhere"}, grace=0.2)


@asynccontextmanager
async def terminal(
    connection: Connection, command: str | None, pty: Pty | None = None
) -> AsyncGenerator[Process]:
    async with connection.start(command, pty=pty or Pty()) as process:
        yield process


async def printed(process: Process, pattern: bytes) -> bytes:
    """Read what a terminal shows until it matches."""
    seen = b""
    async with asyncio.timeout(SECONDS):
        while not (found := re.search(pattern, seen)):
            more = await process.stdout.read(1024)
            assert more, seen
            seen += more
    return found.group(found.lastindex or 0)


# ------------------------------------------------------------- shells and terminals


async def test_login_shell_runs_without_terminal() -> None:
    async with connected(session=BASH) as conn, conn.start() as process:
        await process.stdin.write(b"echo $0; tty; exit 4\n")

        assert await process.stdout.readline() == b"-bash\n"
        assert await process.stdout.readline() == b"not a tty\n"
        assert await process.wait() == 4


async def test_login_shell_runs_with_terminal() -> None:
    async with connected(session=BASH) as conn, terminal(conn, None) as process:
        await process.stdin.write(b"shopt -q login_shell && echo lo''gin; tty; exit 5\n")

        printed = await process.stdout.read()
        assert await process.wait() == 5
    # the start-up files of some systems send escape sequences around each command
    plain = re.sub(rb"\x1b\][^\x1b\x07]*(\x1b\\|\x07)|\x1b\[[0-9;?]*[a-zA-Z]", b"", printed)
    assert re.search(rb"\rlogin\r\n/dev/pts/\d+\r\n", plain)
    assert b"job control" not in printed


async def test_terminal_has_requested_size_and_type_and_is_controlling() -> None:
    pty = Pty("vt100", 132, 43)
    command = 'stty size; echo "$TERM"; test "$SSH_TTY" = "$(tty)" && echo same >/dev/tty'
    async with connected() as conn, terminal(conn, command, pty) as process:
        assert await process.stdout.read() == b"43 132\r\nvt100\r\nsame\r\n"
        assert await process.wait() == 0


@pytest.mark.row("C14")
async def test_terminal_size_of_zero_or_beyond_16_bits_is_replaced() -> None:
    async with connected() as conn:
        async with terminal(conn, "stty size", Pty(columns=0, rows=0)) as process:
            assert await process.stdout.read() == b"24 80\r\n"
        async with terminal(conn, "stty size", Pty(columns=2**32 - 1, rows=70_000)) as process:
            assert await process.stdout.read() == b"65535 65535\r\n"


async def test_window_change_resizes_terminal() -> None:
    command = "trap 'stty size; exit' WINCH; sleep 300 & echo ready; wait"
    async with connected() as conn, terminal(conn, command) as process:
        await printed(process, b"ready")
        process.resize(0, 7)  # no size
        process.resize(100, 30)

        assert await printed(process, rb"(\d+ \d+)\r\n") == b"30 100"


async def test_window_change_before_start_of_program_counts() -> None:
    async def late(session: Session) -> int:
        await session.stdin.read(1)
        assert session.pty is not None
        await session.write(f"{session.pty.columns} {session.pty.rows}".encode())
        return 0

    async with connected(session=late) as conn, terminal(conn, None) as process:
        process.resize(100, 30)
        await process.stdin.write(b".")

        assert await process.stdout.read() == b"100 30"


async def test_requested_terminal_modes_are_set() -> None:
    modes = {
        TerminalMode.ECHO: 0,
        TerminalMode.IUTF8: 1,
        TerminalMode.VERASE: 8,
        TerminalMode.VINTR: 255,
        TerminalMode.TTY_OP_ISPEED: 38400,
        99: 7,
    }
    async with connected() as conn, terminal(conn, "stty -a", Pty(modes=modes)) as process:
        printed = (await process.stdout.read()).split()

    assert {b"-echo", b"iutf8"} <= set(printed)
    pairs = dict(re.findall(rb"(\w+) = ([^;]+);", b" ".join(printed)))
    assert (pairs[b"erase"], pairs[b"intr"]) == (b"^H", b"<undef>")


async def test_control_c_interrupts_foreground_program() -> None:
    async with connected() as conn, terminal(conn, "echo $$; exec sleep 300") as process:
        sleeper = await watch(process)
        await process.stdin.write(b"\x03")

        assert await process.wait() == ExitSignal("INT")
        await sleeper.gone()


async def test_eof_of_client_ends_input_of_terminal() -> None:
    async with connected() as conn, terminal(conn, "cat; echo over") as process:
        process.stdin.write_eof()

        assert await process.stdout.read() == b"over\r\n"


async def test_session_ends_while_background_program_keeps_terminal() -> None:
    command = "trap '' HUP; sleep 300 & echo $!; seq 20000; echo last; exit 6"
    async with connected() as conn, terminal(conn, command) as process:
        number = int(await process.stdout.readline())
        printed = await process.stdout.read()

        assert printed.endswith(b"20000\r\nlast\r\n")
        assert await process.wait() == 6
        sleeper = Watched(number)
        os.kill(number, signal.SIGKILL)
        await sleeper.gone()


async def test_break_of_the_client_reaches_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def send_break(_: Terminal) -> None:
        sent.set_result(1)

    monkeypatch.setattr(Terminal, "send_break", send_break)
    async with connected(session=BASH) as conn, terminal(conn, "cat") as process:
        process.send_break(500)
        async with asyncio.timeout(SECONDS):
            assert await sent


async def test_break_of_a_terminal_that_has_none_changes_nothing() -> None:
    async with connected(session=BASH) as conn, terminal(conn, "read x; echo $x") as process:
        process.send_break()
        await process.stdin.write(b"on\n")
        await printed(process, rb"on\r\n.*on\r\n")
        assert await process.wait() == 0
