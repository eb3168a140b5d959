from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPError, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.storage import FileKind, FileSource, SourceEntry
from ssh_sftp.client.tree_upload import DirectoryUpload, UploadTree
from ssh_sftp.client.upload_opening import UploadOptions
from ssh_sftp.messages import Request
from ssh_wire import Message


class Folder:
    """A local directory of directories in memory."""

    def __init__(self, tree: dict[str, Any], path: str = "/local") -> None:
        self.tree = tree
        self.path = path

    def enter(self) -> Attributes:
        if self.tree.get("denied"):
            raise PermissionError(13, "Permission denied", self.path)
        return Attributes(permissions=0o40755, atime=1, mtime=2)

    def entries(self) -> Iterator[SourceEntry]:
        for name in self.tree:
            kind = FileKind.DIRECTORY if self.tree[name] is not None else FileKind.OTHER
            if self.tree[name] == "unknown":
                kind = FileKind.UNKNOWN
            yield SourceEntry(name, kind, f"{self.path}/{name}", "it is odd")

    def file(self, name: str) -> Callable[[], FileSource]:
        raise AssertionError(name)

    def directory(self, name: str) -> Folder:
        return Folder(self.tree[name], f"{self.path}/{name}")

    def release(self) -> None: ...


class Run:
    def __init__(
        self,
        wire: Any,
        tree: dict[str, Any],
        depth: int = 64,
        *,
        stop: bool = True,
        path: str = "/r",
    ) -> None:
        self.ended: list[Exception | None] = []
        self.tree = UploadTree()
        self.scheduler = Scheduler(wire.protocol, Flow(10, 10), self.ended.append, stop=stop)
        options = UploadOptions(
            atomic=True,
            preserve=False,
            fsync=False,
            part_name=lambda path: path,
            max_depth=depth,
        )
        job = DirectoryUpload(self.scheduler, path, Folder(tree), options, self.tree)
        self.scheduler.add_directory(job)


def code(number: int) -> Callable[[Request], Message]:
    return lambda request: m.Status(id=request.id, code=number)


def test_directories_are_made_from_the_top(wire: Any) -> None:
    run = Run(wire, {"a": {"b": {}}, "odd": None})
    wire.answer(code(0))

    assert run.ended == [None]
    assert [path for path, _ in run.tree.made] == ["/r", "/r/a", "/r/a/b"]
    assert [skipped.path for skipped in run.scheduler.result.skipped] == ["/local/odd"]


@pytest.mark.parametrize("mode", [0o40755, 0o100644, None])
def test_existing_directory_is_used(wire: Any, mode: int | None) -> None:
    def reply(request: Request) -> Message:
        if isinstance(request, m.MkDir) or mode is None:
            return m.Status(id=request.id, code=4, text="exists")
        return m.Attrs(id=request.id, attributes=Attributes(permissions=mode))

    run = Run(wire, {})
    wire.answer(reply)

    if mode == 0o40755:
        assert run.ended == [None]
    else:
        assert isinstance(run.ended[0], SFTPError)
        assert run.ended[0].filename == "/r"


def test_depth_is_bounded(wire: Any) -> None:
    run = Run(wire, {"a": {"b": {"c": {}}}}, depth=3)
    wire.answer(code(0))

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "/local/a/b/c" in str(run.ended[0])


def test_local_directory_that_cannot_be_opened_is_reported(wire: Any) -> None:
    run = Run(wire, {"denied": True})

    wire.answer(code(0))

    assert isinstance(run.ended[0], PermissionError)


@pytest.mark.row("R09")
@pytest.mark.parametrize("number", [0, 4])
def test_cancel_while_a_directory_is_made_ends_cleanly(wire: Any, number: int) -> None:
    run = Run(wire, {"a": {}})
    waiting = wire.take()
    run.scheduler.cancel()
    for request in waiting:
        wire.receive(m.Status(id=request.id, code=number))
    wire.answer(code(number))

    assert len(run.ended) == 1
    assert run.ended[0] is not None


@pytest.mark.parametrize("opens", [True, False])
def test_path_of_unknown_type_is_a_directory_if_it_opens(wire: Any, opens: bool) -> None:
    def reply(request: Request) -> Message:
        match request:
            case m.Stat():
                return m.Attrs(id=request.id, attributes=Attributes(permissions=0o755))
            case m.OpenDir() if opens:
                return m.Handle(id=request.id, handle=b"h")
            case m.MkDir() | m.OpenDir():
                return m.Status(id=request.id, code=4, text="exists")
            case _:
                return m.Status(id=request.id, code=0)

    run = Run(wire, {"odd": None})
    wire.answer(reply)

    if opens:
        assert run.ended == [None]
        assert len(run.scheduler.result.skipped) == 1
    else:
        assert isinstance(run.ended[0], SFTPError)
    assert wire.protocol.outstanding == 0


def test_refused_directory_does_not_keep_the_others_back(wire: Any) -> None:
    def reply(request: Request) -> Message:
        path = getattr(request, "path", "")
        return m.Status(id=request.id, code=3 if path == "/r/a" else 0, text="denied")

    run = Run(wire, {"a": {"b": {}}, "c": {"d": {}}}, stop=False)
    wire.answer(reply)

    assert run.ended == [None]
    assert [path for path, _ in run.tree.made] == ["/r", "/r/c", "/r/c/d"]
    assert [failure.path for failure in run.scheduler.failures] == ["/local/a"]
    assert isinstance(run.scheduler.failures[0].cause, PermissionError)


@pytest.mark.parametrize(("path", "named"), [("/no/such", "/no"), ("such", "such")])
def test_missing_directory_is_named(wire: Any, path: str, named: str) -> None:
    run = Run(wire, {}, path=path)
    wire.answer(code(2))

    assert isinstance(run.ended[0], FileNotFoundError)
    assert run.ended[0].filename == named


def test_entry_whose_stat_is_refused_is_an_error(wire: Any) -> None:
    run = Run(wire, {"lost": "unknown", "d": {}}, stop=False)
    wire.answer(code(0))

    assert run.ended == [None]
    assert [failure.path for failure in run.scheduler.failures] == ["/local/lost"]
    assert [skipped.path for skipped in run.scheduler.result.skipped] == ["/local/lost"]
