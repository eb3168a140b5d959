from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssh_sftp import SFTPTransferError
from ssh_sftp.aio.client.source import LocalFile, SourceFolder
from ssh_sftp.client.storage import FileKind


def test_local_file_is_read_with_its_attributes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    source = LocalFile(str(tmp_path / "f"))

    assert source.attributes.size == 5
    assert source.read(10, 1) == b"2345"
    source.close()
    source.close()


def test_local_file_that_is_a_link_or_a_fifo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("f")
    (tmp_path / "f").touch()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="l"):
        LocalFile(str(tmp_path / "l"))
    LocalFile(str(tmp_path / "l"), follow=True).close()
    with pytest.raises(SFTPTransferError):
        LocalFile(str(tmp_path / "fifo"))


def test_local_directory_lists_its_entries(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "f").touch()
    (tmp_path / "l").symlink_to("d")
    os.mkfifo(tmp_path / "fifo")
    folder = SourceFolder(str(tmp_path))
    kinds = {entry.name: entry.kind for entry in folder.entries()}

    assert kinds == {
        "d": FileKind.DIRECTORY,
        "f": FileKind.FILE,
        "l": FileKind.OTHER,
        "fifo": FileKind.OTHER,
    }
    assert folder.enter().permissions
    assert folder.directory("d").path == str(tmp_path / "d")
    folder.file("f")().close()
    folder.release()
