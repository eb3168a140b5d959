from __future__ import annotations

import errno
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPOptions, SFTPTransferError, SFTPUnsafeName, Skipped
from ssh_sftp import messages as m
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import MemorySink
from ssh_sftp.client.tree_download import DirectoryDownload
from ssh_sftp.messages import Request
from ssh_wire import Message

FILE, DIRECTORY, LINK = 0o100644, 0o040755, 0o120777
DENIED, EOF = 3, 1


class Folder:
    """A local directory in memory."""

    def __init__(self, made: list[str], path: str = "") -> None:
        self.made = made
        self.path = path

    def enter(self) -> None:
        self.made.append(f"{self.path}/")

    def file(self, name: str, attributes: Attributes) -> MemorySink:
        del attributes
        if len(name.encode("utf-8", "surrogateescape")) > 255:
            raise OSError(errno.ENAMETOOLONG, "File name too long", f"{self.path}/{name}")
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
        self.denied: set[str] = set()

    def reply(self, request: Request) -> Message:  # noqa: PLR0911 (one for each request)
        match request:
            case _ if getattr(request, "path", None) in self.denied:
                return m.Status(id=request.id, code=DENIED)
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
    wire: Any,
    listing: dict[str, list[tuple[str, int | None]]],
    *,
    denied: frozenset[str] = frozenset(),
    stop: bool = True,
    **options: Any,
) -> tuple[list[str], Exception | None, Scheduler]:
    ended: list[Exception | None] = []
    made: list[str] = []
    scheduler = Scheduler(wire.protocol, Flow(10**6, 10**6), ended.append, stop=stop)
    job = DirectoryDownload(scheduler, "/t", Folder(made), SFTPOptions(**options))
    scheduler.add_directory(job)
    tree = Tree(listing)
    tree.denied |= denied
    wire.answer(tree.reply)
    (error,) = ended
    return made, error, scheduler


def test_tree_is_downloaded_with_its_directories(wire: Any) -> None:
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
@pytest.mark.parametrize("name", ["", "a/b", "../x", "/etc/passwd", "a\0b", "x" * 65_536 + "/"])
@pytest.mark.parametrize("mode", [FILE, DIRECTORY, LINK, None])
def test_unsafe_names_in_a_tree_are_refused(wire: Any, name: str, mode: int | None) -> None:
    made, error, _ = download(wire, {"/t": [(name, mode)]})

    assert isinstance(error, SFTPUnsafeName)
    assert made == ["/"]


@pytest.mark.row("F08")
def test_name_listed_twice_is_refused(wire: Any) -> None:
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
def test_endless_listing_is_ended_with_an_error(wire: Any) -> None:
    names: list[tuple[str, int | None]] = [(f"n{n}", FILE) for n in range(200)]
    _, error, _ = download(wire, {"/t": names}, max_entries=100)

    assert isinstance(error, SFTPTransferError)
    assert "more than 100" in str(error)


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["x" * 256, "中" * 100, "x" * 65_536])
@pytest.mark.parametrize("stop", [True, False])
def test_name_too_long_for_this_file_system_fails_alone(wire: Any, name: str, stop: bool) -> None:
    made, error, scheduler = download(wire, {"/t": [(name, FILE), ("a", FILE)]}, stop=stop)

    if stop:
        assert isinstance(error, OSError)
        assert error.errno == errno.ENAMETOOLONG
    else:
        assert error is None
        assert made == ["/", "/a"]
        assert [failure.path for failure in scheduler.failures] == [f"/t/{name}"]


def test_file_that_fails_does_not_stop_the_others(wire: Any) -> None:
    made, error, scheduler = download(
        wire,
        {
            "/t": [("a", FILE), ("secret", FILE), ("locked", DIRECTORY), ("d", DIRECTORY)],
            "/t/d": [("b", FILE), ("b", FILE), ("c", FILE)],
        },
        denied=frozenset({"/t/secret", "/t/locked"}),
        stop=False,
    )

    assert error is None
    assert {"/a", "/d/b", "/d/c"} <= set(made)
    assert sorted(failure.path for failure in scheduler.failures) == [
        "/t/d/b",
        "/t/locked",
        "/t/secret",
    ]
    assert (scheduler.result.files, scheduler.result.directories) == (3, 2)
    denied = {each.path: each.cause for each in scheduler.failures}["/t/secret"]
    assert isinstance(denied, PermissionError)
    assert denied.filename == "/t/secret"


def test_transfer_ends_when_the_top_directory_cannot_be_made(wire: Any) -> None:
    _, error, scheduler = download(wire, {"/t": []}, denied=frozenset({"/t"}), stop=False)

    assert isinstance(error, PermissionError)
    assert error.filename == "/t"
    assert scheduler.failures == ()


def test_unsafe_name_ends_the_transfer_with_on_error_continue(wire: Any) -> None:
    _, error, _ = download(wire, {"/t": [("../x", FILE), ("a", FILE)]}, stop=False)

    assert isinstance(error, SFTPUnsafeName)


@pytest.mark.parametrize("mode", [0o666, 0, None])
def test_entry_of_unknown_type_is_skipped_with_an_error(wire: Any, mode: int | None) -> None:
    listing: dict[str, list[tuple[str, int | None]]] = {"/t": [("odd", mode), ("a", FILE)]}
    made, error, scheduler = download(wire, listing, denied=frozenset({"/t/odd"}), stop=False)

    assert error is None
    assert made == ["/", "/a"]
    reason = "the server does not say whether it is a file or a directory"
    assert scheduler.result.skipped == (Skipped("/t/odd", reason),)
    assert [failure.path for failure in scheduler.failures] == ["/t/odd"]


def test_entry_of_unknown_type_is_skipped_by_option(wire: Any) -> None:
    listing: dict[str, list[tuple[str, int | None]]] = {"/t": [("odd", 0o666), ("a", FILE)]}
    _, error, scheduler = download(
        wire, listing, denied=frozenset({"/t/odd"}), stop=False, skip_unknown_types=True
    )

    assert error is None
    assert scheduler.failures == ()
    assert [skipped.path for skipped in scheduler.result.skipped] == ["/t/odd"]


@pytest.mark.parametrize(("mode", "made"), [(0o020666, False), (0o010666, False), (LINK, False)])
def test_entry_that_is_not_a_file_is_skipped_without_an_error(
    wire: Any, mode: int, made: bool
) -> None:
    found, error, scheduler = download(wire, {"/t": [("odd", mode)]}, stop=False)

    assert error is None
    assert scheduler.failures == ()
    assert [skipped.path for skipped in scheduler.result.skipped] == ["/t/odd"]
    assert ("/odd" in found) is made
