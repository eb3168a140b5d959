"""`ssh-stack ssh -f`: questions first, then the background; the caller is told how it went."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd


def end_of(pid: int) -> None:
    """Wait until a process that is nobody's child here is gone."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        with closing(os.fdopen(descriptor, "rb", buffering=0)) as gone:
            import select  # noqa: PLC0415 (only here)

            assert select.select([gone], [], [], 60)[0]


def test_command_goes_on_in_background_and_its_output_arrives(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = f"echo begun; read line < {gate}; echo $line; wc -c"
    with cli.start("ssh", "-f", *sshd.login, sshd.host, command) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert process.wait(60) == 0  # the caller goes on while the command waits
        gate.write_text("released\n")
        assert process.stdout.read() == b"released\n0\n"  # and it has no input


def test_forwards_are_open_when_caller_goes_on(cli: Cli, sshd: Sshd, dead_port: int) -> None:
    pid_file = cli.home / "pid"
    words = ["-f", "-N", "-o", "ExitOnForwardFailure=yes"]
    words += ["-L", f"{dead_port}:127.0.0.1:{sshd.port}", *sshd.login, sshd.host]
    script = 'out=$("$@" -vE log) && echo "<$out>"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *cli.command("ssh", *words)],
        env=cli.environment(),
        cwd=cli.home,
        capture_output=True,
        check=False,
        timeout=60,
    )
    # the substitution ends although the program goes on: it has left the pipe
    assert (done.stdout, done.returncode) == (b"<>\n", 0), done
    with closing(socket.create_connection(("127.0.0.1", dead_port), 60)) as client:
        assert client.recv(8) == b"SSH-2.0-"
    assert not pid_file.exists()
    for pid in _users_of(cli.home / "log"):
        os.kill(pid, signal.SIGTERM)
        end_of(pid)


def _users_of(path: Path) -> list[int]:
    """Return the processes that have a file open."""
    found: list[int] = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == path:
                found.append(int(link.parts[2]))
    return found


def test_failures_before_background_are_status_of_caller(
    cli: Cli, sshd: Sshd, dead_port: int
) -> None:
    refused = cli.run("ssh", "-f", "-F", "none", "-p", str(dead_port), "me@127.0.0.1", "true")
    assert refused.returncode == 255
    assert b"Connection refused" in refused.stderr
    taken = ["-o", "ExitOnForwardFailure=yes", "-L", f"{sshd.port}:127.0.0.1:1"]
    forward = cli.run("ssh", "-f", "-N", *taken, *sshd.login, sshd.host)
    assert forward.returncode == 255
    assert forward.stderr.endswith(b"and ExitOnForwardFailure is set\n")


def test_background_without_command_is_refused(cli: Cli) -> None:
    done = cli.run("ssh", "-f", "-F", "none", "host")
    assert (done.returncode, done.stdout) == (255, b"")
    assert done.stderr == b"ssh-stack: -f needs a command to run in the background, or -N\n"


def test_passphrase_is_asked_for_before_background(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    with cli.terminal("ssh", "-f", *sshd.trust, sshd.host, "true") as terminal:
        terminal.expect("password: ")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert terminal.restored


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_to_waiting_caller_ends_both(cli: Cli, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        words = ["-f", "-N", "-F", "none", "-p", str(port), "me@127.0.0.1"]
        with cli.start("ssh", *words) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(4) == b"SSH-"
                process.send_signal(number)
                while connection.recv(4096):  # the child has closed its end
                    pass
            assert process.wait(60) == 128 + number
