"""A proxy command that passes a connected socket (ProxyUseFdpass)."""

from __future__ import annotations

import asyncio
import shlex
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from loopback_server import serving
from ssh_stack.client.proxy_socket import receive_socket
from ssh_stack.errors import ProxyFailed

if TYPE_CHECKING:
    from conftest import Sshd

_PASS = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
with socket.socket(fileno=1) as out:
    socket.send_fds(out, [b"\\0"], [sock.fileno()])
"""


@pytest.fixture
def passing(tmp_path: Path) -> list[str]:
    """A program that connects to its arguments and passes the socket."""
    script = tmp_path / "pass.py"
    script.write_text(_PASS)
    return [sys.executable, str(script)]


async def test_connection_runs_over_passed_socket(passing: list[str]) -> None:
    async with serving() as here:
        command = f"{shlex.join(passing)} %h %p"
        lines = [f"ProxyCommand {command}", "ProxyUseFdpass yes"]
        async with here.connect(config_options=lines) as connection:
            done = await connection.run("echo hello", text=True)

    assert done.stdout == "hello\n"


async def test_connection_to_openssh_runs_over_passed_socket(
    sshd: Sshd, passing: list[str]
) -> None:
    lines = [f"ProxyCommand {shlex.join(passing)} %h %p", "ProxyUseFdpass yes"]
    async with ssh_stack.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=[sshd.key],
        agent=None,
        config=None,
        config_options=lines,
        known_hosts=sshd.known_hosts,
    ) as connection:
        assert (await connection.run("echo hello", text=True)).stdout == "hello\n"


async def test_received_socket_is_connected_and_non_blocking(passing: list[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with await receive_socket([*passing, "127.0.0.1", str(port)], "pass") as sock:
            assert sock.getpeername() == ("127.0.0.1", port)
            assert not sock.getblocking()
            assert not sock.get_inheritable()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 0", "passed no descriptor"),
        ("echo hello", "passed no descriptor"),
        ("exit 3", "passed no descriptor"),
    ],
)
async def test_program_that_passes_nothing_is_error(script: str, problem: str) -> None:
    with pytest.raises(ProxyFailed, match=problem):
        await receive_socket(["/bin/sh", "-c", script], script)


async def test_program_that_passes_no_socket_is_error(tmp_path: Path) -> None:
    script = tmp_path / "pass.py"
    script.write_text(
        "import socket\n"
        "with socket.socket(fileno=1) as out, open('/dev/null') as file:\n"
        "    socket.send_fds(out, [b'x'], [file.fileno()])\n"
    )

    with pytest.raises(ProxyFailed, match="a descriptor that is not a socket"):
        await receive_socket([sys.executable, str(script)], "pass")


async def test_program_that_cannot_be_started_is_error() -> None:
    with pytest.raises(ProxyFailed, match="cannot be started"):
        await receive_socket(["/no/such/program"], "gone")


async def test_cancelled_wait_ends_program() -> None:
    waiting = asyncio.ensure_future(receive_socket(["/bin/sleep", "600"], "sleep"))
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
