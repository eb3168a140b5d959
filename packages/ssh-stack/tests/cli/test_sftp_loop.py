"""`ssh-stack sftp` from its connection to its exit status."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli, Sshd

SERVER = f"{shlex.quote(sys.executable)} -m ssh_sftp.server"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    (folder / "tree" / "below").mkdir(parents=True)
    (folder / "file").write_bytes(b"hello")
    (folder / "tree" / "below" / "one").write_bytes(b"1")
    return folder


def test_batch_over_a_connection_transfers_both_ways(
    cli: Cli, sshd: Sshd, place: Path, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    batch = f"cd {place}\nget file {into}/got\nput {into}/got back\nget -r tree {into}\n@pwd\n"
    done = cli.run("sftp", *sshd.login, "-b", "-", sshd.host, input=batch.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == f"sftp> cd {place}"
    assert lines[-1] == f"Remote working directory: {place}"
    assert (into / "got").read_bytes() == (place / "back").read_bytes() == b"hello"
    assert (into / "tree" / "below" / "one").read_bytes() == b"1"


def test_batch_ends_at_the_first_failure_that_is_not_forgiven(cli: Cli, place: Path) -> None:
    batch = place / "batch"
    batch.write_text(f"cd {place}\n-rm none\nrm nothing\nrm file\n")
    done = cli.run("sftp", "-b", str(batch), "-D", SERVER)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        f"remote delete {place}/{name}: No such file or directory" for name in ("none", "nothing")
    ]
    assert (place / "file").exists()


def test_lines_of_a_pipe_go_on_after_a_failure(cli: Cli, place: Path) -> None:
    done = cli.run("sftp", "-D", SERVER, input=f"cd {place}\nrm none\nrm file\nbye\nx".encode())
    assert done.returncode == 0
    assert not (place / "file").exists()
    assert b"sftp> rm none\nRemoving " in done.stdout
    assert b"Attached to" in done.stderr


@pytest.mark.parametrize("batch", [None, "missing"])
def test_batch_file_that_cannot_be_read_is_one_line(
    cli: Cli, tmp_path: Path, batch: str | None
) -> None:
    path = str(tmp_path if batch is None else tmp_path / batch)
    done = cli.run("sftp", "-b", path, "-D", SERVER)
    assert done.returncode == 255
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(b"ssh-stack: ")


def test_file_named_with_the_host_is_fetched(
    cli: Cli, sshd: Sshd, place: Path, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    done = cli.run("sftp", *sshd.login, f"{sshd.host}:{place}/file", str(got))
    assert (done.returncode, got.read_bytes()) == (0, b"hello")
    assert done.stdout.decode() == f"Fetching {place}/file to {got}\n"
    done = cli.run("sftp", *sshd.login, f"{sshd.host}:{place}/none", str(got))
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == f'File "{place}/none" not found.'


def test_directory_named_with_the_host_is_where_it_begins(
    cli: Cli, sshd: Sshd, place: Path
) -> None:
    words = [*sshd.login, f"{sshd.host}:{place}"]
    done = cli.run("sftp", *words, input=b"@pwd\n")
    assert done.stdout.decode().splitlines() == [
        f"Changing to: {place}",
        f"Remote working directory: {place}",
    ]


def test_transfer_that_was_interrupted_is_continued(cli: Cli, place: Path, tmp_path: Path) -> None:
    (tmp_path / "down").write_bytes(b"he")
    (tmp_path / "up").write_bytes(b"hello you")
    batch = f"cd {place}\nreget file {tmp_path}/down\nreput {tmp_path}/up file\n"
    done = cli.run("sftp", "-b", "-", "-D", SERVER, input=batch.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "down").read_bytes() == b"hello"
    assert (place / "file").read_bytes() == b"hello you"


@pytest.mark.parametrize("command", ["reget file {0}/long", "reput {0}/short file", "get -a tree"])
def test_transfer_that_cannot_be_continued_changes_nothing(
    cli: Cli, place: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "long").write_bytes(b"longer than it")
    (tmp_path / "short").write_bytes(b"hey")
    batch = f"cd {place}\nlcd {tmp_path}\n{command.format(tmp_path)}\n"
    done = cli.run("sftp", "-r", "-b", "-", "-D", SERVER, input=batch.encode())
    assert done.returncode == 1
    assert (tmp_path / "long").read_bytes() == b"longer than it"
    assert (place / "file").read_bytes() == b"hello"
    assert not (tmp_path / "tree").exists()


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not on this machine")
def test_program_in_the_place_of_ssh_carries_the_session(
    cli: Cli, sshd: Sshd, place: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nexec ssh "$@"\n')
    program.chmod(0o755)
    words = ["-S", str(program), *sshd.login, "-b", "-", sshd.host]
    done = cli.run("sftp", *words, input=f"ls {place}/file\n".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    words = (tmp_path / "words").read_text().split()
    assert words[:4] == ["-oForwardX11", "no", "-oPermitLocalCommand", "no"]
    assert words[-6:] == ["-l", sshd.user, "-s", "--", "127.0.0.1", "sftp"]


def test_command_in_the_place_of_the_subsystem_is_run(cli: Cli, sshd: Sshd, place: Path) -> None:
    words = ["-s", "/usr/lib/openssh/sftp-server", *sshd.login, "-b", "-", sshd.host]
    done = cli.run("sftp", *words, input=f"ls -1 {place}\n".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[1:] == [f"{place}/file", f"{place}/tree"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-A", "host"], "option -A: forwarding of the agent is not supported yet"),
        (["-D", ""], "option -D wants the command of an SFTP server"),
        (["-S", "/nonexistent/ssh", "host"], "/nonexistent/ssh: No such file or directory"),
        (["-o", "Nonsense=1", "-F", "none", "host"], "Nonsense"),
    ],
)
def test_wrong_command_line_is_one_line(cli: Cli, words: list[str], problem: str) -> None:
    done = cli.run("sftp", *words)
    assert done.returncode in {1, 255}
    assert problem in done.stderr.decode().splitlines()[0]


def test_lost_connection_ends_with_status_255(cli: Cli, sshd: Sshd) -> None:
    with cli.start("sftp", *sshd.login, "-b", "-", sshd.host) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"pwd\n@pwd\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.readline()
        sshd.kill_sessions()
        process.stdin.write(b"ls\n")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 255
    assert errors.startswith(b"ssh-stack: ")


def test_user_at_terminal_edits_completes_and_interrupts(
    cli: Cli, sshd: Sshd, place: Path
) -> None:
    with cli.terminal("sftp", *sshd.login, f"{sshd.host}:{place}") as terminal:
        terminal.expect("Connected to 127.0.0.1")
        terminal.expect("sftp> ")
        terminal.type("ls -1\n")
        terminal.expect("file\r?\n")
        terminal.expect("tree\r?\n")
        terminal.expect("sftp> ")
        terminal.type("rm fi\t\n")
        terminal.expect(f"Removing {place}/file")
        terminal.expect("sftp> ")
        terminal.type("wrong")
        terminal.expect("wrong")
        terminal.type("\x03\n")  # before readline waits, Python sees Ctrl-C with the next key only
        terminal.expect("sftp> ")
        terminal.type("frob\n")
        terminal.expect("Invalid command")
        terminal.expect("sftp> ")
        terminal.type("\x04")
        assert terminal.wait() == 0
        assert terminal.restored
    assert not (place / "file").exists()


@pytest.mark.parametrize("how", ["Ctrl-C", "TERM"])
def test_transfer_is_interrupted(
    cli: Cli, sshd: Sshd, place: Path, tmp_path: Path, how: str
) -> None:
    with (place / "huge").open("wb") as file:
        file.truncate(1 << 38)
    got = tmp_path / "got"
    with cli.terminal("sftp", *sshd.login, f"{sshd.host}:{place}") as terminal:
        terminal.expect("sftp> ")
        terminal.type(f"get huge {got}\n")
        terminal.expect("Fetching")
        end = time.monotonic() + 60
        while not (got.exists() and got.stat().st_size):
            assert time.monotonic() < end
        if how == "TERM":
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.wait() == 128 + signal.SIGTERM
        else:
            terminal.type("\x03")
            terminal.expect("Interrupt")
            terminal.expect("sftp> ")
            terminal.type("bye\n")
            assert terminal.wait() == 0
        assert terminal.restored
