from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from ssh_stack import sync


@pytest.fixture
def sftp(served: Any) -> Generator[sync.SFTPClient]:
    with sync.connect(**served.options) as conn, conn.sftp() as sftp:
        yield sftp


@pytest.fixture
def tree(served: Any, request: pytest.FixtureRequest) -> str:
    """The path, at the server, of a folder with a file, an empty file and a folder."""
    name = str(request.node.name)
    folder: Path = served.root / name
    (folder / "below").mkdir(parents=True)
    (folder / "file").write_bytes(b"content")
    (folder / "empty").touch()
    (folder / "below" / "deep").write_bytes(b"deeper")
    return f"/{name}"


def test_tree_is_copied_both_ways(sftp: sync.SFTPClient, tmp_path: Path, served: Any) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    data = os.urandom(2_000_000)
    (source / "big").write_bytes(data)
    (source / "sub" / "small").write_bytes(b"small")
    told: list[str] = []

    def progress(_done: int, _total: int | None, path: str) -> None:
        told.append(path)

    sftp.put(source, "/there", recursive=True, progress=progress)
    sftp.get("/there", tmp_path / "back", recursive=True)

    assert (served.root / "there" / "big").read_bytes() == data
    assert (tmp_path / "back" / "big").read_bytes() == data
    assert (tmp_path / "back" / "sub" / "small").read_bytes() == b"small"
    assert told


def test_directory_is_listed_by_every_iterator(sftp: sync.SFTPClient, tree: str) -> None:
    names = {"file", "empty", "below"}

    assert {entry.name for entry in sftp.scandir(tree)} == names
    assert set(sftp.listdir(tree)) == names
    assert {path.name for path in sftp.path(tree).iterdir()} == names
    assert [path for path, _, _ in sftp.walk(tree)] == [tree, f"{tree}/below"]
    assert [str(path) for path in sftp.path(tree).glob("**/deep")] == [f"{tree}/below/deep"]


def test_listing_that_ends_early_leaves_session_usable(sftp: sync.SFTPClient, tree: str) -> None:
    for _ in sftp.scandir(tree):
        break
    assert sftp.exists(tree)


def test_file_is_read_by_lines_and_offsets(sftp: sync.SFTPClient, tree: str) -> None:
    with sftp.open(f"{tree}/file", "r+b") as file:
        assert isinstance(file, sync.RemoteFile)
        assert file.path == f"{tree}/file"
        assert b"".join(file) == b"content"
        assert file.seek(0) == 0
        assert file.write(b"CON") == 3
        assert file.tell() == 3
        assert file.read() == b"tent"
        assert file.read_at(3, 0) == b"CON"
    assert file.closed


def test_remote_path_has_interface_of_pathlib(sftp: sync.SFTPClient, tree: str) -> None:
    folder = sftp.path(tree)
    path = folder / "file"

    assert isinstance(path, sync.RemotePath)
    assert path == folder.joinpath("file")
    assert {path} == {folder / "file"}
    assert (path.name, path.parent, str(path)) == ("file", folder, f"{tree}/file")
    assert str(path.relative_to(folder)) == "file"
    assert path.read_text() == "content"
    moved = path.rename(folder / "moved")
    assert sftp.stat(moved).size == 7
    assert [moved.exists(), path.exists(), folder.is_dir()] == [True, False, True]


def test_missing_file_raises_file_not_found_error(sftp: sync.SFTPClient) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        sftp.open("/no/such")
    assert caught.value.filename == "/no/such"
