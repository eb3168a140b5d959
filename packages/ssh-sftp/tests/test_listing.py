from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPProtocolError, SFTPTransferError, SFTPUnsafeName
from ssh_sftp import messages as m
from ssh_sftp.endpoints import MemorySink
from ssh_sftp.flow import Flow
from ssh_sftp.listing import DirectoryDownload, Listing
from ssh_sftp.messages import Request
from ssh_sftp.scheduler import Scheduler
from ssh_wire import Message

FILE, DIRECTORY, LINK = 0o100644, 0o040755, 0o120777
EOF = 1


class Folder:
    """A local directory in memory."""

    def __init__(self, made: list[str], path: str = "") -> None:
        self.made = made
        self.path = path

    def enter(self) -> None:
        self.made.append(f"{self.path}/")

    def file(self, name: str, attributes: Attributes) -> MemorySink:
        del attributes
        self.made.append(f"{self.path}/{name}")
        return MemorySink()

    def directory(self, name: str, attributes: Attributes) -> Folder:
        del attributes
        return Folder(self.made, f"{self.path}/{name}")

    def release(self) -> None: ...


class Tree:
    """A server with directories as lists of names and modes, 3 names a reply."""

    def __init__(self, listing: dict[str, list[tuple[str, int | None]]]) -> None:
        self.listing = listing
        self.left: dict[bytes, list[tuple[str, int | None]]] = {}

    def reply(self, request: Request) -> Message:
        match request:
            case m.OpenDir():
                handle = request.path.encode("utf-8", "surrogateescape")
                self.left[handle] = [*self.listing[request.path]]
                return m.Handle(id=request.id, handle=handle)
            case m.ReadDir():
                names = self.left[request.handle][:3]
                del self.left[request.handle][:3]
                entries = tuple(
                    m.NameEntry(filename=n, attributes=Attributes(size=0, permissions=p))
                    for n, p in names
                )
                done = m.Status(id=request.id, code=EOF)
                return m.Name(id=request.id, entries=entries) if names else done
            case m.LStat():
                return m.Attrs(id=request.id, attributes=Attributes(size=0, permissions=FILE))
            case m.Open():
                return m.Handle(id=request.id, handle=b"file")
            case m.Read():
                return m.Status(id=request.id, code=EOF)
            case _:
                return m.Status(id=request.id, code=0)


def download(
    wire: Any, listing: dict[str, list[tuple[str, int | None]]], depth: int = 64, most: int = 100
) -> tuple[list[str], Exception | None, Scheduler]:
    ended: list[Exception | None] = []
    made: list[str] = []
    scheduler = Scheduler(wire.requests, Flow(10**6, 10**6), ended.append)
    scheduler.add_directory(DirectoryDownload(scheduler, "/t", Folder(made), depth, most))
    wire.answer(Tree(listing).reply)
    (error,) = ended
    return made, error, scheduler


def test_a_tree(wire: Any) -> None:
    made, error, scheduler = download(
        wire,
        {
            "/t": [
                (".", DIRECTORY),
                ("..", DIRECTORY),
                ("a", FILE),
                ("d", DIRECTORY),
                ("l", LINK),
            ],
            "/t/d": [("b", FILE), ("unclear", None)],
        },
    )

    assert error is None
    assert sorted(made) == ["/", "/a", "/d/", "/d/b", "/d/unclear"]
    assert [skipped.path for skipped in scheduler.result.skipped] == ["/t/l"]
    assert (scheduler.result.files, scheduler.result.directories) == (3, 2)


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["", "a/b", "../x", "/etc/passwd", "a\0b", "x" * 65_536])
@pytest.mark.parametrize("mode", [FILE, DIRECTORY, LINK, None])
def test_hostile_names_are_refused(wire: Any, name: str, mode: int | None) -> None:
    made, error, _ = download(wire, {"/t": [(name, mode)]})

    assert isinstance(error, SFTPUnsafeName)
    assert made == ["/"]


@pytest.mark.row("F08")
def test_a_name_twice_is_refused(wire: Any) -> None:
    _, error, _ = download(wire, {"/t": [("a", FILE), ("a", FILE)]})

    assert isinstance(error, SFTPTransferError)
    assert "twice" in str(error)


@pytest.mark.row("F08")
def test_depth_is_bounded(wire: Any) -> None:
    endless: dict[str, list[tuple[str, int | None]]] = {
        "/t" + "/d" * depth: [("d", DIRECTORY)] for depth in range(70)
    }
    made, error, _ = download(wire, endless)

    assert isinstance(error, SFTPTransferError)
    assert "deeper" in str(error)
    assert len(made) == 64


@pytest.mark.row("F10")
def test_a_listing_that_never_ends_is_cut(wire: Any) -> None:
    names: list[tuple[str, int | None]] = [(f"n{n}", FILE) for n in range(200)]
    _, error, _ = download(wire, {"/t": names}, most=100)

    assert isinstance(error, SFTPTransferError)
    assert "more than 100" in str(error)


@pytest.mark.row("F10")
def test_a_reply_without_names_ends_the_session(wire: Any) -> None:
    ended: list[Exception | None] = []
    Listing(wire.requests, "/", lambda _: None, ended.append).start()
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))
    first = wire.take()[0]
    with pytest.raises(SFTPProtocolError):
        wire.receive(m.Name(id=first.id, entries=()))

    assert isinstance(ended[0], SFTPProtocolError)


def test_a_refused_directory_is_named(wire: Any) -> None:
    ended: list[Exception | None] = []
    Listing(wire.requests, "/secret", lambda _: None, ended.append).start()
    (opening,) = wire.take()
    wire.receive(m.Status(id=opening.id, code=3))

    assert isinstance(ended[0], PermissionError)
    assert ended[0].filename == "/secret"


def test_names_are_asked_for_ahead(wire: Any) -> None:
    Listing(wire.requests, "/", lambda _: None, lambda _: None).start()
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))

    assert [type(request) for request in wire.take()] == [m.ReadDir, m.ReadDir]


def test_stopping_closes_the_directory(wire: Any) -> None:
    ended: list[Exception | None] = []
    listing = Listing(wire.requests, "/", lambda _: None, ended.append)
    listing.start()
    wire.receive(m.Handle(id=wire.take()[0].id, handle=b"h"))
    listing.stop()
    tree = Tree({})
    tree.left[b"h"] = [("a", FILE)] * 9
    wire.answer(tree.reply)

    assert ended == [None]
    assert wire.requests.outstanding == 0
