from __future__ import annotations

import errno
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


def test_holes_are_between_the_ranges_of_data(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with path.open("wb") as file:
        file.seek(1_000_000)
        file.write(b"data")
        file.truncate(3_000_000)
    source = LocalFile(str(path))
    ranges = list(source.ranges())
    source.close()

    assert len(ranges) == 1
    begin, end = ranges[0]
    assert begin <= 1_000_000
    assert end is not None
    assert 1_000_004 <= end < 3_000_000


def test_file_system_that_does_not_know_holes_has_one_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    (tmp_path / "f").write_bytes(b"data")
    source = LocalFile(str(tmp_path / "f"))
    monkeypatch.setattr(os, "lseek", unsupported)

    assert list(source.ranges()) == [(0, None)]
    source.close()


@pytest.mark.row("R06")
@pytest.mark.parametrize("change", ["size", "time"])
def test_file_that_is_written_to_has_changed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"data")
    os.utime(path, (1, 1))
    source = LocalFile(str(path))
    assert source.is_unchanged()
    if change == "size":
        path.write_bytes(b"longer data")
        os.utime(path, (1, 1))
    else:
        os.utime(path, (1, 2))

    assert not source.is_unchanged()
    source.close()
