"""`ssh-stack keyscan` against the machine's own sshd, beside ssh-keyscan."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_keys import KnownHosts, PublicKey, load_public_key
from ssh_stack.cli.keyscan.hosts import Host, hosts_of, without_comment
from ssh_stack.cli.keyscan.options import KINDS, parse_options
from ssh_wire import UsageError

if TYPE_CHECKING:
    import socket

    from conftest import Cli, Listener, Sshd

needs_keyscan = pytest.mark.skipif(
    shutil.which("ssh-keyscan") is None, reason="ssh-keyscan is not on this machine"
)


def lines(output: bytes) -> list[str]:
    """Return all but the comments; ssh-keyscan prints it as the answers come."""
    return sorted(each for each in output.decode().splitlines() if each[:1] not in {"#", ";"})


@needs_keyscan
@pytest.mark.parametrize(
    "letters",
    [[], ["-D"], ["-t", "ed25519"], ["-t", "rsa,ecdsa"], ["-4"], ["-T", "1m"], ["-c"]],
    ids=" ".join,
)
def test_lines_are_those_of_ssh_keyscan(cli: Cli, sshd: Sshd, letters: list[str]) -> None:
    words = ["-p", str(sshd.port), *letters, "127.0.0.1"]
    theirs = subprocess.run(["ssh-keyscan", *words], capture_output=True, timeout=60, check=False)
    ours = cli.run("keyscan", *words)
    assert lines(ours.stdout) == lines(theirs.stdout)
    assert ours.returncode == (0 if lines(ours.stdout) else 1)


@needs_keyscan
def test_file_with_addresses_and_names_is_read_as_ssh_keyscan_does(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# a comment\n\n127.0.0.1 Web1,web2\n127.0.0.1,localhost # here\n")
    words = ["-p", str(sshd.port), "-f", str(hosts)]
    theirs = subprocess.run(["ssh-keyscan", *words], capture_output=True, timeout=60, check=False)
    ours = cli.run("keyscan", *words)
    assert lines(ours.stdout) == lines(theirs.stdout)
    piped = cli.run("keyscan", "-p", str(sshd.port), "-f", "-", input=hosts.read_bytes())
    assert piped.stdout == ours.stdout


def test_hashed_line_is_known_to_known_hosts(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("keyscan", "-H", "-q", "-p", str(sshd.port), "-t", "ed25519", "127.0.0.1")
    assert done.stdout.startswith(b"|1|")
    known = KnownHosts.parse(done.stdout)
    key = load_public_key(sshd.known_hosts.read_text().split(" ", 1)[1])
    assert isinstance(key, PublicKey)
    assert known.check(key, "127.0.0.1", sshd.port).name == "TRUSTED"


def test_json_is_a_list_of_objects(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("keyscan", "--json", "-p", str(sshd.port), "127.0.0.1")
    found = {each["type"]: each for each in json.loads(done.stdout)}
    assert set(found) == set(KINDS)
    assert found["ed25519"]["fingerprint"].startswith("SHA256:")
    assert found["ed25519"]["identification"].startswith("SSH-2.0-OpenSSH")
    assert found["rsa"]["key"] is None
    assert found["rsa"]["error"] is None


def test_comment_has_the_identification_escaped(
    cli: Cli, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-evil\x1b[2J\r\n")

    port = listener(serve).port
    done = cli.run("keyscan", "-p", str(port), "-t", "rsa", "127.0.0.1")
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-p", "{0}", "127.0.0.1"], "127.0.0.1 port {0}: Connection refused"),
        (["host.invalid"], "host.invalid port 22: "),
        (["127.0.0.1/99"], "'127.0.0.1/99' is not a range of addresses"),
        (["-f", "/nonexistent/hosts"], "/nonexistent/hosts: No such file or directory"),
    ],
)
def test_host_that_cannot_be_scanned_is_one_line(
    cli: Cli, dead_port: int, words: list[str], reason: str
) -> None:
    done = cli.run("keyscan", *[each.format(dead_port) for each in words])
    assert done.returncode in {1, 255}
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"ssh-stack: {reason.format(dead_port)}")


def test_silent_server_is_given_up_after_the_timeout(
    cli: Cli, listener: Callable[[Callable[[socket.socket], None]], Listener]
) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(1000):
            pass

    port = listener(serve).port
    done = cli.run("keyscan", "-T", "1", "-t", "rsa", "-p", str(port), "127.0.0.1")
    assert done.returncode == 1
    assert b"no answer within 1 seconds" in done.stderr


@pytest.mark.parametrize(
    ("word", "hosts"),
    [
        ("web1", [Host(("web1",), "web1")]),
        ("192.0.2.1,192.0.2.2 web1,web2", [Host(("192.0.2.1", "192.0.2.2"), "web1,web2")]),
        ("192.0.2.0/31", [Host(("192.0.2.0",), "192.0.2.0"), Host(("192.0.2.1",), "192.0.2.1")]),
        ("2001:db8::4/127", [Host((f"2001:db8::{n}",), f"2001:db8::{n}") for n in (4, 5)]),
        ("", []),
    ],
)
def test_word_names_hosts(word: str, hosts: list[Host]) -> None:
    assert list(hosts_of(word)) == hosts


def test_range_of_any_size_is_not_made_at_once() -> None:
    assert next(hosts_of("2001:db8::/32")).names == "2001:db8::"


def test_comment_of_a_line_is_left_out() -> None:
    assert without_comment(" web1 # mine\n") == "web1"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-t", "dsa", "x"],
        ["-t", "", "x"],
        ["-p", "0", "x"],
        ["-T", "0", "x"],
        ["-T", "1y", "x"],
        ["-O", "hashalg=md5", "x"],
        ["-O", "what", "x"],
        ["-Z", "x"],
    ],
)
def test_wrong_command_line_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_options(words)


def test_time_may_have_units() -> None:
    assert parse_options(["-T", "1m30", "x"]).timeout == 90


def test_kinds_have_short_names_and_full_ones() -> None:
    assert parse_options(["-t", "ED25519,rsa", "x"]).kinds == ("rsa", "ed25519")
    full = "ssh-ed25519,ecdsa-sha2-nistp384,ssh-rsa,sk-ssh-ed25519@openssh.com"
    expected = ("rsa", "ecdsa", "ed25519", "ed25519-sk")
    assert parse_options(["-t", full, "x"]).kinds == expected


def test_missing_host_prints_the_usage(cli: Cli) -> None:
    done = cli.run("keyscan")
    assert done.returncode == 1
    assert b"usage: ssh-stack keyscan [-46cDHqv]" in done.stderr
