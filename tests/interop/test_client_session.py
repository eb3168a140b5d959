"""Commands, streams, forwards and their ends, at OpenSSH's servers."""

from __future__ import annotations

import asyncio

import pytest

from ssh_connection import RequestRefused, SSHTimeout
from ssh_connection.aio import CommandInterrupted, Pty
from tests.interop.connecting import connect
from tests.interop.peers import Peer


async def test_stdin_both_streams_and_status(peer: Peer) -> None:
    async with connect(peer) as conn:
        done = await conn.run("cat; echo problem >&2; exit 7", input=b"to be echoed\n")

        assert (done.stdout, done.stderr) == (b"to be echoed\n", b"problem\n")
        assert done.exit_status == 7


async def test_both_streams_are_drained(peer: Peer) -> None:
    async with connect(peer) as conn:
        done = await conn.run(
            "head -c 8000000 /dev/zero; head -c 8000000 /dev/zero >&2", timeout=60
        )

        assert (len(done.stdout), len(done.stderr)) == (8_000_000, 8_000_000)


async def test_command_as_a_list_is_quoted_for_the_remote_shell(peer: Peer) -> None:
    async with connect(peer) as conn:
        done = await conn.run(["printf", "%s|", "a b", "$HOME", "it's", ""], text=True)

        assert done.stdout == "a b|$HOME|it's||"


async def test_signal_that_ends_a_command_is_reported(peer: Peer) -> None:
    async with connect(peer) as conn:
        done = await conn.run("kill -TERM $$")

        assert done.exit_status is None
        assert done.exit_signal is not None
        assert done.exit_signal.name == "TERM"


async def test_terminal_has_the_requested_size(peer: Peer) -> None:
    async with connect(peer) as conn:
        done = await conn.run("stty size", text=True, pty=Pty(columns=123, rows=45))

        assert done.stdout.strip() == "45 123"


async def test_shell_reads_commands_and_returns_its_status(peer: Peer) -> None:
    async with connect(peer) as conn, conn.start() as shell:
        await shell.stdin.write(b"echo one\necho two\nexit 3\n")

        printed = await shell.stdout.read()
        assert printed.endswith(b"one\ntwo\n")  # some servers greet first
        assert await shell.wait() == 3


async def test_timeout_ends_the_remote_process(peer: Peer) -> None:
    async with connect(peer) as conn:
        with pytest.raises(SSHTimeout) as caught:
            await conn.run("echo started; exec sleep 4321", timeout=1)
        assert caught.value.completed is not None
        assert caught.value.completed.stdout == b"started\n"

        assert (await conn.run("pgrep -f 'sleep 432[1]'")).stdout == b""


async def test_cancelled_run_leaves_no_remote_process(peer: Peer) -> None:
    arrived = asyncio.Event()
    async with connect(peer) as conn:
        task = asyncio.create_task(
            conn.run("echo go; exec sleep 5432", stdout=lambda _: arrived.set())
        )
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert (await conn.run("pgrep -f 'sleep 543[2]'")).stdout == b""


async def test_leaving_a_process_ends_it_even_when_it_ignores_term(peer: Peer) -> None:
    async with connect(peer) as conn:
        async with conn.start("trap '' TERM; echo ready; sleep 6543; sleep 6543") as process:
            assert await process.stdout.readline() == b"ready\n"

        assert (await conn.run("pgrep -f 'sleep 654[3]'")).stdout == b""


async def test_server_killed_in_mid_output_raises_with_the_output(peer: Peer) -> None:
    async with connect(peer) as conn:
        first = asyncio.Event()
        received: list[bytes] = []

        def take(data: memoryview) -> None:
            received.append(bytes(data))
            first.set()

        task = asyncio.create_task(conn.run("echo first >&2; cat /dev/zero", stdout=take))
        await first.wait()
        await asyncio.to_thread(peer.kill_sessions)

        with pytest.raises(CommandInterrupted) as caught:
            await task
        assert caught.value.completed.stderr == b"first\n"
        assert caught.value.completed.exit_status is None


async def test_unknown_subsystem_is_refused(peer: Peer) -> None:
    async with connect(peer) as conn:
        with pytest.raises(RequestRefused, match="subsystem nothing"):
            async with conn.subsystem("nothing"):
                pass


async def test_local_forward_reaches_the_server(peer: Peer) -> None:
    async with (
        connect(peer) as conn,
        conn.forward_local("127.0.0.1:0", f"127.0.0.1:{peer.port}") as forward,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
        assert (await reader.readline()).startswith(b"SSH-2.0-OpenSSH")
        writer.close()
        await writer.wait_closed()


async def test_remote_forward_reaches_the_client(peer: Peer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, connect(peer) as conn:
        async with conn.forward_remote("127.0.0.1:0", f"127.0.0.1:{port}") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            writer.write(b"through and back")
            writer.write_eof()
            assert await reader.read() == b"THROUGH AND BACK"
            writer.close()
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncio.open_connection("127.0.0.1", forward.port)


async def test_connection_is_made_through_a_jump_host(peer: Peer, peers: dict[str, Peer]) -> None:
    async with (
        connect(peers["sid"]) as outer,
        connect(peer, jump=outer) as inner,
    ):
        assert (await inner.run("echo inside", text=True)).stdout == "inside\n"


async def test_connection_is_made_through_a_proxy_command(peer: Peer) -> None:
    command = (
        "python3 -c 'import os,socket,sys,threading\n"
        "s=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n"
        "def up():\n"
        " while d:=os.read(0,65536): s.sendall(d)\n"
        "threading.Thread(target=up,daemon=True).start()\n"
        "while d:=s.recv(65536): os.write(1,d)' %h %p"
    )
    async with connect(peer, proxy_command=command) as conn:
        assert (await conn.run("echo through", text=True)).stdout == "through\n"
