from __future__ import annotations

import os
import pwd
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, OpenFlags
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, UnconfinedFiles
from ssh_sftp.messages import Request

OK, DENIED = 0, 3
READ = OpenFlags.READ.value
CREATE = (OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE).value

WAYS_OUT = [
    "../secret",
    "/../secret",
    "a/../../secret",
    "a/b/../../../secret",
    "out/secret",
    "absolute/secret",
    "link",
    "chain",
    "a/up/secret",
    "./.././../secret",
]


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


@pytest.fixture
def outside(root: Path) -> Path:
    """A directory beside the root, and links into it."""
    outside = root.parent
    (outside / "secret").write_bytes(b"secret")
    (outside / "secret").chmod(0o600)
    (root / "a" / "b").mkdir(parents=True)
    (root / "out").symlink_to("..")
    (root / "absolute").symlink_to(outside)
    (root / "link").symlink_to("../secret")
    (root / "chain").symlink_to("link")
    (root / "a" / "up").symlink_to("../..")
    return outside


def on_path(path: str) -> list[Request]:
    return [
        m.Open(id=1, path=path, flags=READ),
        m.Open(id=1, path=path, flags=CREATE),
        m.OpenDir(id=1, path=path),
        m.Stat(id=1, path=path),
        m.SetStat(id=1, path=path, attributes=Attributes(permissions=0o777)),
        m.SetStat(id=1, path=path, attributes=Attributes(size=0)),
        m.SetStat(id=1, path=path, attributes=Attributes(atime=0, mtime=0)),
        m.LSetStat(id=1, path=path, attributes=Attributes(permissions=0o777)),
        m.StatVFS(id=1, path=path),
        m.MkDir(id=1, path=path + "/new"),
        m.RmDir(id=1, path=path),
        m.Rename(id=1, old=path, new="stolen"),
        m.PosixRename(id=1, old=path, new="stolen2"),
        m.PosixRename(id=1, old="mine", new=path),
        m.HardLink(id=1, old=path, new="hard"),
        m.HardLink(id=1, old="mine", new=path),
        m.SymLink(id=1, target="x", link=path),
        m.ReadLink(id=1, path=path),
        m.RealPath(id=1, path=path),
        m.ExpandPath(id=1, path="~root/" + path),
        m.Remove(id=1, path=path),
    ]


@pytest.mark.row("F06")
@pytest.mark.parametrize("path", WAYS_OUT)
def test_paths_outside_the_root_are_not_read_or_changed(
    exchange: Any, root: Path, outside: Path, path: str
) -> None:
    (root / "mine").write_bytes(b"mine")
    before = (outside / "secret").stat()
    present = names(outside)
    for request in on_path(path):
        reply = exchange.ask(request)
        if isinstance(reply, m.Handle) and isinstance(request, m.Open):
            code = exchange.ask(m.Read(id=2, handle=reply.handle, offset=0, length=10))
            assert not isinstance(code, m.Data)
            exchange.code(m.Close(id=3, handle=reply.handle))
        if isinstance(reply, m.Name):
            assert not reply.entries[0].filename.startswith(str(outside))

    after = (outside / "secret").stat()
    assert (outside / "secret").read_bytes() == b"secret"
    assert (after.st_mode, after.st_mtime, after.st_nlink) == (
        before.st_mode,
        before.st_mtime,
        before.st_nlink,
    )
    assert names(outside) == present


@pytest.mark.row("F06")
@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../x", "a/../../x"])
def test_links_that_lead_out_are_not_made(exchange: Any, root: Path, target: str) -> None:
    assert exchange.code(m.SymLink(id=1, target=target, link="l")) == DENIED
    assert not (root / "l").is_symlink()


@pytest.mark.row("F06")
@pytest.mark.parametrize("link", ["absolute", "out", "link"])
def test_links_that_lead_out_are_not_readable(exchange: Any, outside: Path, link: str) -> None:
    assert outside.exists()
    assert exchange.code(m.ReadLink(id=1, path=link)) == DENIED


@pytest.mark.row("F06")
@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "/".join(["x"] * 3000)])
def test_impossible_names_are_refused(exchange: Any, path: str) -> None:
    for request in on_path(path):
        exchange.ask(request)
    assert exchange.code(m.Stat(id=1, path=path)) in {2, 4, 5}


@pytest.mark.row("F06")
def test_windows_names_are_only_names(exchange: Any, root: Path) -> None:
    for name in ("C:\\x", "\\\\?\\C:", "NUL", "a:b", "..\\secret"):
        handle = exchange.handle(m.Open(id=1, path=name, flags=CREATE))
        exchange.code(m.Close(id=2, handle=handle))

    assert len(names(root)) == 5


@pytest.mark.row("F06")
def test_link_that_is_swapped_during_a_request_does_not_lead_out(
    root: Path, outside: Path
) -> None:
    files = Rooted(root)
    (root / "d").mkdir()
    (root / "d" / "secret").write_bytes(b"inside")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            (root / "d").rename(root / "real")
            (root / "d").symlink_to(outside)
            (root / "d").unlink()
            (root / "real").rename(root / "d")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(2000):
            try:
                found = files.open("/d/secret", OpenFlags.READ, Attributes())
            except OSError:
                continue
            inside = found.read(10, 0)
            found.close()
            assert inside == b"inside"
    finally:
        over.set()
        thread.join()


@pytest.mark.row("F06")
@settings(deadline=None, max_examples=200)
@given(parts=st.lists(st.sampled_from(["..", ".", "", "a", "b", "out", "up", "link", "absolute"])))
def test_every_path_is_found_inside(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    top = tmp_path_factory.mktemp("top")
    root = top / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "out").symlink_to("..")
    (root / "absolute").symlink_to("/")
    (root / "a" / "up").symlink_to("..")
    inside = {path.stat(follow_symlinks=False).st_ino for path in [root, *root.rglob("*")]}
    files = Rooted(root)
    try:
        with files.find("/".join(parts), follow=True) as place:
            found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
    except OSError:
        return
    finally:
        files.close()
    assert found.st_ino in inside


def test_links_inside_are_followed(exchange: Any, root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "f").write_bytes(b"f")
    (root / "a" / "b" / "back").symlink_to("../f")
    (root / "dir").symlink_to("a/b")

    def real(path: str) -> str:
        reply = exchange.ask(m.RealPath(id=1, path=path))
        assert isinstance(reply, m.Name)
        return reply.entries[0].filename

    assert real("dir/back") == "/a/f"
    assert real("dir/../f") == "/a/f"
    assert real("") == "/"
    assert real("/../../x") == "/x"
    assert exchange.ask(m.Stat(id=1, path="dir/back")).attributes.size == 1
    assert exchange.ask(m.LStat(id=1, path="dir/back")).attributes.is_symlink
    assert exchange.code(m.Stat(id=1, path="missing/x")) == 2


def test_loops_of_links_end(exchange: Any, root: Path) -> None:
    (root / "l").symlink_to("l")

    assert exchange.code(m.Stat(id=1, path="l")) == 2
    assert exchange.code(m.Stat(id=1, path="l/x")) == 2


def test_fifo_is_refused_without_blocking_the_server(exchange: Any, root: Path) -> None:
    os.mkfifo(root / "fifo")

    assert isinstance(exchange.ask(m.Open(id=1, path="fifo", flags=READ)), m.Status)


@pytest.mark.row("F12")
def test_set_user_id_is_not_set_below_a_root(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(b"")
    exchange.code(m.SetStat(id=1, path="f", attributes=Attributes(permissions=0o6755)))

    assert stat.S_IMODE((root / "f").stat().st_mode) == 0o755


def test_attributes_are_set_through_links_or_not(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(b"12345")
    (root / "l").symlink_to("f")
    change = Attributes(size=2, permissions=0o604, atime=10, mtime=20)
    assert exchange.code(m.SetStat(id=1, path="l", attributes=change)) == OK
    times = Attributes(atime=30, mtime=40)
    assert exchange.code(m.LSetStat(id=1, path="l", attributes=times)) == OK

    found = (root / "f").stat()
    assert (found.st_size, found.st_mode & 0o777, found.st_mtime) == (2, 0o604, 20)
    assert (root / "l").lstat().st_mtime == 40
    assert exchange.code(m.LSetStat(id=1, path="l", attributes=Attributes(size=1))) == 4


def test_unconfined_files_serve_every_path(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to(tmp_path / "d")
    files = UnconfinedFiles(tmp_path)

    assert files.realpath("l") == f"{tmp_path}/d"
    assert files.realpath("/") == "/"
    assert files.stat("l").is_dir
    assert files.lstat("l").is_symlink
    assert files.readlink("l") == f"{tmp_path}/d"
    assert files.home("") == str(tmp_path)
    assert files.home("root") == pwd.getpwnam("root").pw_dir
    with pytest.raises(FileNotFoundError):
        files.home("no-such-user-here")
    with pytest.raises(FileNotFoundError):
        files.realpath("missing/x")
