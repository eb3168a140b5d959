from __future__ import annotations

import errno
import gc
import os
import resource
from pathlib import Path

import pytest

from ssh_sftp import Attributes, SFTPOptions, SFTPUnsafeName
from ssh_sftp.aio.client.sink import DownloadTarget, LocalFolder


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


def ignore(_size: int, _error: Exception | None) -> None: ...


def download_target(
    *, preserve: bool = False, atomic: bool = True, fsync: bool = False
) -> DownloadTarget:
    return DownloadTarget(SFTPOptions(atomic=atomic, fsync=fsync), preserve=preserve)


def folder(path: Path, made: DownloadTarget | None = None) -> LocalFolder:
    found = LocalFolder(made or download_target(), str(path))
    found.enter()
    return found


@pytest.mark.row("R05")
def test_file_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"before")
    top = folder(tmp_path)
    sink = top.file("f", Attributes())
    ended: list[Exception | None] = []
    sink.write(memoryview(b"after"), 0, ignore)
    present = names(tmp_path)
    assert (tmp_path / "f").read_bytes() == b"before"
    sink.finish(ended.append)

    assert present[0] == "f"
    assert present[1].startswith("f.part-")
    assert ended == [None]
    assert names(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"after"


@pytest.mark.row("R05")
def test_discard_removes_the_partial_file(tmp_path: Path) -> None:
    top = folder(tmp_path)
    sink = top.file("f", Attributes())
    sink.write(memoryview(b"x"), 0, ignore)
    sink.discard()
    sink.discard()

    assert names(tmp_path) == []


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["", "..", "a/b", "a\0b"])
def test_names_that_are_not_plain_are_refused_locally(tmp_path: Path, name: str) -> None:
    top = folder(tmp_path)
    with pytest.raises(SFTPUnsafeName):
        top.file(name, Attributes())
    with pytest.raises(SFTPUnsafeName):
        top.directory(name, Attributes())


@pytest.mark.row("R07")
def test_error_of_a_full_disk_has_the_path(tmp_path: Path) -> None:
    top = folder(tmp_path)
    sink = top.file("f", Attributes())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="f") as caught:
            sink.write(memoryview(bytes(100)), 20, ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sink.discard()

    assert caught.value.filename == str(tmp_path / "f")
    assert names(tmp_path) == []


def test_descriptors_are_closed(tmp_path: Path) -> None:
    gc.collect()
    before = len(names("/proc/self/fd"))
    made = download_target(preserve=True)
    top = folder(tmp_path / "t", made)
    below = top.directory("d", Attributes(permissions=0o40500, atime=1, mtime=2))
    below.enter()
    below.file("f", Attributes(permissions=0o100400, atime=3, mtime=4)).finish(lambda _: None)
    below.release()
    top.release()

    assert len(names("/proc/self/fd")) == before
    assert (tmp_path / "t" / "d").stat().st_mtime == 2
    assert (tmp_path / "t" / "d" / "f").stat().st_mode & 0o777 == 0o400
    top = folder(tmp_path / "t", made)
    made.close()
    assert len(names("/proc/self/fd")) == before


def test_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "f").chmod(0o600)
    folder(tmp_path).file("f", Attributes(permissions=0o100644)).finish(lambda _: None)

    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


def test_file_in_place_with_fsync_is_written(tmp_path: Path) -> None:
    top = folder(tmp_path, download_target(atomic=False, fsync=True))
    sink = top.file("f", Attributes())
    sink.write(memoryview(b"x"), 0, ignore)
    assert names(tmp_path) == ["f"]
    sink.finish(lambda _: None)

    assert (tmp_path / "f").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["x" * 256, "中" * 100])
def test_name_too_long_for_this_file_system_makes_nothing(tmp_path: Path, name: str) -> None:
    top = folder(tmp_path)
    for make in (top.file, top.directory):
        with pytest.raises(OSError, match="too long") as caught:
            make(name, Attributes())
        assert caught.value.filename == str(tmp_path / name)


@pytest.mark.parametrize("call", ["fchmod", "utime"])
def test_attributes_that_are_refused_here_leave_the_file_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    told: list[tuple[str, str, Exception]] = []

    def note(path: str, what: str, cause: Exception) -> None:
        told.append((path, what, cause))

    made = DownloadTarget(SFTPOptions(), preserve=True, refused=note)
    found = Attributes(permissions=0o100600, atime=1, mtime=2)
    top = LocalFolder(made, str(tmp_path / "t"), found)
    top.enter()
    sink = top.file("f", found)
    ended: list[Exception | None] = []
    sink.write(memoryview(b"x"), 0, ignore)
    monkeypatch.setattr(os, call, refused)
    sink.finish(ended.append)
    top.release()

    assert ended == [None]
    assert (tmp_path / "t" / "f").read_bytes() == b"x"
    assert [(path, what) for path, what, _ in told] == [
        (str(tmp_path / "t" / "f"), "permissions and times"),
        (str(tmp_path / "t"), "permissions and times"),
    ]


@pytest.mark.parametrize(("code", "kept"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_fsync_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kept: bool
) -> None:
    """A file system that has no fsync is one thing, a disk that dies another."""

    def failing(_: int) -> None:
        raise OSError(code, os.strerror(code))

    told: list[str] = []

    def note(_path: str, what: str, _cause: Exception) -> None:
        told.append(what)

    made = DownloadTarget(SFTPOptions(fsync=True), preserve=False, refused=note)
    sink = folder(tmp_path, made).file("f", Attributes())
    sink.write(memoryview(b"x"), 0, ignore)
    monkeypatch.setattr(os, "fsync", failing)
    if kept:
        sink.finish(lambda _: None)
        assert names(tmp_path) == ["f"]
    else:
        with pytest.raises(OSError, match="f"):
            sink.finish(lambda _: None)
        sink.discard()
        assert names(tmp_path) == []
    assert told == (["fsync"] if kept else [])


@pytest.mark.parametrize("permissions", [None, 0])
def test_mode_that_the_server_does_not_report_is_the_default(
    tmp_path: Path, permissions: int | None
) -> None:
    sink = folder(tmp_path).file("f", Attributes(permissions=permissions))
    sink.finish(lambda _: None)

    assert (tmp_path / "f").stat().st_mode & 0o400
