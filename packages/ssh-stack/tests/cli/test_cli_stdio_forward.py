"""`ssh-stack ssh -W`: standard input and output joined to a port that the server reaches."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Listener, Sshd


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data.upper())


def _greeting(connection: socket.socket) -> None:
    connection.sendall(b"bye")


def test_stream_carries_both_directions_and_their_ends(
    cli: Cli, sshd: Sshd, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    target = f"127.0.0.1:{listener(_echo).port}"
    done = cli.run("ssh", "-W", target, *sshd.login, sshd.host, input=b"abc" * 100_000)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"ABC" * 100_000


def test_stream_that_server_closes_ends_although_input_is_open(
    cli: Cli, sshd: Sshd, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    target = f"127.0.0.1:{listener(_greeting).port}"
    with cli.start("ssh", "-W", target, *sshd.login, sshd.host) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"bye"
        assert process.wait(60) == 0


def test_unreachable_target_is_reported_in_one_line(cli: Cli, sshd: Sshd, dead_port: int) -> None:
    done = cli.run("ssh", "-W", f"127.0.0.1:{dead_port}", *sshd.login, sshd.host)
    assert (done.returncode, done.stdout) == (255, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"refused" in done.stderr


def test_forwards_of_command_line_are_left_out(cli: Cli, sshd: Sshd) -> None:
    """ClearAllForwardings: a port that is taken would be told otherwise."""
    taken = ["-L", f"{sshd.port}:127.0.0.1:1"]
    words = ["-W", f"127.0.0.1:{sshd.port}", *taken, *sshd.login, sshd.host]
    done = cli.run("ssh", *words, input=b"")
    assert done.stdout.startswith(b"SSH-2.0-")
    assert done.stderr == b""


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this machine")
def test_openssh_reaches_host_through_our_stream(cli: Cli, sshd: Sshd) -> None:
    words = cli.command("ssh", "-W", "%h:%p", *sshd.login, sshd.host)
    command = f"ProxyCommand=env HOME={cli.home} {shlex.join(words)}"
    done = subprocess.run(
        ["ssh", "-o", command, *sshd.login, sshd.host, "cat; exit 7"],
        input=b"through",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.returncode) == (b"through", 7), done.stderr


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this machine")
def test_we_reach_host_through_stream_of_openssh(cli: Cli, sshd: Sshd) -> None:
    words = ["ssh", "-W", "%h:%p", *sshd.login, sshd.host]
    proxy = f"ProxyCommand={shlex.join(words)}"
    done = cli.run("ssh", "-o", proxy, *sshd.login, sshd.host, "cat; exit 7", input=b"through")
    assert (done.stdout, done.returncode) == (b"through", 7), done.stderr
