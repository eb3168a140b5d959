"""Why no connection comes about: one line that says whose fault it is, and status 255.

Closed before identification, silence, another protocol, a proxy command that dies, no common
algorithm, and a login that is refused.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Listener, Sshd

Listen = "Callable[[Callable[[socket.socket], None]], Listener]"


def line_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one line of a failure."""
    assert (done.returncode, done.stdout) == (255, b""), done
    text = done.stderr.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("ssh-stack: ")
    return text


def reach(cli: Cli, port: int, *words: str) -> str:
    options = ["-F", "none", "-p", str(port), "-o", "ConnectTimeout=3"]
    return line_of(cli.run("ssh", *options, *words, "me@127.0.0.1", "true"))


# ------------------------------------------------------------- what answers is not an SSH server


def _closes(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):  # what stays unread would reset the connection
        pass


def _says_why_and_closes(connection: socket.socket) -> None:
    connection.sendall(b"Exceeded MaxStartups\x07\r\n")
    connection.recv(1024)


def _half_a_line(connection: socket.socket) -> None:
    connection.sendall(b"Not allowed at this time")
    connection.recv(1024)


def _silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _smtp(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")
    connection.recv(1024)
    connection.sendall(b"500 unrecognized command\r\n" * 2000)


@pytest.mark.parametrize(
    ("serve", "part"),
    [
        (_closes, "closed the connection before it identified itself"),
        (_says_why_and_closes, r"it sent 'Exceeded MaxStartups\\x07'"),
        (_half_a_line, "it sent 'Not allowed at this time'"),
        (_silent, "no answer within 3 seconds (handshake)"),
        (_smtp, "220 mail.example ESMTP"),
    ],
)
def test_server_that_does_not_identify_itself_is_reported_with_what_it_sent(
    cli: Cli,
    listener: Callable[[Callable[[socket.socket], None]], Listener],
    serve: Callable[[socket.socket], None],
    part: str,
) -> None:
    port = listener(serve).port
    line = reach(cli, port)
    assert f"127.0.0.1 port {port}: " in line
    assert part in line
    assert line[:-1].isprintable()


# ------------------------------------------------------------- proxy commands


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("echo no route to %h >&2; exit 3", ["no route to 127.0.0.1", "3"]),
        ("/nonexistent/proxy %h", ["/nonexistent/proxy"]),
        ("kill -TERM $$", ["TERM"]),
        ("printf 'a\\n\\033[2Jb\\n' >&2; exit 1", [r"a\x0a\x1b[2Jb"]),
    ],
)
def test_proxy_command_that_dies_is_reported_with_its_errors(
    cli: Cli, command: str, parts: list[str]
) -> None:
    done = cli.run("ssh", "-F", "none", "-o", f"ProxyCommand={command}", "me@127.0.0.1", "true")
    assert (done.returncode, done.stdout) == (255, b""), done
    # what the program prints goes to our standard error as it is, and then comes the line
    line = done.stderr.decode().rpartition("ssh-stack: ")[2]
    assert line.count("\n") == 1
    assert "proxy command" in line
    for part in parts:
        assert part in line, line
    assert line[:-1].isprintable()


# ------------------------------------------------------------- algorithms


def _ancient(connection: socket.socket) -> None:
    names = [b"diffie-hellman-group1-sha1", b"ssh-dss", *[b"3des-cbc"] * 2, *[b"hmac-md5"] * 2]
    names += [b"none"] * 2 + [b""] * 2
    lists = b"".join(len(name).to_bytes(4, "big") + name for name in names)
    payload = bytes([20]) + bytes(16) + lists + bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 8
    packet = bytes([padding]) + payload + bytes(padding)
    connection.sendall(b"SSH-2.0-ancient\r\n" + len(packet).to_bytes(4, "big") + packet)
    while connection.recv(4096):
        pass


def test_missing_common_algorithm_is_reported_with_lists_of_both_sides(
    cli: Cli, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    line = reach(cli, listener(_ancient).port, "-o", "KexAlgorithms=curve25519-sha256")
    assert "no common key exchange algorithm" in line
    assert "curve25519-sha256" in line
    assert "diffie-hellman-group1-sha1" in line


@pytest.mark.parametrize(
    ("option", "part"),
    [
        ("Ciphers=aes256-ctr", "no common cipher algorithm"),
        ("MACs=hmac-sha2-512", "no common MAC algorithm"),
        ("HostKeyAlgorithms=ssh-ed448", "no common host key algorithm"),
    ],
)
def test_each_kind_of_algorithm_is_named(
    cli: Cli, sshd: Sshd, tmp_path_factory: pytest.TempPathFactory, option: str, part: str
) -> None:
    from conftest import start_sshd  # noqa: PLC0415 (a server of its own)

    restricted = ("Ciphers=aes128-ctr", "MACs=hmac-sha2-256")
    with start_sshd(tmp_path_factory.mktemp("sshd"), *restricted) as server:
        words = ["-o", option] if "MACs" not in option else ["-o", option, "-c", "aes128-ctr"]
        line = line_of(cli.run("ssh", *words, *server.login, server.host, "true"))
    assert part.removesuffix(" algorithm") in line
    assert option.partition("=")[2] in line
    assert "server " in line


# ------------------------------------------------------------- authentication


def test_refused_login_is_reported_with_each_key_and_answer(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        key = tmp_path / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)],
            check=True,
            timeout=30,
        )
    named = ["-i", str(tmp_path / "first"), "-i", str(tmp_path / "second")]
    line = line_of(cli.run("ssh", *sshd.trust, *named, sshd.host, "true"))
    first, second = (line.index(f"file {tmp_path / name}") for name in ("first", "second"))
    assert first < second
    assert line.count("rejected") >= 2
    assert line.count("SHA256:") >= 2
    assert "the server accepts publickey, password" in line


def test_key_that_cannot_be_read_is_reported_with_reason(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    key = tmp_path / "broken"
    key.write_text(
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    )
    key.chmod(0o600)
    line = line_of(cli.run("ssh", *sshd.trust, "-i", str(key), sshd.host, "true"))
    assert f"file {key}" in line
    assert "could not be used" in line
