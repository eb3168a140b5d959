"""Test a program that uses SSH against a real server, in the test's own process.

    pytest examples/test_backup.py

`backup` is the program; the fixture `server` serves a folder and a shell on a free port of
loopback, with keys that exist for the test alone.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Unpack

import attrs
import pytest

from ssh_stack import (
    AuthorizedKeys,
    LocalShell,
    PrivateKey,
    Rooted,
    SFTPNoSuchFile,
    sync,
)
from ssh_stack.sync import ClientOptionsKw


def backup(
    host: str, port: int, source: str, target: Path, **options: Unpack[ClientOptionsKw]
) -> int:
    """Fetch a tree and return how many files it has."""
    with sync.connect(host, port, **options) as conn, conn.sftp() as sftp:
        return sftp.get(source, target, recursive=True).files


@attrs.frozen
class Served:
    """A server, and how to connect to it."""

    folder: Path
    options: ClientOptionsKw
    port: int


@pytest.fixture
def server(tmp_path: Path) -> Generator[Served]:
    folder = tmp_path / "served"
    folder.mkdir()
    host_key, user_key = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    with sync.serve(
        "127.0.0.1",
        0,
        host_keys=[host_key],
        auth=AuthorizedKeys([user_key.public_key]),
        session=LocalShell(),
        sftp=Rooted(folder),
    ) as serving:
        known = f"[127.0.0.1]:{serving.port} {host_key.public_key.to_openssh()}\n".encode()
        options = ClientOptionsKw(keys=user_key, known_hosts=known, config=None, agent=None)
        yield Served(folder, options, serving.port)


def test_backup_fetches_every_file(server: Served, tmp_path: Path) -> None:
    (server.folder / "data" / "deep").mkdir(parents=True)
    (server.folder / "data" / "one").write_text("1")
    (server.folder / "data" / "deep" / "two").write_text("2")

    count = backup("127.0.0.1", server.port, "/data", tmp_path / "backup", **server.options)

    assert count == 2
    assert (tmp_path / "backup" / "deep" / "two").read_text() == "2"


def test_backup_of_a_missing_folder_raises(server: Served, tmp_path: Path) -> None:
    with pytest.raises(SFTPNoSuchFile):
        backup("127.0.0.1", server.port, "/nothing", tmp_path / "backup", **server.options)
