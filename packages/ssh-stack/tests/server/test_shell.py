"""Commands and shells of this machine, through our client."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import signal
from collections.abc import Callable

import pytest

from loopback_server import Watched, connected, watch
from ssh_connection import ChannelClosed, CommandFailed, ExitSignal
from ssh_connection.aio import Launch, Process, Pty
from ssh_stack import Connection, LocalShell
from ssh_wire.messages import connection as m

BASH = LocalShell(shell="/bin/bash", env={"HOME": "/nowhere"}, grace=0.2)


# ------------------------------------------------------------- commands


async def test_command_has_stdin_both_streams_and_status() -> None:
    async with connected() as conn:
        done = await conn.run("cat; echo problem >&2; exit 7", input=b"to be echoed")

    assert (done.stdout, done.stderr, done.exit_status) == (b"to be echoed", b"problem\n", 7)


async def test_much_data_passes_in_and_out() -> None:
    data = os.urandom(1 << 20) * 16
    async with connected() as conn:
        done = await conn.run("cat", input=data)

    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


async def test_much_data_passes_on_both_output_streams() -> None:
    async with connected() as conn:
        done = await conn.run("head -c 8000000 /dev/zero; head -c 8000000 /dev/zero >&2")

    assert (len(done.stdout), len(done.stderr)) == (8_000_000, 8_000_000)


async def test_eof_of_client_closes_stdin_of_command() -> None:
    async with connected() as conn, conn.start("cat; echo more") as process:
        await process.stdin.write(b"one\n")
        assert await process.stdout.readline() == b"one\n"
        process.stdin.write_eof()

        assert await process.stdout.read() == b"more\n"
        assert await process.wait() == 0


async def test_input_without_reader_is_dropped() -> None:
    async with connected() as conn:
        done = await conn.run("exec <&-; echo closed", input=b"x" * 6_000_000)

    assert (done.stdout, done.exit_status) == (b"closed\n", 0)


async def test_end_by_signal_is_reported_as_exit_signal() -> None:
    async with connected() as conn:
        with pytest.raises(CommandFailed):
            await conn.run("kill -USR1 $$", check=True)
        done = await conn.run("kill -USR1 $$")

    assert (done.exit_status, done.exit_signal) == (None, ExitSignal("USR1"))


async def test_signal_without_name_is_reported_with_local_name() -> None:
    async with connected(session=BASH) as conn:
        done = await conn.run("kill -40 $$")

    assert done.exit_signal is not None
    assert done.exit_signal.name == "40@ssh-stack"


async def test_signal_of_client_reaches_process_group() -> None:
    command = "trap 'echo caught; exit 9' TERM; sh -c 'echo $$; exec sleep 300' & wait"
    async with connected() as conn, conn.start(command) as process:
        child = await watch(process)
        process.send_signal("WINCH@example.com")  # none that a client may send
        process.send_signal("TERM")

        assert await process.stdout.read() == b"caught\n"
        assert await process.wait() == 9
        await child.gone()


async def test_program_whose_output_is_not_read_any_more_gets_sigpipe() -> None:
    async with (
        connected() as conn,
        conn.start("head -1") as head,
        conn.start("yes; echo $? >&2", stdout=head.stdin) as process,
    ):
        assert await head.stdout.read() == b"y\n"
        assert await head.wait() == 0
        assert await process.stderr.read() == b"141\n"  # 128 and the number of SIGPIPE
        assert await process.wait() == 0


async def test_client_is_told_that_its_input_is_not_read_any_more() -> None:
    async def write_on(process: Process) -> None:
        while True:
            await process.stdin.write(b"x" * 1000)
            await asyncio.sleep(0)

    command = "exec <&-; echo closed; exec sleep 30"
    async with connected() as conn, conn.start(command) as process:
        assert await process.stdout.readline() == b"closed\n"
        with pytest.raises(ChannelClosed, match="reads no more"):
            await asyncio.wait_for(write_on(process), 20)


async def test_background_program_is_waited_for_while_it_holds_output() -> None:
    async with connected() as conn:
        done = await conn.run("(read line; echo late) <&0 & exit 3", input=b"\n")

    assert (done.stdout, done.exit_status) == (b"late\n", 3)


async def test_daemon_without_output_outlives_session() -> None:
    async with connected() as conn:
        done = await conn.run("sleep 300 </dev/null >/dev/null 2>&1 & echo $!")
        daemon = int(done.stdout)

        os.kill(daemon, 0)
        process = Watched(daemon)
        os.kill(daemon, signal.SIGKILL)
        await process.gone()


@pytest.mark.row("C15")
@pytest.mark.parametrize("command", [b"echo in\0visible", b"\0"])
async def test_command_with_nul_is_refused(
    command: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected() as conn:
        channel = await conn._client.sessions.open(1000)
        ask = channel.ask

        def asked(_message: m.RequestHead) -> asyncio.Future[bool]:
            return ask(m.ExecRequest(recipient=0, command=command))

        monkeypatch.setattr(channel, "ask", asked)  # our own client refuses to send it
        process = Process(channel, Launch(command="echo"))
        await process.start()

        assert b"cannot start" in await process.stderr.read()
        assert await process.wait() == 127
        assert (await conn.run("echo fine", text=True)).stdout == "fine\n"


@pytest.mark.row("C15")
async def test_command_is_passed_as_bytes() -> None:
    async with connected() as conn:
        done = await conn.run(b"printf %s '\xff\xfe'".decode("utf-8", "surrogateescape"))
        long = await conn.run(f"true {'x' * 100_000}; echo long", text=True)
        none = await conn.run("")

    assert done.stdout == b"\xff\xfe"
    assert long.stdout == "long\n"
    assert none.exit_status == 0


async def test_missing_shell_is_reported_with_status_127() -> None:
    async with connected(session=LocalShell(shell="/nowhere/sh")) as conn:
        done = await conn.run("true", text=True)

    assert done.exit_status == 127
    assert done.stderr == "cannot start: No such file or directory\r\n"


@pytest.mark.row("R14")
@pytest.mark.parametrize("failing", ["pipe", "openpty", "dup"])
async def test_session_fails_when_no_descriptor_is_left(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
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


async def test_environment_has_session_and_accepted_variables() -> None:
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


async def test_options_decide_which_variables_are_accepted() -> None:
    async with connected(env=["GREETING"]) as conn:
        env = await _variables(conn, {"GREETING": "hello", "LC_ALL": "C.UTF-8"})
    assert env["GREETING"] == "hello"
    assert "LC_ALL" not in env

    async with connected(session=LocalShell(accepts=frozenset())) as conn:
        assert "LC_ALL" not in await _variables(conn, {"LC_ALL": "C.UTF-8"})


async def _variables(conn: Connection, asked: dict[str, str]) -> dict[str, str]:
    done = await conn.run("env", env=asked, text=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


async def test_user_without_entry_in_passwd(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("SHELL", "")
    monkeypatch.delenv("PATH")
    async with connected(session=LocalShell()) as conn:
        env = await _variables(conn, {})

    assert (env["SHELL"], env["PWD"], env["HOME"]) == ("/bin/sh", "/", "/nowhere")
    assert env["PATH"] == "/usr/local/bin:/usr/bin:/bin"
