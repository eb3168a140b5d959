"""Bodies about connections and commands, for both APIs."""

from __future__ import annotations

import re
import signal
from typing import Final

import pytest

from both_drivers import Api, Body, connected
from ssh_stack import (
    AuthenticationFailed,
    CommandFailed,
    Connection,
    ConnectionLost,
    ExitSignal,
    ExpectTimeout,
    HostKeyUnknown,
    OutputTooLarge,
    PrivateKey,
    Pty,
    RequestRefused,
    SSHTimeout,
    TextProcess,
    UsageError,
)

# ------------------------------------------------------------- the connection


async def connection_says_whose_it_is(api: Api) -> None:
    connect = api.connect()
    assert connect.plan.port == api.server.port
    assert connect.config.unsupported == ()
    async with connect as conn:
        assert (conn.host, conn.port) == (api.server.host, api.server.port)
        assert conn.username == api.server.username
        assert conn.config.unsupported == ()
        assert conn.host_key.to_openssh() in api.server.known_hosts.read_text()
        assert conn.server_software
        assert [each.method for each in conn.auth_attempts][-1] == "publickey"
        assert len(conn.session_id) >= 20
        assert conn.agreement.kex
        assert conn.channels == ()
        assert (conn.is_closed, conn.end) == (False, None)
        assert await conn.ping() > 0
    assert conn.is_closed
    assert conn.end is not None


async def connection_that_is_opened_by_await_is_closed_by_its_owner(api: Api) -> None:
    conn = await api.connect()
    assert (await conn.run("echo here")).stdout == b"here\n"
    await conn.close()
    await conn.wait_closed()
    with pytest.raises(ConnectionLost):
        await conn.run("echo here")


async def connection_rekeys_while_data_flows(conn: Connection) -> None:
    before = conn.session_id
    async with conn.start("cat") as process:
        await process.stdin.write(b"a" * 100_000)
        conn.rekey()
        await process.stdin.write(b"b" * 100_000)
        process.stdin.write_eof()
        assert await process.stdout.read() == b"a" * 100_000 + b"b" * 100_000
        assert await process.wait() == 0
    assert conn.session_id == before


async def connection_goes_through_another(api: Api) -> None:
    async with (
        api.connect() as first,
        api.connect(jump=first) as second,
    ):
        assert (await second.run("echo through")).stdout == b"through\n"


async def unknown_host_is_refused(api: Api) -> None:
    with pytest.raises(HostKeyUnknown):
        await api.connect(known_hosts=None)


async def unknown_key_is_refused(api: Api) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        await api.connect(keys=[PrivateKey.generate("ed25519")])
    assert len(caught.value.attempts) >= 1


# ------------------------------------------------------------- run


async def run_gives_both_streams_and_the_status(conn: Connection) -> None:
    done = await conn.run("echo out; echo problem >&2; exit 3")

    assert (done.stdout, done.stderr, done.exit_status) == (b"out\n", b"problem\n", 3)
    assert (await conn.run(["echo", "a  b"], text=True)).stdout == "a  b\n"


async def run_gives_input_and_takes_long_output(conn: Connection) -> None:
    sent = bytes(range(256)) * 8000
    assert (await conn.run("cat", input=sent)).stdout == sent


async def failed_command_is_raised_with_its_output(conn: Connection) -> None:
    with pytest.raises(CommandFailed) as caught:
        await conn.run("echo half; exit 3", check=True)
    assert caught.value.completed.stdout == b"half\n"
    done = await conn.run("kill -TERM $$")
    assert (done.exit_signal, done.returncode) == (ExitSignal("TERM"), -signal.SIGTERM)


async def command_that_takes_too_long_is_ended(conn: Connection) -> None:
    with pytest.raises(SSHTimeout) as caught:
        await conn.run("echo early; sleep 60", timeout=0.5)
    assert caught.value.completed is not None
    assert caught.value.completed.stdout == b"early\n"
    with pytest.raises(OutputTooLarge):
        await conn.run("head -c 5000 /dev/zero", max_output=1000)
    assert (await conn.run("echo alive")).stdout == b"alive\n"


async def argument_that_cannot_be_used_is_refused(conn: Connection) -> None:
    with pytest.raises(UsageError):
        await conn.run("cat", input=b"a", stdin=b"b")
    with pytest.raises(UsageError):
        conn.start("cat\0")


async def output_goes_into_a_file(api: Api) -> None:
    async with api.connect() as conn:
        await conn.run("echo here", stdout=api.folder / "out")
    assert (api.folder / "out").read_bytes() == b"here\n"


async def commands_run_at_once_on_one_connection(api: Api) -> None:
    async with api.connect() as conn:
        done = await api.together(*(conn.run(f"echo {n}", text=True) for n in range(8)))
    assert [each.stdout for each in done] == [f"{n}\n" for n in range(8)]


# ------------------------------------------------------------- processes


async def process_streams_are_read_in_every_way(conn: Connection) -> None:
    async with conn.start("cat; echo end >&2; exit 4") as process:
        assert process.launch.command == "cat; echo end >&2; exit 4"
        assert process.running
        process.stdin.put(b"one\n")
        await process.stdin.write(b"two\nthree:four-\nfive\nsix")
        process.stdin.write_eof()
        assert await process.stdout.readline() == b"one\n"
        assert await process.stdout.readexactly(4) == b"two\n"
        assert await process.stdout.readuntil(b":") == b"three:"
        assert [line async for line in process.stdout.lines()] == [b"four-\n", b"five\n", b"six"]
        assert process.stdout.at_eof
        assert await process.stderr.read() == b"end\n"
        assert await process.wait() == 4
        assert (process.exit_status, process.exit_signal) == (4, None)
        assert await process.wait_closed() is None
        assert process.error is None
        assert not process.running


async def process_gets_signals(conn: Connection) -> None:
    for name in ("terminate", "kill", "send_signal"):
        async with conn.start("echo ready; exec sleep 60") as process:
            await process.stdout.readline()
            if name == "send_signal":
                process.send_signal("INT")
            else:
                getattr(process, name)()
            ended = await process.wait()
        wanted = {"terminate": "TERM", "kill": "KILL", "send_signal": "INT"}[name]
        assert ended == ExitSignal(wanted)
        assert process.exit_signal == ended


async def process_on_a_terminal_is_resized(conn: Connection) -> None:
    script = "stty size; read line; stty size"
    async with conn.start(script, pty=Pty("xterm", 80, 24)) as process:
        assert await process.stdout.readline() == b"24 80\r\n"
        process.resize(100, 30)
        await process.stdin.write(b"\n")
        process.send_break()  # a server may refuse it
        rest = await process.stdout.read()
        assert rest.endswith(b"30 100\r\n")
        assert await process.wait() == 0


async def scope_that_ends_ends_its_process(conn: Connection) -> None:
    async with conn.start("echo ready; exec sleep 60") as process:
        await process.stdout.readline()
    assert process.exit_signal == ExitSignal("TERM")


async def process_that_is_detached_runs_on(api: Api) -> None:
    mark = api.folder / "mark"
    script = f"head -c 9000000 /dev/zero; echo done > {mark}"
    async with api.connect() as conn, conn.start(script) as process:
        process.detach()
        await conn.run(f"until [ -s {mark} ]; do sleep 0.05; done", timeout=30, check=True)
    assert mark.read_text() == "done\n"


async def process_gives_its_streams_as_text(conn: Connection) -> None:
    async with conn.start("cat; printf '\\377' >&2", text=True) as process:
        assert process.launch == process.process.launch
        await process.stdin.write("grün\nzwei\ndrei\n")
        process.stdin.write_eof()
        assert await process.stdout.readline() == "grün\n"
        assert [line async for line in process.stdout.lines()] == ["zwei\n", "drei\n"]
        assert process.stdout.at_eof
        assert await process.stderr.read() == "\N{REPLACEMENT CHARACTER}"
        assert await process.wait() == 0
        assert (process.exit_status, process.exit_signal) == (0, None)
        assert not process.running


async def text_process_gets_signals(conn: Connection) -> None:
    for name, wanted in (("terminate", "TERM"), ("kill", "KILL"), ("send_signal", "INT")):
        async with conn.start("echo ready; exec sleep 60", text=True) as process:
            await process.stdout.readline()
            await _signal(process, name)
            assert await process.wait() == ExitSignal(wanted)
            await process.close()


async def _signal(process: TextProcess, name: str) -> None:
    process.resize(80, 24)  # without a terminal it changes nothing
    if name == "send_signal":
        process.send_signal("INT")
    else:
        getattr(process, name)()


async def shell_takes_commands(conn: Connection) -> None:
    async with conn.start() as shell:
        await shell.stdin.write(b"echo $((6 * 7))\nexit 5\n")
        assert await shell.stdout.readline() == b"42\n"
        assert await shell.wait() == 5


async def prompts_are_waited_for(conn: Connection) -> None:
    async with conn.start("printf 'name: '; read name; echo hello $name; sleep 60") as process:
        found = await process.stdout.expect(b"password: ", b"name: ", timeout=30)
        assert found.text == b"name: "
        await process.stdin.write(b"me\n")
        with pytest.raises(ExpectTimeout):
            await process.stdout.expect(b"nothing of it", timeout=0.2)
        assert await process.stdout.readline() == b"hello me\n"


async def prompts_of_a_shell_are_waited_for_as_text(conn: Connection) -> None:
    async with conn.shell(text=True, pty=Pty("dumb", 80, 24)) as shell:
        await shell.stdin.write("echo $((6 * 7))\n")
        found = await shell.stdout.expect(re.compile("4[0-9]"), timeout=30)
        assert found.text == "42"
        await shell.stdin.write("exit 5\n")
        assert await shell.wait() == 5
    async with conn.shell() as shell:
        await shell.stdin.write(b"exit 6\n")
        assert await shell.wait() == 6


async def one_process_reads_from_another(conn: Connection) -> None:
    async with (
        conn.start("printf 'b\\na\\n'") as first,
        conn.start("sort", stdin=first.stdout) as second,
    ):
        assert await second.stdout.read() == b"a\nb\n"


# ------------------------------------------------------------- subsystems


async def subsystem_is_started_by_its_name(conn: Connection) -> None:
    async with conn.subsystem("echo@example.org") as process:
        await process.stdin.write(b"hello")
        process.stdin.write_eof()
        assert await process.stdout.read() == b"hello"
        await process.close()
    with pytest.raises(RequestRefused):
        await conn.subsystem("none@example.org")


async def subsystem_gives_its_channel(conn: Connection) -> None:
    channel = await conn.open_subsystem("echo@example.org")
    assert conn.channels
    stream = channel.stream()
    channel.write(b"hello ", b"there")
    channel.write_eof()
    assert await stream.read() == b"hello there"
    assert (channel.is_closed, channel.error) in {(False, None), (True, None)}
    channel.close()
    assert channel.is_closing
    await channel.wait_closed()
    assert not conn.channels
    with pytest.raises(RequestRefused):
        await conn.open_subsystem("none@example.org")


CONNECTION: Final[list[Body]] = [
    connection_says_whose_it_is,
    connection_that_is_opened_by_await_is_closed_by_its_owner,
    connection_goes_through_another,
    unknown_host_is_refused,
    unknown_key_is_refused,
    output_goes_into_a_file,
    commands_run_at_once_on_one_connection,
    process_that_is_detached_runs_on,
    *map(
        connected,
        (
            connection_rekeys_while_data_flows,
            run_gives_both_streams_and_the_status,
            run_gives_input_and_takes_long_output,
            failed_command_is_raised_with_its_output,
            command_that_takes_too_long_is_ended,
            argument_that_cannot_be_used_is_refused,
            process_streams_are_read_in_every_way,
            process_gets_signals,
            process_on_a_terminal_is_resized,
            scope_that_ends_ends_its_process,
            process_gives_its_streams_as_text,
            text_process_gets_signals,
            shell_takes_commands,
            prompts_are_waited_for,
            prompts_of_a_shell_are_waited_for_as_text,
            one_process_reads_from_another,
            subsystem_is_started_by_its_name,
            subsystem_gives_its_channel,
        ),
    ),
]
