"""Forwards of `ssh-stack ssh`: where they listen, from which line, and how long they last."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from conftest import Cli, Listener, Sshd


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data.upper())


@pytest.fixture
def echo(listener: Callable[[Callable[[socket.socket], None]], Listener]) -> str:
    return f"127.0.0.1:{listener(_echo).port}"


@contextmanager
def running(cli: Cli, *words: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a session whose forwards are open, until its input ends."""
    with cli.start("ssh", *words, "echo ready; cat >/dev/null") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def answer(host: str, port: int) -> bytes:
    with closing(socket.create_connection((host, port), 60)) as client:
        client.sendall(b"abc")
        return client.recv(3)


def test_forwards_of_configuration_are_opened(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(f"LocalForward {dead_port} {echo}\nRemoteForward 0 {echo}\n")
    with running(cli, *sshd.login, "-F", str(config), sshd.host) as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        assert line.startswith("Allocated port ")
        assert answer("127.0.0.1", dead_port) == b"ABC"
        assert answer("127.0.0.1", int(line.split()[2])) == b"ABC"


@pytest.mark.parametrize(
    ("words", "elsewhere"),
    [
        (["-L", "{port}:{echo}"], False),
        (["-g", "-L", "{port}:{echo}"], True),
        (["-o", "GatewayPorts=yes", "-L", "{port}:{echo}"], True),
        (["-g", "-L", "localhost:{port}:{echo}"], False),
        (["-L", "*:{port}:{echo}"], True),
        (["-L", ":{port}:{echo}"], True),
        (["-L", "127.0.0.2:{port}:{echo}"], True),
    ],
)
def test_forward_listens_on_other_addresses_only_where_asked_for(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str, words: list[str], elsewhere: bool
) -> None:
    given = [word.format(port=dead_port, echo=echo) for word in words]
    with running(cli, *given, *sshd.login, sshd.host):
        if elsewhere:
            assert answer("127.0.0.2", dead_port) == b"ABC"
        else:
            assert answer("127.0.0.1", dead_port) == b"ABC"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", dead_port), 60)


def test_program_waits_for_forwarded_connections_after_command(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str
) -> None:
    words = ["-v", "-L", f"{dead_port}:{echo}", *sshd.login, sshd.host]
    with cli.start("ssh", *words, "echo ready; cat >/dev/null; exit 5") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        with closing(socket.create_connection(("127.0.0.1", dead_port), 60)) as client:
            client.sendall(b"a")
            assert client.recv(1) == b"A"
            process.stdin.close()
            while b"exit status 5" not in process.stderr.readline():
                pass
            client.sendall(b"still")
            assert client.recv(5) == b"STILL"
        assert process.wait(60) == 5


def test_escape_disconnects_although_connections_are_forwarded(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str
) -> None:
    words = ["-t", "-L", f"{dead_port}:{echo}", *sshd.login, sshd.host, "echo ready; cat"]
    with cli.terminal("ssh", *words) as terminal:
        terminal.expect("ready\r\n")
        with closing(socket.create_connection(("127.0.0.1", dead_port), 60)) as client:
            client.sendall(b"a")
            assert client.recv(1) == b"A"
            terminal.type("~.")
            assert terminal.wait() == 255
            assert terminal.restored


def test_signal_ends_wait_for_forwarded_connections(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str
) -> None:
    words = ["-N", "-L", f"{dead_port}:{echo}", *sshd.login, "-v", sshd.host]
    with cli.start("ssh", *words) as process:
        assert process.stderr is not None
        while b"local forward" not in process.stderr.readline():
            pass
        with closing(socket.create_connection(("127.0.0.1", dead_port), 60)) as client:
            client.sendall(b"a")
            assert client.recv(1) == b"A"
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 143


def test_server_that_refuses_to_forward_ends_program_only_where_asked_for(
    cli: Cli, sshd: Sshd
) -> None:
    taken = ["-R", f"127.0.0.1:{sshd.port}:127.0.0.1:1"]
    goes_on = cli.run("ssh", *taken, *sshd.login, sshd.host, "echo still")
    ends = cli.run(
        "ssh", *taken, "-o", "ExitOnForwardFailure=yes", *sshd.login, sshd.host, "echo still"
    )
    assert (goes_on.stdout, goes_on.returncode) == (b"still\n", 0)
    assert b"cannot forward" in goes_on.stderr
    assert (ends.stdout, ends.returncode) == (b"", 255)
