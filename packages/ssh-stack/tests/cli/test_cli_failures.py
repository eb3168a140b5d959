"""Every failure ends in one clear line on standard error and exit status 255."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Listener, Sshd


def line_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line of a failure."""
    assert done.returncode == 255, done
    assert done.stdout == b""
    text = done.stderr.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("ssh-stack: ")
    return text


@pytest.fixture(params=["ssh", "cp"])
def reach(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """The words of both commands that reach a host."""

    def words(options: list[str], host: str) -> list[str]:
        if request.param == "ssh":
            return ["ssh", *options, host, "true"]
        return ["cp", *options, f"{host}:x", "/nonexistent/x"]

    return words


def test_changed_host_key_ends_with_warning_and_one_line(
    cli: Cli, sshd: Sshd, tmp_path: Path, reach: Callable[..., list[str]]
) -> None:
    other = sshd.key.with_suffix(".pub").read_text()
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {other}")
    options = ["-F", "none", "-o", f"Port={sshd.port}", "-o", f"UserKnownHostsFile={known}"]
    done = cli.run(*reach(options, sshd.host))
    warning, _, line = done.stderr.decode().rpartition("ssh-stack: ")
    assert (done.returncode, done.stdout, line.count("\n")) == (255, b"", 1), done
    assert "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!" in warning
    assert f"the host key of [127.0.0.1]:{sshd.port} has changed" in line
    assert "SHA256:" in line
    assert f"{known}, line 1 has " in line
    assert f"ssh-stack keygen -R '[127.0.0.1]:{sshd.port}' -f {known}" in line
    assert known.read_text() == f"[127.0.0.1]:{sshd.port} {other}"


def test_unknown_host_key_is_refused_without_terminal(
    cli: Cli, sshd: Sshd, reach: Callable[..., list[str]]
) -> None:
    options = ["-F", "none", "-o", f"Port={sshd.port}"]
    line = line_of(cli.run(*reach(options, sshd.host)))
    assert "no host key is known" in line
    assert "StrictHostKeyChecking=accept-new" in line


def test_login_without_credential_names_methods_of_server(
    cli: Cli, sshd: Sshd, reach: Callable[..., list[str]]
) -> None:
    line = line_of(cli.run(*reach(sshd.trust, sshd.host)))
    assert f"authentication as '{sshd.user}' at 127.0.0.1 failed: there was no key" in line
    assert "publickey, password" in line


def test_rejected_key_is_named_in_error(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    key = tmp_path / "other"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=30
    )
    line = line_of(cli.run("ssh", *sshd.trust, "-i", str(key), sshd.host, "true"))
    assert f"file {key}" in line
    assert "rejected" in line


def test_wrong_password_is_asked_for_three_times(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", *sshd.trust, sshd.host, "true") as terminal:
        for _ in range(3):
            terminal.expect(f"{sshd.host}'s password: ")
            terminal.type("wrong\n")
        line = terminal.expect(r"ssh-stack: [^\r]*\r\n")
        assert (
            "failed: keyboard-interactive (prompt) not offered by the server;"
            " password (prompt) rejected (3 times); the server accepts publickey, password"
        ) in line
        assert terminal.wait() == 255
        assert terminal.restored
        assert b"wrong" not in terminal.seen


def test_eof_at_password_prompt_ends_with_status_255(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", *sshd.trust, sshd.host, "true") as terminal:
        terminal.expect("password: ")
        terminal.type("\x04")
        terminal.expect(r"ssh-stack: .*not answered")
        assert terminal.wait() == 255
        assert terminal.restored


def test_interrupt_at_password_prompt_ends_with_status_130(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", *sshd.trust, sshd.host, "true") as terminal:
        terminal.expect("password: ")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert terminal.restored


def test_port_without_listener_is_reported_as_connection_refused(
    cli: Cli, dead_port: int, reach: Callable[..., list[str]]
) -> None:
    line = line_of(cli.run(*reach(["-F", "none", "-o", f"Port={dead_port}"], "me@127.0.0.1")))
    assert line == f"ssh-stack: connect to host 127.0.0.1 port {dead_port}: Connection refused\n"


def test_host_without_address_is_reported_as_unresolved(cli: Cli) -> None:
    line = line_of(cli.run("ssh", "-F", "none", "me@nowhere.invalid", "true"))
    assert "could not resolve hostname nowhere.invalid: " in line


def _http(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad\x1b[31m Request\r\nServer: x\r\n\r\n<html>")


def _silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _noise(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46" * 10_000)


def _old(connection: socket.socket) -> None:
    connection.sendall(b"SSH-1.5-ancient\r\n")
    connection.recv(1024)


def test_http_server_is_reported_with_its_escaped_reply(
    cli: Cli,
    listener: Callable[[Callable[[socket.socket], None]], Listener],
    reach: Callable[..., list[str]],
) -> None:
    port = listener(_http).port
    line = line_of(cli.run(*reach(["-F", "none", "-o", f"Port={port}"], "me@127.0.0.1")))
    assert f"connect to host 127.0.0.1 port {port}: " in line
    assert "HTTP/1.1 400 Bad" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("serve", [_noise, _old])
def test_server_of_other_protocol_is_reported_with_host_and_port(
    cli: Cli,
    listener: Callable[[Callable[[socket.socket], None]], Listener],
    serve: Callable[[socket.socket], None],
) -> None:
    port = listener(serve).port
    line = line_of(cli.run("ssh", "-F", "none", "-p", str(port), "me@127.0.0.1"))
    assert f"connect to host 127.0.0.1 port {port}: " in line


def test_silent_server_is_reported_after_connect_timeout(
    cli: Cli, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    port = listener(_silent).port
    words = ["-F", "none", "-p", str(port), "-o", "ConnectTimeout=1", "me@127.0.0.1"]
    line = line_of(cli.run("ssh", *words))
    assert "no answer within 1 seconds (handshake)" in line


def test_killed_server_process_is_reported_as_lost_connection(cli: Cli, sshd: Sshd) -> None:
    with cli.start("ssh", *sshd.login, sshd.host, "echo ready; exec sleep 1000") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        sshd.kill_sessions()
        out, err = process.communicate(timeout=60)
        line = line_of(subprocess.CompletedProcess([], process.returncode, out, err))
        assert f"connection to 127.0.0.1 port {sshd.port}: " in line


def test_missing_common_algorithm_names_algorithms_of_server(
    cli: Cli, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    port = listener(_ancient_algorithms).port
    line = line_of(cli.run("ssh", "-F", "none", "-p", str(port), "me@127.0.0.1"))
    assert "no common key exchange algorithm" in line
    assert "server diffie-hellman-group1-sha1" in line


def _ancient_algorithms(connection: socket.socket) -> None:
    names = [b"diffie-hellman-group1-sha1", b"ssh-dss", *[b"3des-cbc"] * 2, *[b"hmac-md5"] * 2]
    names += [b"none"] * 2 + [b""] * 2
    lists = b"".join(len(name).to_bytes(4, "big") + name for name in names)
    payload = bytes([20]) + bytes(16) + lists + bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 8
    packet = bytes([padding]) + payload + bytes(padding)
    connection.sendall(b"SSH-2.0-ancient\r\n" + len(packet).to_bytes(4, "big") + packet)
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["ssh", "-p", "no", "host"], "bad port 'no'"),
        (["ssh", "-z", "host"], "option -z not recognized"),
        (["ssh", "-w", "0", "host"], "option -w does not work yet: tunnel devices are missing"),
        (["ssh", "-L", "1", "host"], "bad forwarding specification '1'"),
        (["ssh", "-o", "Port=no", "host"], "Port is a number, not 'no'"),
        (["ssh", "-F", "/nonexistent", "host"], "/nonexistent: No such file or directory"),
        (
            ["ssh", "-J", "host:x", "-F", "none", "host"],
            "takes [user@]host[:port] with commas between them, not 'host:x'",
        ),
        (["ssh", "--", "-h"], "'-h' cannot be the name of a host"),
        (["cp", "a", "b"], "both sides are on this machine"),
        (["cp", "-P", "0", "a", "host:b"], "bad port '0'"),
    ],
)
def test_invalid_argument_is_reported_in_one_line(
    cli: Cli, words: list[str], problem: str
) -> None:
    assert problem in line_of(cli.run(*words))


def test_missing_destination_prints_usage(cli: Cli) -> None:
    done = cli.run("ssh")
    assert done.returncode == 255
    assert done.stderr.startswith(b"usage: ssh-stack ssh ")


def test_verbose_option_prints_traceback_of_failure(cli: Cli, dead_port: int) -> None:
    done = cli.run("ssh", "-vv", "-F", "none", "-p", str(dead_port), "me@127.0.0.1")
    assert done.returncode == 255
    assert re.search(rb"^ssh_stack.errors.ConnectRefused: ", done.stderr, re.MULTILINE)
