"""Our command line through a master of OpenSSH, of each version (PROTOCOL.mux)."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import ssh_stack
import ssh_stack.sync
from tests.interop.peers import USER, Peer
from tests.interop.workshop import Workshop, open_workshop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.interop.local import LocalSshd

_SSH = (sys.executable, "-m", "ssh_stack", "ssh")


def _options(peer: Peer) -> list[str]:
    lines = [
        "BatchMode=yes",
        f"IdentityFile={peer.keys.private['ed25519']}",
        f"UserKnownHostsFile={peer.known_hosts}",
        "SendEnv=LC_CONTROL",
    ]
    words = [word for line in lines for word in ("-o", line)]
    return ["-F", "none", *words, "-p", str(peer.port), "-l", USER]


@pytest.fixture(scope="module", params=["bullseye", "bookworm", "trixie", "sid"])
def shared(
    request: pytest.FixtureRequest, peers: dict[str, Peer]
) -> Generator[tuple[Workshop, Path]]:
    """A master of OpenSSH, with its socket in a folder that it shares with the test."""
    peer = peers[request.param]
    with open_workshop(peer) as shop:
        path = shop.folder / "m"
        words = ["ssh", *_options(peer), "-M", "-S", str(path), "-N", "127.0.0.1"]
        with peer.start_client(words):
            for _ in range(200):
                if path.exists():
                    break
                time.sleep(0.05)
            yield shop, path


def _run(
    shared: tuple[Workshop, Path],
    *words: str,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    shop, path = shared
    return subprocess.run(
        [*_SSH, *_options(shop.peer), "-S", str(path), *words],
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_command_runs_through_the_master(shared: tuple[Workshop, Path]) -> None:
    done = _run(
        shared, "127.0.0.1", "cat; echo $LC_CONTROL; echo err >&2; exit 7",
        stdin=b"given\n", env={"LC_CONTROL": "sent"},
    )  # fmt: skip

    assert (done.stdout, done.stderr) == (b"given\nsent\n", b"err\n")
    assert done.returncode == 7


def test_subsystem_runs_through_the_master(shared: tuple[Workshop, Path]) -> None:
    shop, path = shared
    words = [*_SSH, *_options(shop.peer), "-S", str(path), "-s", "127.0.0.1", "sftp"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\0\0\0\5\1\0\0\0\3")
        process.stdin.flush()
        assert process.stdout.read(9)[4:] == b"\2\0\0\0\3"


def test_stream_goes_through_the_master(shared: tuple[Workshop, Path]) -> None:
    done = _run(shared, "-W", f"127.0.0.1:{shared[0].peer.port}", "127.0.0.1")

    assert done.stdout.startswith(b"SSH-2.0-OpenSSH")
    assert done.returncode == 0


def test_refused_stream_is_told(shared: tuple[Workshop, Path]) -> None:
    done = _run(shared, "-W", "127.0.0.1:1", "-o", "BatchMode=yes", "127.0.0.1")

    assert b"a stream: the master could not do it: Session open refused by peer" in done.stderr


def test_check_tells_the_process_of_the_master(shared: tuple[Workshop, Path]) -> None:
    done = _run(shared, "-O", "check", "127.0.0.1")

    assert done.stderr.startswith(b"Master running (pid=")
    assert done.returncode == 0


def test_local_forward_is_opened_and_cancelled(shared: tuple[Workshop, Path]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    forward = ["-L", f"127.0.0.1:{port}:127.0.0.1:{shared[0].peer.port}", "127.0.0.1"]

    opened = _run(shared, "-O", "forward", *forward)
    assert (opened.returncode, opened.stderr) == (0, b"")
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as through:
        assert through.recv(8) == b"SSH-2.0-"
    cancelled = _run(shared, "-O", "cancel", *forward)
    assert (cancelled.returncode, cancelled.stderr) == (0, b"")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 10)
    again = _run(shared, "-O", "cancel", *forward)
    assert b"port not forwarded" in again.stderr
    assert again.returncode == 255


def test_port_that_the_server_chose_is_printed(shared: tuple[Workshop, Path]) -> None:
    done = _run(shared, "-O", "forward", "-R", f"0:127.0.0.1:{shared[0].peer.port}", "127.0.0.1")

    with closing(socket.create_connection(("127.0.0.1", int(done.stdout)), 10)) as through:
        assert through.recv(8) == b"SSH-2.0-"


def test_information_is_printed_where_the_master_has_it(shared: tuple[Workshop, Path]) -> None:
    done = _run(shared, "-O", "conninfo", "127.0.0.1")

    if shared[0].version >= (10, 1):
        assert f"-> 127.0.0.1:{shared[0].peer.port}".encode() in done.stdout
    else:
        assert b"older than OpenSSH 10.1" in done.stderr


@pytest.mark.timeout(60)
def test_terminal_of_this_process_is_the_sessions(local_sshd: LocalSshd, tmp_path: Path) -> None:
    # on this machine: a master in a container has another number of its process
    path = tmp_path / "m"
    options = [
        *(
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            f"UserKnownHostsFile={local_sshd.known_hosts}",
        ),
        *("-i", str(local_sshd.key), "-p", str(local_sshd.port), "-l", local_sshd.user),
        *("-S", str(path), "127.0.0.1"),
    ]
    ours, theirs = pty.openpty()
    command = "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen(["ssh", "-M", "-N", *options]) as master:
        while not path.exists():
            time.sleep(0.05)
        with subprocess.Popen(
            [*_SSH, "-tt", *options, command], stdin=theirs, stdout=theirs, stderr=theirs
        ) as process:
            seen = b""
            while b"ready" not in seen:
                seen += os.read(ours, 1000)
            fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
            process.send_signal(signal.SIGWINCH)
            while b"33 77" not in seen:
                seen += os.read(ours, 1000)
            assert process.wait(20) == 3
        master.terminate()
    os.close(theirs)
    os.close(ours)


def test_end_of_the_caller_ends_the_session(shared: tuple[Workshop, Path]) -> None:
    shop, path = shared
    words = [*_SSH, *_options(shop.peer), "-S", str(path), "127.0.0.1"]
    with subprocess.Popen(
        [*words, "echo ready; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM


def test_exit_ends_the_master_and_the_next_call_connects_itself(
    peers: dict[str, Peer],
) -> None:
    peer = peers["sid"]
    with open_workshop(peer) as shop:
        path = shop.folder / "m"
        words = ["ssh", *_options(peer), "-M", "-S", str(path), "-N", "127.0.0.1"]
        with peer.start_client(words) as master:
            while not path.exists():
                time.sleep(0.05)
            done = _run((shop, path), "-O", "exit", "127.0.0.1")
            assert done.stderr == b"Exit request sent.\n"
            assert done.returncode == 0
            master.wait(20)
        done = _run((shop, path), "127.0.0.1", "echo own")
        assert done.stdout == b"own\n"


async def test_connection_of_a_program_goes_through_the_master(
    shared: tuple[Workshop, Path],
) -> None:
    shop, path = shared
    data = os.urandom(3_000_000)
    async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn:
        done = await conn.run("cat; echo err >&2; exit 7", input=data)
        assert (done.stdout, done.stderr, done.exit_status) == (data, b"err\n", 7)
        async with conn.start("cat") as process, conn.start("echo beside") as other:
            await process.stdin.write(b"both")
            process.stdin.write_eof()
            assert await other.stdout.read() == b"beside\n"
            assert await process.stdout.read() == b"both"
        async with conn.sftp() as sftp:
            assert await sftp.realpath("/") == "/"
        async with conn.forward_local("127.0.0.1:0", f"127.0.0.1:{shop.peer.port}") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            assert (await reader.readline()).startswith(b"SSH-2.0-")
            writer.close()
        assert 0 < await conn.ping() < 30
        with pytest.raises(ssh_stack.UsageError, match="is a master's"):
            _ = conn.session_id
    assert _run(shared, "-O", "check", "127.0.0.1").returncode == 0  # it lives on


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Give back what comes, and end when it does."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("kind", ["port", "socks"])
async def test_server_listens_for_a_connection_through_the_master(
    kind: str, shared: tuple[Workshop, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is listened on is cancelled at the end, and another port beside it stays."""
    shop, path = shared
    monkeypatch.setattr(tempfile, "tempdir", str(shop.folder))  # which the master sees too
    data = os.urandom(1_000_000)
    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as server,
        ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn,
    ):
        port = server.sockets[0].getsockname()[1]
        target = f"127.0.0.1:{port}"
        async with conn.forward_remote("127.0.0.1:0", target) as other:
            if kind == "port":
                scope = conn.forward_remote("127.0.0.1:0", target)
            else:
                scope = conn.forward_remote_dynamic("127.0.0.1:0", lambda at: at.port == port)
            async with scope as forward:
                reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
                if kind == "socks":
                    writer.write(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + port.to_bytes(2, "big"))
                    assert (await reader.readexactly(12))[:4] == b"\5\0\5\0"
                sending = asyncio.ensure_future(_send(writer, data))
                assert await reader.read(-1) == data
                await sending
                writer.close()
            await refused(forward.port)
            reader, writer = await asyncio.open_connection("127.0.0.1", other.port)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
        assert not list(shop.folder.glob("ssh-*"))


async def test_server_listens_on_a_socket_for_a_connection_through_the_master(
    shared: tuple[Workshop, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, path = shared
    monkeypatch.setattr(tempfile, "tempdir", str(shop.folder))
    there = f"/tmp/{shop.folder.name}"  # noqa: S108 (of the container)
    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as server,
        ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn,
    ):
        target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with conn.forward_remote(there, target):
            stream = await conn.open_unix(there)
            await stream.write(b"through the socket")
            stream.write_eof()
            assert await stream.read() == b"through the socket"
            await stream.close()


async def refused(port: int) -> None:
    """Wait until nothing listens at a port: the master does not wait for the server's word."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # no process had accepted it when the listener was closed
            continue
        writer.close()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
    writer.write_eof()


async def test_forward_that_the_server_refuses_to_a_master_is_told(
    shared: tuple[Workshop, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, path = shared
    monkeypatch.setattr(tempfile, "tempdir", str(shop.folder))
    async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn:
        with pytest.raises(ssh_stack.SSHError, match="could not do it"):
            await conn.forward_remote("127.0.0.1:1", "127.0.0.1:1")  # a port of root's
    assert not list(shop.folder.glob("ssh-*"))


def test_blocking_connection_goes_through_the_master(shared: tuple[Workshop, Path]) -> None:
    with ssh_stack.sync.connect("127.0.0.1", control_path=shared[1], config=None) as conn:
        assert conn.run("echo blocking", text=True).stdout == "blocking\n"


async def test_refused_channel_and_end_of_the_master_are_told(
    local_sshd: LocalSshd, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    options = [
        *(
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            f"UserKnownHostsFile={local_sshd.known_hosts}",
        ),
        *("-i", str(local_sshd.key), "-p", str(local_sshd.port), "-l", local_sshd.user),
        *("-M", "-S", str(path), "-N", "127.0.0.1"),
    ]
    master = await asyncio.create_subprocess_exec("ssh", *options)
    while not path.exists():  # noqa: ASYNC110 (another program makes it)
        await asyncio.sleep(0.05)
    async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn:
        with pytest.raises(
            ssh_stack.ChannelOpenRefused
        ):  # a master of OpenSSH ends by that, later
            await conn.open_tcp("127.0.0.1", 1)
        async with conn.start("echo ready; exec cat") as process:
            assert await process.stdout.readline() == b"ready\n"
            master.kill()
            with pytest.raises(ssh_stack.ConnectionLost, match="the master"):
                await process.wait()
        assert conn.is_closed
    await master.wait()
    with pytest.raises(ConnectionRefusedError):
        await ssh_stack.connect("127.0.0.1", control_path=path, config=None)
