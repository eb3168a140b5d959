from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, DropBox, OpenFlags, ReadOnly, WriteOnly
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted
from ssh_sftp.server.filesystem import check_filesystem
from ssh_sftp.server.wrappers import Wrapper

READ, WRITE, CREATE = OpenFlags.READ.value, OpenFlags.WRITE.value, OpenFlags.CREATE.value
NEW = WRITE | CREATE
OK, MISSING, DENIED, FAILURE = 0, 2, 3, 4
TIMES = Attributes(atime=5, mtime=6)

LOOKS: list[m.Request] = [
    m.Stat(id=1, path="f"),
    m.LStat(id=1, path="f"),
    m.RealPath(id=1, path="f"),
    m.ReadLink(id=1, path="l"),
    m.OpenDir(id=1, path="/"),
    m.Open(id=1, path="f", flags=READ),
    m.StatVFS(id=1, path="f"),
    m.HomeDirectory(id=1),
    m.UsersGroupsByID(id=1, users=bytes(4), groups=b""),
    m.CheckFileName(id=1, path="f", algorithms="sha256"),
]
CHANGES: list[m.Request] = [
    m.SetStat(id=1, path="f", attributes=TIMES),
    m.LSetStat(id=1, path="f", attributes=TIMES),
    m.MkDir(id=1, path="new"),
    m.RmDir(id=1, path="d"),
    m.SymLink(id=1, target="f", link="new"),
    m.HardLink(id=1, old="f", new="new"),
    m.Rename(id=1, old="f", new="new"),
    m.PosixRename(id=1, old="f", new="new"),
    m.Remove(id=1, path="f"),
    m.Open(id=1, path="new", flags=NEW),
]


@pytest.fixture
def filled(root: Path) -> Path:
    (root / "f").write_bytes(b"content")
    (root / "d").mkdir()
    (root / "l").symlink_to("f")
    return root


def state(root: Path) -> list[tuple[str, int, int, int]]:
    found: list[tuple[str, int, int, int]] = []
    for path in sorted(root.iterdir()):
        facts = path.lstat()
        found.append((path.name, facts.st_mode, facts.st_nlink, facts.st_mtime_ns))
    return found


def denied(exchange: Any, request: m.Request) -> bool:
    reply = exchange.ask(request)
    return isinstance(reply, m.Status) and reply.code == DENIED


@pytest.mark.parametrize("request_", [*LOOKS, *CHANGES], ids=lambda r: type(r).__name__)
def test_plain_wrapper_does_what_the_inner_file_system_does(
    make_exchange: Any, filled: Path, request_: m.Request
) -> None:
    check_filesystem(Wrapper(Rooted(filled)))
    reply = make_exchange(Wrapper(Rooted(filled))).ask(request_)
    assert not isinstance(reply, m.Status) or reply.code == OK


@pytest.mark.row("F07")
@pytest.mark.parametrize("request_", CHANGES, ids=lambda r: type(r).__name__)
def test_read_only_refuses_changes(make_exchange: Any, filled: Path, request_: m.Request) -> None:
    before = state(filled)
    assert denied(make_exchange(ReadOnly(Rooted(filled))), request_)
    assert state(filled) == before


@pytest.mark.parametrize("request_", LOOKS, ids=lambda r: type(r).__name__)
def test_read_only_serves_what_is_read(
    make_exchange: Any, filled: Path, request_: m.Request
) -> None:
    assert not denied(make_exchange(ReadOnly(Rooted(filled))), request_)


@pytest.mark.parametrize(
    "request_",
    [
        m.Open(id=1, path="f", flags=READ),
        m.Open(id=1, path="f", flags=READ | WRITE),
        m.Open(id=1, path="f", flags=0),
        m.OpenDir(id=1, path="/"),
        m.ReadLink(id=1, path="l"),
        m.HardLink(id=1, old="f", new="new"),
        m.CheckFileName(id=1, path="f", algorithms="sha256"),
    ],
    ids=str,
)
@pytest.mark.parametrize("wrapper", [WriteOnly, DropBox])
def test_contents_of_write_only_files_are_not_read(
    make_exchange: Any, filled: Path, wrapper: Callable[[Any], Any], request_: m.Request
) -> None:
    assert denied(make_exchange(wrapper(Rooted(filled))), request_)


def test_write_only_files_are_written_and_not_read_by_other_requests(
    make_exchange: Any, filled: Path
) -> None:
    exchange = make_exchange(WriteOnly(Rooted(filled)))
    handle = exchange.handle(m.Open(id=1, path="f", flags=WRITE))
    other = exchange.handle(m.Open(id=1, path="g", flags=NEW))

    assert exchange.code(m.Write(id=2, handle=handle, offset=0, data=b"C")) == OK
    for request in (
        m.Read(id=3, handle=handle, offset=0, length=9),
        m.CopyData(id=3, source=handle, target=other),
        m.CheckFileHandle(id=3, handle=handle, algorithms="sha256"),
    ):
        assert exchange.code(request) == FAILURE
    assert (filled / "f").read_bytes() == b"Content"
    assert (filled / "g").read_bytes() == b""


@pytest.mark.parametrize(
    "request_",
    [
        *CHANGES[:-1],
        m.Open(id=1, path="f", flags=WRITE),
        m.Open(id=1, path="f", flags=NEW | OpenFlags.TRUNCATE.value),
        m.Open(id=1, path="l", flags=NEW),
        m.Open(id=1, path="f", flags=WRITE | OpenFlags.TRUNCATE.value),
        m.Stat(id=1, path="f"),
        m.LStat(id=1, path="l"),
        m.Stat(id=1, path="missing"),
    ],
    ids=str,
)
def test_drop_box_tells_and_changes_nothing_of_what_is_there(
    make_exchange: Any, filled: Path, request_: m.Request
) -> None:
    before = state(filled)
    code = make_exchange(DropBox(Rooted(filled))).code(request_)
    assert code == MISSING if isinstance(request_, m.Stat | m.LStat) else code != OK
    assert state(filled) == before
    assert (filled / "f").read_bytes() == b"content"


def test_drop_box_takes_new_files(make_exchange: Any, filled: Path) -> None:
    exchange = make_exchange(DropBox(Rooted(filled)))
    assert isinstance(exchange.ask(m.Stat(id=1, path="/d")), m.Attrs)
    handle = exchange.handle(m.Open(id=1, path="/d/new", flags=NEW | OpenFlags.TRUNCATE.value))
    assert exchange.code(m.Write(id=2, handle=handle, offset=0, data=b"new")) == OK
    assert exchange.code(m.FSetStat(id=2, handle=handle, attributes=TIMES)) == OK
    assert exchange.code(m.Close(id=2, handle=handle)) == OK
    assert (filled / "d" / "new").read_bytes() == b"new"
