"""Forwards of `ssh-stack ssh`: where they listen, from which line, and how long they last."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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


def curl(url: str, *proxy: str) -> bytes:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *proxy, url],
        capture_output=True,
        check=False,
    )
    return done.stdout or done.stderr


def _page(connection: socket.socket) -> None:
    while not connection.recv(65536).endswith(b"\r\n\r\n"):
        pass
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + b"page" * 50_000)


@pytest.fixture
def page(listener: Callable[[Callable[[socket.socket], None]], Listener]) -> int:
    return listener(_page).port


PROXIES = ("--socks4", "--socks4a", "--socks5", "--socks5-hostname")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")


@needs_curl
@pytest.mark.parametrize("words", [["-D", "{port}"], ["-o", "DynamicForward=127.0.0.1:{port}"]])
def test_dynamic_forward_is_a_proxy_for_curl(
    cli: Cli, sshd: Sshd, dead_port: int, page: int, words: list[str]
) -> None:
    given = [word.format(port=dead_port) for word in words]
    with running(cli, *given, *sshd.login, sshd.host):
        for proxy in PROXIES:
            there = (proxy, f"127.0.0.1:{dead_port}")
            assert curl(f"http://127.0.0.1:{page}/", *there) == b"page" * 50_000
        named = ("--socks5-hostname", f"127.0.0.1:{dead_port}")
        assert curl(f"http://localhost:{page}/", *named) == b"page" * 50_000


@needs_curl
def test_dynamic_forward_tells_curl_that_nothing_listens(
    cli: Cli, sshd: Sshd, dead_port: int
) -> None:
    with running(cli, "-D", str(dead_port), *sshd.login, sshd.host):
        told = curl("http://127.0.0.1:1/", "--socks5", f"127.0.0.1:{dead_port}")
        assert b"SOCKS5" in told


@needs_curl
@pytest.mark.parametrize("permitted", [True, False])
def test_remote_dynamic_forward_reaches_what_is_permitted(
    cli: Cli, sshd: Sshd, page: int, permitted: bool
) -> None:
    target = f"127.0.0.1:{page if permitted else page + 1}"
    words = ["-R", "0", "-o", f"PermitRemoteOpen={target}", *sshd.login, sshd.host]
    with running(cli, *words) as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        assert line.startswith("Allocated port ")
        assert line.endswith(" for remote forward to socks:0\n")
        told = curl(f"http://127.0.0.1:{page}/", "--socks5", f"127.0.0.1:{line.split()[2]}")
        assert (told == b"page" * 50_000) is permitted


@pytest.mark.parametrize("unlink", [True, False])
def test_forward_of_unix_socket_replaces_one_that_is_there_where_asked_for(
    cli: Cli, sshd: Sshd, echo: str, tmp_path: Path, unlink: bool
) -> None:
    path = tmp_path / "s"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    option = ["-o", "StreamLocalBindUnlink=yes", "-o", "StreamLocalBindMask=0117"]
    words = ["-L", f"{path}:{echo}", *(option if unlink else ()), *sshd.login, sshd.host]
    with running(cli, *words) as process:
        if unlink:
            assert path.stat().st_mode & 0o777 == 0o660
            with closing(socket.socket(socket.AF_UNIX)) as client:
                client.connect(str(path))
                client.sendall(b"abc")
                assert client.recv(3) == b"ABC"
        else:
            assert process.stderr is not None
            assert b"Address already in use" in process.stderr.readline()
    assert path.exists() is not unlink


def test_unix_socket_of_server_leads_to_one_here_and_back(
    cli: Cli, sshd: Sshd, echo: str, tmp_path: Path
) -> None:
    """From a port here to a socket there, which leads to a socket here, which leads to a port."""
    there, here = tmp_path / "there", tmp_path / "here"
    words = ["-R", f"{there}:{here}", "-L", f"{here}:{echo}", *sshd.login, sshd.host]
    with running(cli, *words), closing(socket.socket(socket.AF_UNIX)) as client:
        client.connect(str(there))
        client.sendall(b"abc")
        assert client.recv(3) == b"ABC"


def test_stream_to_unix_socket_of_server(cli: Cli, sshd: Sshd, echo: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with running(cli, "-L", f"{path}:{echo}", *sshd.login, sshd.host):
        done = cli.run("ssh", "-W", str(path), *sshd.login, sshd.host, input=b"abc" * 100_000)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"ABC" * 100_000)


def test_forward_to_unix_socket_of_server(
    cli: Cli, sshd: Sshd, dead_port: int, echo: str, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    words = ["-L", f"{path}:{echo}", "-L", f"{dead_port}:{path}", *sshd.login, sshd.host]
    with running(cli, *words):
        assert answer("127.0.0.1", dead_port) == b"ABC"
