"""`ssh-stack ssh` against the machine's own sshd: streams, status, forwards, configuration."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd

MIB = 1024 * 1024


def test_command_has_streams_and_exit_status_of_remote_command(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", *sshd.login, sshd.host, "cat; echo err >&2; exit 7", input=b"\0in\xff\n")
    assert (done.stdout, done.stderr, done.returncode) == (b"\0in\xff\n", b"err\n", 7)


def test_command_words_are_joined_by_blanks(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", *sshd.login, sshd.host, "-T", "--", "echo", "'a   b'", "|", "cat")
    assert (done.stdout, done.returncode) == (b"a   b\n", 0)


def test_binary_data_passes_unchanged_on_all_streams(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    data = os.urandom(8 * MIB) + bytes(range(256)) * 1000
    file = tmp_path / "data"
    file.write_bytes(data)
    with file.open("rb") as source:
        done = cli.run("ssh", *sshd.login, sshd.host, "tee /dev/stderr", stdin=source)
    assert done.returncode == 0
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
    assert hashlib.sha256(done.stderr).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("kind", ["file", "pipe", "socket", "null", "closed"])
def test_standard_input_of_any_kind_is_read(
    cli: Cli, sshd: Sshd, tmp_path: Path, kind: str
) -> None:
    words = ["ssh", *sshd.login, sshd.host, "wc -c"]
    if kind == "closed":
        shell = subprocess.run(
            ["sh", "-c", '"$@" <&-', "sh", *cli.command(*words)],
            env=cli.environment(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (shell.stdout.strip(), shell.returncode) == (b"0", 0)
        return
    data = b"x" * 300_000
    (tmp_path / "in").write_bytes(data)
    left, right = socket.socketpair()
    with left, right, (tmp_path / "in").open("rb") as file, Path(os.devnull).open("rb") as null:
        sources = {"file": file.fileno(), "pipe": subprocess.PIPE, "socket": right.fileno()}
        source = sources.get(kind, null.fileno())
        with cli.start(*words, stdin=source) as process:
            if kind == "socket":
                left.sendall(data)
                left.shutdown(socket.SHUT_WR)
            out, _ = process.communicate(data if kind == "pipe" else None, timeout=60)
    assert (out.strip(), process.returncode) == (b"0" if kind == "null" else b"300000", 0)


def test_shared_descriptors_stay_in_blocking_mode(cli: Cli, sshd: Sshd) -> None:
    reading, writing = os.pipe()
    out_reading, out_writing = os.pipe()
    with cli.start("ssh", *sshd.login, sshd.host, "cat", stdin=reading, stdout=out_writing) as run:
        os.write(writing, b"ready")
        assert os.read(out_reading, 5) == b"ready"
        for descriptor in (reading, out_writing):
            assert not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK
        os.close(writing)
        assert run.wait(60) == 0
    for descriptor in (reading, out_reading, out_writing):
        os.close(descriptor)


def test_caller_that_writes_before_reading_does_not_deadlock(cli: Cli, sshd: Sshd) -> None:
    """The caller fills our input without reading our output: both directions must flow."""
    data = os.urandom(4 * MIB)
    with cli.start("ssh", *sshd.login, sshd.host, "cat; echo end") as process:
        out, _ = process.communicate(data, timeout=60)
    assert out == data + b"end\n"


def test_output_without_reader_ends_command(cli: Cli, sshd: Sshd) -> None:
    with cli.start("ssh", *sshd.login, sshd.host, "yes; echo over >&2") as process:
        assert process.stdout is not None
        assert process.stdout.read(2) == b"y\n"
        process.stdout.close()
        assert process.wait(60) == 255


def test_signal_ends_command_with_status_of_signal(cli: Cli, sshd: Sshd) -> None:
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with cli.start("ssh", *sshd.login, sshd.host, "echo ready; exec cat") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            assert (process.returncode, err) == (status, b"")


def test_exit_signal_of_remote_command_is_reported_with_status_255(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", *sshd.login, sshd.host, "kill -KILL $$")
    assert done.returncode == 255
    assert done.stderr == b"ssh-stack: the remote command was ended by signal KILL\n"
    assert cli.run("ssh", "-q", *sshd.login, sshd.host, "kill -KILL $$").stderr == b""


def test_option_n_gives_command_no_input(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-n", *sshd.login, sshd.host, "cat", input=b"unread")
    assert (done.stdout, done.returncode) == (b"", 0)


def test_terminal_is_requested_without_local_one_only_when_forced(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-t", *sshd.login, sshd.host, "tty")
    assert b"not a tty" in done.stdout
    assert b"stdin is not a terminal" in done.stderr
    forced = cli.run("ssh", "-tt", *sshd.login, sshd.host, "tty; echo $TERM")
    assert forced.stdout.startswith(b"/dev/pts/")
    assert forced.stdout.endswith(b"\nxterm\r\n")


def test_send_env_and_set_env_reach_command(cli: Cli, sshd: Sshd) -> None:
    options = ["-o", "SendEnv=SSH_STACK_A", "-o", "SetEnv=SSH_STACK_B=b"]
    done = cli.run(
        "ssh",
        *sshd.login,
        *options,
        sshd.host,
        "echo $SSH_STACK_A$SSH_STACK_B$SSH_STACK_C",
        env={"SSH_STACK_A": "a", "SSH_STACK_C": "c"},
    )
    assert done.stdout == b"ab\n"


def test_unsupported_keyword_is_printed_once(cli: Cli, sshd: Sshd) -> None:
    options = ["-o", "Tunnel=yes", "-o", "ForwardX11=no"]
    done = cli.run("ssh", *sshd.login, *options, sshd.host, "true")
    assert done.returncode == 0
    assert done.stderr.startswith(b"ssh-stack: not supported yet, ignored: Tunnel")
    assert done.stderr.count(b"\n") == 1
    assert cli.run("ssh", "-q", *sshd.login, *options, sshd.host, "true").stderr == b""


def test_verbose_option_prints_negotiated_algorithms(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-v", *sshd.login, sshd.host, "true")
    for word in (b"key exchange", b"host key is ssh-ed25519 SHA256:", b"publickey", b"accepted"):
        assert word in done.stderr


def test_configuration_file_decides_host_user_and_key(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"Host alias\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.key}\n  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    assert cli.run("ssh", "-F", str(config), "alias", "exit 5").returncode == 5
    printed = cli.run("ssh", "-F", str(config), "-G", "alias").stdout.decode()
    assert f"user {sshd.user}\nhostname 127.0.0.1\nport {sshd.port}\n" in printed


def test_jump_hosts_are_passed_in_order(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"Host 127.0.0.1\n  IdentityFile {sshd.key}\n  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    hop = f"{sshd.host}:{sshd.port}"
    words = ["-F", str(config), "-p", str(sshd.port), "-J", f"{hop},{hop}", sshd.host]
    done = cli.run("ssh", *words, "echo $SSH_CONNECTION")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"127.0.0.1 ")


def test_local_and_remote_forward_carry_data_both_ways(
    cli: Cli, sshd: Sshd, dead_port: int
) -> None:
    """What is sent to -L arrives at sshd; what is sent to -R comes back to it."""
    local = f"{dead_port}:127.0.0.1:{sshd.port}"
    remote = f"127.0.0.1:0:127.0.0.1:{sshd.port}"
    words = ["-N", "-L", local, "-R", remote, *sshd.login, sshd.host]
    with cli.start("ssh", *words) as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        assert line.startswith("Allocated port "), line
        for port in (dead_port, int(line.split()[2])):
            with closing(socket.create_connection(("127.0.0.1", port), 60)) as client:
                assert client.recv(8) == b"SSH-2.0-"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143


def test_failed_forward_is_reported_and_ends_command_without_session(cli: Cli, sshd: Sshd) -> None:
    taken = ["-L", f"127.0.0.1:{sshd.port}:127.0.0.1:1"]
    done = cli.run("ssh", *taken, *sshd.login, sshd.host, "echo still")
    assert (done.stdout, done.returncode) == (b"still\n", 0)
    assert b"Address already in use" in done.stderr
    alone = cli.run("ssh", "-N", *taken, *sshd.login, sshd.host)
    assert alone.returncode == 255
    assert alone.stderr.endswith(b"none of the forwards could be opened\n")


def test_program_lists_its_commands_and_versions(cli: Cli) -> None:
    done = cli.run("--help")
    assert done.returncode == 0
    for name in (b"ssh", b"cp", b"serve", b"demo", b"dissect"):
        assert b"\n  " + name in done.stdout
    assert cli.run("nothing").returncode == 2
    assert cli.run("ssh", "-V").stderr.startswith(b"ssh-stack 0.")
    assert cli.run("ssh", "--help").stdout.startswith(b"usage: ssh-stack ssh")
