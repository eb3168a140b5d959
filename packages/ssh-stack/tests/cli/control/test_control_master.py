"""A master of `ssh-stack ssh`, and clients that keep no rules."""

from __future__ import annotations

import os
import re
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient
from ssh_connection.control.framing import frame
from ssh_stack.cli.control.control_socket import ControlSocket

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from conftest import Cli, Sshd

pytestmark = pytest.mark.timeout(60)


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.02)


@pytest.fixture
def path(cli: Cli, sshd: Sshd, tmp_path: Path) -> Generator[Path]:
    """The socket of a master, which still answers when the test is over."""
    found = tmp_path / "m"
    with cli.start("ssh", *sshd.login, "-M", "-N", "-S", str(found), sshd.host) as process:
        wait_for(found)
        yield found
        with ControlSocket.connect(str(found), 20) as control:
            assert isinstance(control.ask(m.AliveCheck()), m.Alive)
            assert isinstance(control.ask(m.Terminate()), m.Ok)
        assert process.wait(20) == 0
    assert not found.exists()


def connect(path: Path) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(20)
    connected.connect(str(path))
    return connected


@pytest.mark.row("C24")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        frame(m.AliveCheck()),
        ControlClient.hello * 2,
        ControlClient.hello + frame(m.NewSession(command="true")) + b"\0\0\0",
        ControlClient.hello + b"\0\0\0\x0a\x10\0\0\2\0\0\0\0\0\0",
    ],
)
def test_client_that_breaks_a_rule_is_hung_up_on_alone(path: Path, data: bytes) -> None:
    with closing(connect(path)) as connected:
        connected.sendall(data)
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(1000):
            pass


@pytest.mark.row("C24")
def test_descriptors_that_nothing_takes_are_closed(path: Path) -> None:
    ours, theirs = socket.socketpair()
    with closing(connect(path)) as connected:
        socket.send_fds(connected, [ControlClient.hello], [theirs.fileno()] * 3)
        theirs.close()
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(1000):
            pass
    ours.settimeout(20)
    assert ours.recv(1) == b""  # no process has the other end any more
    ours.close()


def test_unknown_request_fails_and_the_next_is_answered(path: Path) -> None:
    with closing(connect(path)) as connected:
        connected.sendall(ControlClient.hello + bytes.fromhex("00000008 10000077 00000009"))
        connected.sendall(frame(m.AliveCheck(request_id=10)))
        data = b""
        while m.encode(m.Alive(request_id=10, pid=0))[:8] not in data:
            data += connected.recv(1000)
    assert frame(m.Failure(request_id=9, reason="unsupported request")) in data


def test_second_session_of_a_client_is_refused(path: Path) -> None:
    read, write = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    with ControlSocket.connect(str(path), 20) as control:
        opened = control.ask(m.NewSession(command="cat"), [read, null, null])
        assert isinstance(opened, m.SessionOpened)
        refused = control.ask(m.NewSession(command="true"), [null, null, null])
        assert isinstance(refused, m.Failure)
        assert "Multiple sessions" in refused.reason
        os.close(write)
        assert isinstance(control.next(), m.ExitMessage)
        assert control.next() is None
    os.close(read)
    os.close(null)


@pytest.mark.parametrize(
    "request_",
    [
        m.OpenForward(kind=9, listen_port=1, connect_host="h", connect_port=1),
        m.OpenForward(kind=1, listen_port=70000, connect_host="h", connect_port=1),
        m.OpenForward(kind=1, listen_host="", listen_port=m.UNIX_PORT, connect_host="h"),
        m.CloseForward(kind=1, listen_port=1, connect_host="h", connect_port=1),
        m.OpenForward(kind=1, listen_host="192.0.2.1", listen_port=1, connect_host="h"),
    ],
)
def test_forward_that_cannot_be_fails(path: Path, request_: m.OpenForward) -> None:
    with ControlSocket.connect(str(path), 20) as control:
        assert isinstance(control.ask(request_), m.Failure)


def test_forward_that_is_there_is_not_opened_again(path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    forward = m.OpenForward(kind=1, listen_port=port, connect_host="127.0.0.1", connect_port=1)
    with ControlSocket.connect(str(path), 20) as control:
        assert isinstance(control.ask(forward), m.Ok)
        assert isinstance(control.ask(forward), m.Ok)


def test_information_that_is_unknown_is_told_so(path: Path) -> None:
    with ControlSocket.connect(str(path), 20) as control:
        answer = control.ask(m.InfoRequest(name="weather"))
        assert isinstance(answer, m.Info)
        assert not answer.known


def test_use_that_cannot_be_confirmed_is_denied(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    path = tmp_path / "m"
    with cli.start(
        "ssh", *sshd.login, "-MM", "-N", "-S", str(path), sshd.host, env={"SSH_ASKPASS": ""}
    ) as process:
        wait_for(path)
        null = os.open(os.devnull, os.O_RDWR)
        with ControlSocket.connect(str(path), 20) as control:
            assert isinstance(control.ask(m.AliveCheck()), m.Alive)
            denied = control.ask(m.NewSession(command="true"), [null, null, null])
            assert isinstance(denied, m.PermissionDenied)
            assert isinstance(control.ask(m.Terminate()), m.PermissionDenied)
        os.close(null)
        process.terminate()
        process.wait(20)


def test_path_that_is_taken_is_told_and_the_call_goes_on(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    path.write_text("kept")
    done = cli.run("ssh", *sshd.login, "-M", "-S", str(path), sshd.host, "echo alone")

    assert done.stdout == b"alone\n"
    assert b"already exists: the connection is not shared" in done.stderr
    assert path.read_text() == "kept"


@pytest.mark.parametrize("letters", [(), ("-C",)])
def test_information_tells_what_is_compressed_where_anything_is(
    cli: Cli, sshd: Sshd, tmp_path: Path, letters: tuple[str, ...]
) -> None:
    path = tmp_path / "m"
    words = ["ssh", *sshd.login, *letters, "-M", "-N", "-S", str(path), sshd.host]
    with cli.start(*words) as process:
        wait_for(path)
        assert cli.run("ssh", "-F", "none", "-S", str(path), sshd.host, "true").returncode == 0
        done = cli.run("ssh", "-F", "none", "-S", str(path), "-O", "conninfo", sshd.host)
        cli.run("ssh", "-F", "none", "-S", str(path), "-O", "exit", sshd.host)
        assert process.wait(20) == 0
    text = done.stdout.decode()
    assert f"compression {'zlib@openssh.com' if letters else 'none'}" in text
    counts = re.search(r"compressed (\d+)/(\d+) \(\*[\d.]+\) in, (\d+)/(\d+) ", text)
    assert (counts is not None) == bool(letters)
    if counts is not None:
        assert int(counts[4]) > 0
