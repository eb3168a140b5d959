"""Test a program that uses SSH against a real server, in the test's own process.

    pip install "ssh-stack[pytest]"
    pytest examples/test_backup.py

`backup` is the program; the fixture `sftp_server` serves a folder on a free port of loopback,
with keys that exist for the test alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import pytest

from ssh_stack import SFTPNoSuchFile, sync
from ssh_stack.sync import ClientOptionsKw
from ssh_stack.testing import SFTPServer


def backup(
    host: str, port: int, source: str, target: Path, **options: Unpack[ClientOptionsKw]
) -> int:
    """Fetch a tree and return how many files it has."""
    with sync.connect(host, port, **options) as conn, conn.sftp() as sftp:
        return sftp.get(source, target, recursive=True).files


def test_backup_fetches_every_file(sftp_server: SFTPServer, tmp_path: Path) -> None:
    (sftp_server.root / "data" / "deep").mkdir(parents=True)
    (sftp_server.root / "data" / "one").write_text("1")
    (sftp_server.root / "data" / "deep" / "two").write_text("2")

    count = backup(
        *(sftp_server.host, sftp_server.port, "/data", tmp_path / "backup"), **sftp_server.login
    )

    assert count == 2
    assert (tmp_path / "backup" / "deep" / "two").read_text() == "2"


def test_backup_of_a_missing_folder_raises(sftp_server: SFTPServer, tmp_path: Path) -> None:
    with pytest.raises(SFTPNoSuchFile):
        backup(
            *(sftp_server.host, sftp_server.port, "/nothing", tmp_path / "backup"),
            **sftp_server.login,
        )
