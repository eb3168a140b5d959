"""Clients in proxy mode of a master of `ssh-stack ssh`: ours, OpenSSH's, and hostile ones."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import ssh_stack
import ssh_stack.sync
from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient
from ssh_connection.control.framing import frame
from ssh_stack.cli.control.control_socket import ControlSocket

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from conftest import Cli, Sshd

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def path(cli: Cli, sshd: Sshd, tmp_path: Path) -> Generator[Path]:
    """The socket of a master, which still does its work when the test is over."""
    found = tmp_path / "m"
    with cli.start("ssh", *sshd.login, "-M", "-N", "-S", str(found), sshd.host) as process:
        while not found.exists():
            time.sleep(0.02)
        yield found
        done = cli.run("ssh", "-F", "none", "-S", str(found), sshd.host, "echo alive")
        assert done.stdout == b"alive\n"
        with ControlSocket.connect(str(found), 20) as control:
            assert isinstance(control.ask(m.Terminate()), m.Ok)
        assert process.wait(20) == 0


def begin(path: Path) -> socket.socket:
    """Connect, and begin the proxy mode."""
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(20)
    connected.connect(str(path))
    connected.sendall(ControlClient.hello + frame(m.ProxyRequest(request_id=3)))
    data, answer = b"", frame(m.Proxy(request_id=3))
    while not data.endswith(answer):
        data += connected.recv(1)
    return connected


async def test_connection_of_a_program_goes_through_the_master(path: Path, sshd: Sshd) -> None:
    data = os.urandom(3_000_000)
    async with (
        ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn,
        ssh_stack.connect("127.0.0.1", control_path=path, config=None) as other,
    ):
        results = await asyncio.gather(
            conn.run("cat; echo err >&2; exit 7", input=data),
            other.run("cat", input=data[::-1]),
        )
        assert (results[0].stdout, results[0].stderr, results[0].exit_status) == (
            data,
            b"err\n",
            7,
        )
        assert results[1].stdout == data[::-1]
        async with conn.sftp() as sftp:
            assert await sftp.realpath("/") == "/"
        async with conn.forward_local("127.0.0.1:0", f"127.0.0.1:{sshd.port}") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            assert (await reader.readline()).startswith(b"SSH-2.0-")
            writer.close()
        with pytest.raises(ssh_stack.ChannelOpenRefused):
            await conn.open_tcp("127.0.0.1", 1)
        async with other.start("cat") as process:
            await conn.close()
            await process.stdin.write(b"stays")
            process.stdin.write_eof()
            assert await process.stdout.read() == b"stays"


async def test_forwards_at_the_server_are_of_the_client_that_asks_for_them(
    path: Path, sshd: Sshd
) -> None:
    target = f"127.0.0.1:{sshd.port}"
    async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as other:
        async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn:
            assert 0 < await conn.ping() < 30
            kept = await other.forward_remote("127.0.0.1:0", target)
            forward = await conn.forward_remote("127.0.0.1:0", target)
            dynamic = await conn.forward_remote_dynamic("127.0.0.1:0", lambda _: False)
            await greeted(forward.port)
            reader, writer = await asyncio.open_connection("127.0.0.1", dynamic.port)
            writer.write(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + sshd.port.to_bytes(2, "big"))
            assert (await reader.readexactly(4)) == b"\5\0\5\2"  # not allowed
            writer.close()
            await greeted(kept.port)
        for port in (forward.port, dynamic.port):  # its client has left
            await refused(port)
        await greeted(kept.port)
        await kept.close()
        await refused(kept.port)


async def greeted(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.readline()).startswith(b"SSH-2.0-")
    writer.close()


async def refused(port: int) -> None:
    """Wait until nothing listens at a port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # no process had accepted it when the listener was closed
            continue
        writer.close()


def test_blocking_connection_goes_through_the_master(path: Path) -> None:
    with ssh_stack.sync.connect("127.0.0.1", control_path=path, config=None) as conn:
        assert conn.run("echo blocking", text=True).stdout == "blocking\n"


def test_client_that_ends_ends_its_sessions(path: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"

    async def leave() -> None:
        async with ssh_stack.connect("127.0.0.1", control_path=path, config=None) as conn:
            process = await conn.start(f"echo begun; cat; echo ended >{there}")
            assert await process.stdout.readline() == b"begun\n"

    asyncio.run(leave())
    while not there.exists():
        time.sleep(0.02)


def test_call_in_proxy_mode_has_its_streams_and_its_status(
    path: Path, cli: Cli, sshd: Sshd
) -> None:
    words = ["ssh", "-F", "none", "-O", "proxy", "-S", str(path), sshd.host]
    done = cli.run(*words, "cat; echo err >&2; exit 9", input=bytes(300_000))
    assert (done.stdout, done.stderr, done.returncode) == (bytes(300_000), b"err\n", 9)


def test_call_in_proxy_mode_without_a_master_fails(cli: Cli, tmp_path: Path) -> None:
    done = cli.run("ssh", "-F", "none", "-O", "proxy", "-S", str(tmp_path / "m"), "h", "true")
    assert done.returncode == 255
    assert b"No such file" in done.stderr


def test_openssh_in_proxy_mode_has_its_streams_and_its_status(path: Path, sshd: Sshd) -> None:
    words = ["ssh", "-F", "none", "-O", "proxy", "-S", str(path), sshd.host]
    done = subprocess.run(
        [*words, "cat; echo err >&2; exit 9"],
        input=bytes(3_000_000),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (done.stdout, done.stderr, done.returncode) == (bytes(3_000_000), b"err\n", 9)


def test_openssh_in_proxy_mode_takes_what_comes_in_on_its_port(path: Path, sshd: Sshd) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    forward = ["-R", f"127.0.0.1:{port}:127.0.0.1:{sshd.port}"]
    words = ["ssh", "-F", "none", "-O", "proxy", "-S", str(path), *forward, sshd.host]
    with subprocess.Popen(
        [*words, "echo ready; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with closing(socket.create_connection(("127.0.0.1", port), 10)) as through:
            assert through.recv(8) == b"SSH-2.0-"
        process.terminate()
    while True:  # the server stops listening when the client is gone
        try:
            socket.create_connection(("127.0.0.1", port), 10).close()
        except ConnectionRefusedError:
            break
        except ConnectionResetError:  # as in `refused`
            continue
        time.sleep(0.02)


@pytest.mark.row("C24")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\2\0\x14",  # KEXINIT
        b"\0\0\0\x0b\0\x5e\0\0\0\0\0\0\0\1x",  # data of a channel that is another's, or none
        b"\0\0\0\2\0\x5a",
    ],
)
def test_client_that_breaks_a_rule_is_hung_up_on_alone(path: Path, data: bytes) -> None:
    with closing(begin(path)) as connected:
        connected.sendall(data)
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(1000):
            pass


def test_client_in_proxy_mode_that_does_not_read_holds_up_no_other(path: Path) -> None:
    with closing(begin(path)) as connected:
        window = (2**31).to_bytes(4, "big")
        opening = b"\x5a\0\0\0\7session\0\0\0\0" + window + b"\0\0\x80\0"
        connected.sendall((len(opening) + 1).to_bytes(4, "big") + b"\0" + opening)
        head = connected.recv(6 + 16)
        assert head[5] == 91
        command = b"exec cat /dev/zero"
        number = head[10:14]
        asked = b"\x62" + number + b"\0\0\0\4exec\0" + len(command).to_bytes(4, "big") + command
        connected.sendall((len(asked) + 1).to_bytes(4, "big") + b"\0" + asked)
        with ssh_stack.sync.connect("127.0.0.1", control_path=path, config=None) as conn:
            assert len(conn.run("head -c 3000000 /dev/zero").stdout) == 3_000_000


def test_use_that_cannot_be_confirmed_is_denied(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    path = tmp_path / "m"
    with cli.start(
        "ssh", *sshd.login, "-MM", "-N", "-S", str(path), sshd.host, env={"SSH_ASKPASS": ""}
    ) as process:
        while not path.exists():
            time.sleep(0.02)
        with ControlSocket.connect(str(path), 20) as control:
            assert isinstance(control.ask(m.ProxyRequest()), m.PermissionDenied)
        process.terminate()
        process.wait(20)
