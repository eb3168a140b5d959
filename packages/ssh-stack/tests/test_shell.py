"""Commands and shells of this machine, through our client."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from serving_here import SECONDS, Watched, connected, serving
from ssh_connection import CommandFailed, ExitSignal
from ssh_connection.aio import Process, Pty, Session
from ssh_connection.modes import TerminalMode
from ssh_stack import Connection, LocalShell

BASH = LocalShell(shell="/bin/bash", env={"HOME": "/nowhere"}, grace=0.2)


async def watch(process: Process) -> Watched:
    """The process that says its number on the first line."""
    return Watched(int(await process.stdout.readline()))


@asynccontextmanager
async def terminal(
    connection: Connection, command: str | None, pty: Pty | None = None
) -> AsyncGenerator[Process]:
    async with connection.start(command, pty=pty or Pty()) as process:
        yield process


async def said(process: Process, pattern: bytes) -> bytes:
    """Read what a terminal shows until it matches."""
    seen = b""
    async with asyncio.timeout(SECONDS):
        while not (found := re.search(pattern, seen)):
            more = await process.stdout.read(1024)
            assert more, seen
            seen += more
    return found.group(found.lastindex or 0)


# ------------------------------------------------------------- commands


async def test_stdin_both_streams_and_status() -> None:
    async with connected() as conn:
        done = await conn.run("cat; echo problem >&2; exit 7", input=b"to be echoed")

    assert (done.stdout, done.stderr, done.exit_status) == (b"to be echoed", b"problem\n", 7)


async def test_much_data_in_and_out() -> None:
    data = os.urandom(1 << 20) * 16
    async with connected() as conn:
        done = await conn.run("cat", input=data)

    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


async def test_much_data_on_both_streams() -> None:
    async with connected() as conn:
        done = await conn.run("head -c 8000000 /dev/zero; head -c 8000000 /dev/zero >&2")

    assert (len(done.stdout), len(done.stderr)) == (8_000_000, 8_000_000)


async def test_the_end_of_the_input_is_passed_on() -> None:
    async with connected() as conn, conn.start("cat; echo more") as process:
        await process.stdin.write(b"one\n")
        assert await process.stdout.readline() == b"one\n"
        process.stdin.write_eof()

        assert await process.stdout.read() == b"more\n"
        assert await process.wait() == 0


async def test_input_that_nobody_reads_is_dropped() -> None:
    async with connected() as conn:
        done = await conn.run("exec <&-; echo closed", input=b"x" * 6_000_000)

    assert (done.stdout, done.exit_status) == (b"closed\n", 0)


async def test_the_end_by_a_signal() -> None:
    async with connected() as conn:
        with pytest.raises(CommandFailed):
            await conn.run("kill -USR1 $$", check=True)
        done = await conn.run("kill -USR1 $$")

    assert (done.exit_status, done.exit_signal) == (None, ExitSignal("USR1"))


async def test_a_signal_without_a_name() -> None:
    async with connected(session=BASH) as conn:
        done = await conn.run("kill -40 $$")

    assert done.exit_signal is not None
    assert done.exit_signal.name == "40@ssh-stack"


async def test_a_client_sends_signals_to_the_process_group() -> None:
    command = "trap 'echo caught; exit 9' TERM; sh -c 'echo $$; exec sleep 300' & wait"
    async with connected() as conn, conn.start(command) as process:
        child = await watch(process)
        process.send_signal("WINCH")  # none that a client may send
        process.send_signal("TERM")

        assert await process.stdout.read() == b"caught\n"
        assert await process.wait() == 9
        await child.gone()


async def test_a_program_in_the_background_is_waited_for_while_it_has_the_output() -> None:
    async with connected() as conn:
        done = await conn.run("(read line; echo late) <&0 & exit 3", input=b"\n")

    assert (done.stdout, done.exit_status) == (b"late\n", 3)


async def test_a_daemon_is_not_waited_for_and_lives_on() -> None:
    async with connected() as conn:
        done = await conn.run("sleep 300 </dev/null >/dev/null 2>&1 & echo $!")
        daemon = int(done.stdout)

        os.kill(daemon, 0)
        process = Watched(daemon)
        os.kill(daemon, signal.SIGKILL)
        await process.gone()


@pytest.mark.row("C15")
@pytest.mark.parametrize("command", ["echo in\0visible", "\0"])
async def test_a_command_that_no_program_can_be_given(command: str) -> None:
    async with connected() as conn:
        done = await conn.run(command, text=True)

        assert done.exit_status == 127
        assert "cannot start" in done.stderr
        assert (await conn.run("echo fine", text=True)).stdout == "fine\n"


@pytest.mark.row("C15")
async def test_a_command_is_bytes() -> None:
    async with connected() as conn:
        done = await conn.run(b"printf %s '\xff\xfe'".decode("utf-8", "surrogateescape"))
        long = await conn.run(f"true {'x' * 100_000}; echo long", text=True)
        none = await conn.run("")

    assert done.stdout == b"\xff\xfe"
    assert long.stdout == "long\n"
    assert none.exit_status == 0


async def test_a_shell_that_is_not_there() -> None:
    async with connected(session=LocalShell(shell="/nowhere/sh")) as conn:
        done = await conn.run("true", text=True)

    assert done.exit_status == 127
    assert done.stderr == "cannot start: No such file or directory\r\n"


@pytest.mark.row("R14")
@pytest.mark.parametrize("failing", ["pipe", "openpty", "dup"])
async def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    calls = 0

    def fail(*_: int) -> tuple[int, int]:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(*_)

    real: Callable[..., tuple[int, int]] = getattr(os, failing)
    pty = None if failing == "pipe" else Pty()
    async with connected() as conn:
        with monkeypatch.context() as patch:
            patch.setattr(os, failing, fail)
            async with conn.start("true", pty=pty) as process:
                assert await process.wait() == 127
        async with conn.start("true", pty=pty) as process:
            assert await process.wait() == 0


# ------------------------------------------------------------- surroundings


async def test_the_environment() -> None:
    shell = LocalShell(shell="/bin/dash", env={"GREETING": "hello", "HOME": "/"})
    asked = {"LANG": "C", "LC_ALL": "C.UTF-8", "LD_PRELOAD": "evil.so", "PATH": "/evil"}
    async with connected(session=shell) as conn:
        env = await _variables(conn, asked)

    assert env.keys() >= {"USER", "LOGNAME", "PATH", "SHELL", "SSH_CLIENT", "SSH_CONNECTION"}
    assert (env["GREETING"], env["HOME"], env["PWD"]) == ("hello", "/", "/")
    assert (env["LANG"], env["LC_ALL"], env["SHELL"]) == ("C", "C.UTF-8", "/bin/dash")
    assert "LD_PRELOAD" not in env
    assert env["PATH"] != "/evil"
    assert re.fullmatch(r"127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+", env["SSH_CONNECTION"])


async def test_which_variables_are_accepted() -> None:
    async with connected(env=["GREETING"]) as conn:
        env = await _variables(conn, {"GREETING": "hello", "LC_ALL": "C.UTF-8"})
    assert env["GREETING"] == "hello"
    assert "LC_ALL" not in env

    async with connected(session=LocalShell(accepts=frozenset())) as conn:
        assert "LC_ALL" not in await _variables(conn, {"LC_ALL": "C.UTF-8"})


async def _variables(conn: Connection, asked: dict[str, str]) -> dict[str, str]:
    done = await conn.run("env", env=asked, text=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


async def test_a_user_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("SHELL", "")
    monkeypatch.delenv("PATH")
    async with connected(session=LocalShell()) as conn:
        env = await _variables(conn, {})

    assert (env["SHELL"], env["PWD"], env["HOME"]) == ("/bin/sh", "/", "/nowhere")
    assert env["PATH"] == "/usr/local/bin:/usr/bin:/bin"


# ------------------------------------------------------------- shells and terminals


async def test_a_login_shell_without_a_terminal() -> None:
    async with connected(session=BASH) as conn, conn.start() as process:
        await process.stdin.write(b"echo $0; tty; exit 4\n")

        assert await process.stdout.readline() == b"-bash\n"
        assert await process.stdout.readline() == b"not a tty\n"
        assert await process.wait() == 4


async def test_a_login_shell_at_a_terminal() -> None:
    async with connected(session=BASH) as conn, terminal(conn, None) as process:
        await process.stdin.write(b"shopt -q login_shell && echo lo''gin; tty; exit 5\n")

        shown = await process.stdout.read()
        assert await process.wait() == 5
    assert re.search(rb"\rlogin\r\n/dev/pts/\d+\r\n", shown)
    assert b"job control" not in shown


async def test_a_terminal_has_size_type_path_and_control() -> None:
    pty = Pty("vt100", 132, 43)
    command = 'stty size; echo "$TERM"; test "$SSH_TTY" = "$(tty)" && echo same >/dev/tty'
    async with connected() as conn, terminal(conn, command, pty) as process:
        assert await process.stdout.read() == b"43 132\r\nvt100\r\nsame\r\n"
        assert await process.wait() == 0


@pytest.mark.row("C14")
async def test_a_terminal_of_no_size_and_of_too_much() -> None:
    async with connected() as conn:
        async with terminal(conn, "stty size", Pty(columns=0, rows=0)) as process:
            assert await process.stdout.read() == b"24 80\r\n"
        async with terminal(conn, "stty size", Pty(columns=2**32 - 1, rows=70_000)) as process:
            assert await process.stdout.read() == b"65535 65535\r\n"


async def test_a_terminal_changes_its_size() -> None:
    command = "trap 'stty size; exit' WINCH; sleep 300 & echo ready; wait"
    async with connected() as conn, terminal(conn, command) as process:
        await said(process, b"ready")
        process.resize(0, 7)  # no size
        process.resize(100, 30)

        assert await said(process, rb"(\d+ \d+)\r\n") == b"30 100"


async def test_a_new_size_before_the_program_begins() -> None:
    async def late(session: Session) -> None:
        await session.stdin.read(1)
        assert session.pty is not None
        await session.write(f"{session.pty.columns} {session.pty.rows}".encode())

    async with connected(session=late) as conn, terminal(conn, None) as process:
        process.resize(100, 30)
        await process.stdin.write(b".")

        assert await process.stdout.read() == b"100 30"


async def test_terminal_modes() -> None:
    modes = {
        TerminalMode.ECHO: 0,
        TerminalMode.IUTF8: 1,
        TerminalMode.VERASE: 8,
        TerminalMode.VINTR: 255,
        TerminalMode.TTY_OP_ISPEED: 38400,
        99: 7,
    }
    async with connected() as conn, terminal(conn, "stty -a", Pty(modes=modes)) as process:
        shown = (await process.stdout.read()).split()

    assert {b"-echo", b"iutf8"} <= set(shown)
    pairs = dict(re.findall(rb"(\w+) = ([^;]+);", b" ".join(shown)))
    assert (pairs[b"erase"], pairs[b"intr"]) == (b"^H", b"<undef>")


async def test_control_c_interrupts_what_is_in_the_foreground() -> None:
    async with connected() as conn, terminal(conn, "echo $$; exec sleep 300") as process:
        sleeper = await watch(process)
        await process.stdin.write(b"\x03")

        assert await process.wait() == ExitSignal("INT")
        await sleeper.gone()


async def test_the_end_of_input_at_a_terminal() -> None:
    async with connected() as conn, terminal(conn, "cat; echo over") as process:
        process.stdin.write_eof()

        assert await process.stdout.read() == b"over\r\n"


async def test_a_program_that_keeps_the_terminal_does_not_keep_the_session() -> None:
    command = "trap '' HUP; sleep 300 & echo $!; seq 20000; echo last; exit 6"
    async with connected() as conn, terminal(conn, command) as process:
        number = int(await process.stdout.readline())
        shown = await process.stdout.read()

        assert shown.endswith(b"20000\r\nlast\r\n")
        assert await process.wait() == 6
        sleeper = Watched(number)
        os.kill(number, signal.SIGKILL)
        await sleeper.gone()


# ------------------------------------------------------------- the client goes away


HANGS = {
    "a command": "echo $$; exec sleep 300",
    "it ignores HUP": "trap '' HUP; echo $$; exec sleep 300",
    "it ignores HUP and TERM": "trap '' HUP TERM; echo $$; exec sleep 300",
    "its child": "sleep 300 & echo $!; wait",
    "a child that ignores HUP and TERM": "trap '' HUP TERM; sleep 300 & echo $!; trap - HUP; wait",
    "it is stopped": "echo $$; kill -STOP $$",
    "it writes without end": "echo $$; exec cat /dev/zero",
    "its child, after it has ended": "sleep 300 & echo $!",
}


@pytest.mark.parametrize("pty", [None, Pty()], ids=["pipes", "terminal"])
@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_the_client_closes_the_session(command: str, pty: Pty | None) -> None:
    if pty is not None and command == HANGS["its child, after it has ended"]:
        return  # the end of the terminal's session
    async with connected() as conn:
        async with conn.start(command, pty=pty) as process:
            watched = await watch(process)
            process._channel.abort()
            await watched.gone()
        assert (await conn.run("echo still there", text=True)).stdout == "still there\n"


@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_the_connection_is_lost(command: str) -> None:
    async with serving() as here, here.connect() as conn, conn.start(command) as process:
        watched = await watch(process)
        conn._driver.abort()
        await watched.gone()


@pytest.mark.row("R17")
@pytest.mark.parametrize("command", HANGS.values(), ids=HANGS)
async def test_the_server_closes(command: str) -> None:
    async with serving() as here, here.connect() as conn, conn.start(command) as process:
        watched = await watch(process)
        await here.server.close()
        await watched.gone()


async def test_a_cancelled_run() -> None:
    async with connected() as conn:
        process = await conn.start("echo $$; exec sleep 300").open()
        watched = await watch(process)
        running = asyncio.create_task(process.close())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        await watched.gone()


# ------------------------------------------------------------- back-pressure


async def test_a_client_that_does_not_read_stops_the_program() -> None:
    sessions: list[Session] = []
    shell = LocalShell(shell="/bin/sh")

    async def handler(session: Session) -> None:
        sessions.append(session)
        await shell(session)

    command = "head -c 50000000 /dev/zero"
    async with connected(session=handler) as conn, conn.start(command) as process:
        await process.stdout.readexactly(1)
        await conn.ping()
        assert sessions[0].channel.core._outflow.held <= 512 * 1024
        rest = await process.stdout.read()

    assert len(rest) == 50_000_000 - 1


async def test_a_program_that_does_not_read_stops_the_client() -> None:
    async with connected() as conn, conn.start("read line; exec wc -c") as process:
        writing = asyncio.create_task(process.stdin.write(b"\n" + b"x" * 20_000_000))
        await conn.ping()
        await writing
        process.stdin.write_eof()

        assert int(await process.stdout.read()) == 20_000_000
