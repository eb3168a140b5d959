"""The local side of a sync: no step of it leaves the tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssh_sftp import Attributes, PathFilter, TreeEntry
from ssh_sftp.aio.client.local_tree import LocalTree
from ssh_sftp.client.selection import everything


def local(top: Path, depth: int = 64) -> LocalTree:
    return LocalTree(str(top), everything, depth)


def test_scan_finds_each_kind_with_its_size_time_and_mode(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o750)
    (tmp_path / "d" / "f").write_bytes(b"12345")
    (tmp_path / "d" / "f").chmod(0o640)
    os.utime(tmp_path / "d" / "f", (1, 7))
    (tmp_path / "link").symlink_to("d")
    os.mkfifo(tmp_path / "pipe")
    tree = local(tmp_path)
    tree.scan()

    assert tree.found.entries["d/f"] == TreeEntry("d/f", "file", 5, 7, 0o640)
    kinds = {path: entry.kind for path, entry in tree.found.entries.items()}
    assert kinds == {"d": "directory", "d/f": "file", "link": "link", "pipe": "other"}
    assert tree.failures == []


def test_scan_leaves_out_what_is_not_selected_and_what_is_too_deep(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "x").mkdir()
    tree = LocalTree(str(tmp_path), PathFilter(exclude=["x"]), 2)
    tree.scan()
    assert set(tree.found.entries) == {"a", "a/b"}
    assert tree.found.left_out == ["x"]
    (failure,) = tree.failures
    assert failure.path == str(tmp_path / "a" / "b")


def test_deletion_and_attributes_follow_no_link(tmp_path: Path) -> None:
    outside, top = tmp_path / "outside", tmp_path / "top"
    outside.mkdir()
    (outside / "file").write_bytes(b"precious")
    top.mkdir()
    (top / "link").symlink_to(outside)
    (top / "other").symlink_to(outside / "file")
    tree = local(top)

    assert tree.remove(["link/file"]) == []
    tree.set_attributes([("other", Attributes(permissions=0o600, atime=1, mtime=1))])
    tree.set_attributes([("link", Attributes(permissions=0o700, atime=1, mtime=1))])
    assert [failure.path for failure in tree.failures] == [
        str(top / "link" / "file"),
        str(top / "other"),
        str(top / "link"),
    ]
    assert (outside / "file").read_bytes() == b"precious"
    assert outside.stat().st_mtime != 1
    assert (outside / "file").stat().st_mtime != 1
    assert tree.remove(["link", "other"]) == ["link", "other"]
    assert (outside / "file").exists()


def test_failure_has_the_path_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "full" / "sub").mkdir(parents=True)
    (tmp_path / "file").touch()
    tree = local(tmp_path)
    assert tree.remove(["missing", "full", "file", "full/sub"]) == ["file", "full/sub"]
    assert [Path(failure.path).name for failure in tree.failures] == ["missing", "full"]
    with pytest.raises(FileNotFoundError):
        local(tmp_path / "none").scan()
