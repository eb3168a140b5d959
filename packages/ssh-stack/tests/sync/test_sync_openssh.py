"""The blocking API against the machine's own sshd."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from ssh_stack import sync


@pytest.fixture
def conn(sshd: Any) -> Generator[sync.Connection]:
    with sync.connect(
        "127.0.0.1",
        sshd.port,
        username=sshd.user,
        keys=[sshd.key],
        known_hosts=sshd.known_hosts,
        config=None,
        agent=None,
    ) as conn:
        yield conn


def test_run_drains_both_streams_of_openssh(conn: sync.Connection) -> None:
    completed = conn.run("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2")

    assert (len(completed.stdout), len(completed.stderr)) == (5_000_000, 5_000_000)
    assert completed.exit_status == 0


def test_lines_arrive_while_command_runs(conn: sync.Connection) -> None:
    with conn.start("while read line; do echo got $line; done") as process:
        lines = process.stdout.lines()
        for word in (b"one", b"two"):
            process.stdin.write(word + b"\n")
            assert next(lines) == b"got " + word + b"\n"
        process.stdin.write_eof()
        assert process.wait() == 0


def test_files_are_copied_both_ways(conn: sync.Connection, tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "local").write_bytes(data)
    with conn.sftp() as sftp:
        sftp.put(tmp_path / "local", tmp_path / "remote")
        sftp.get(tmp_path / "remote", tmp_path / "back")
        names = [entry.name for entry in sftp.scandir(tmp_path)]

    assert (tmp_path / "back").read_bytes() == data
    assert {"local", "remote", "back"} <= set(names)
