from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPError, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.endpoints import FileKind, FileSource, SourceEntry
from ssh_sftp.flow import Flow
from ssh_sftp.messages import Request
from ssh_sftp.scheduler import Scheduler
from ssh_sftp.tree import DirectoryUpload
from ssh_sftp.upload import UploadManner
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
            yield SourceEntry(name, kind, f"{self.path}/{name}", "it is odd")

    def file(self, name: str) -> Callable[[], FileSource]:
        raise AssertionError(name)

    def directory(self, name: str) -> Folder:
        return Folder(self.tree[name], f"{self.path}/{name}")

    def release(self) -> None: ...


class Run:
    def __init__(self, wire: Any, tree: dict[str, Any], depth: int = 64) -> None:
        self.ended: list[Exception | None] = []
        self.made: list[tuple[str, Attributes]] = []
        self.scheduler = Scheduler(wire.requests, Flow(10, 10), self.ended.append)
        manner = UploadManner(
            atomic=True,
            preserve=False,
            fsync=False,
            part_name=lambda path: path,
            max_depth=depth,
        )
        job = DirectoryUpload(self.scheduler, "/r", Folder(tree), manner, self.made)
        self.scheduler.add_directory(job)


def code(number: int) -> Callable[[Request], Message]:
    return lambda request: m.Status(id=request.id, code=number)


def test_directories_from_the_top(wire: Any) -> None:
    run = Run(wire, {"a": {"b": {}}, "odd": None})
    wire.answer(code(0))

    assert run.ended == [None]
    assert [path for path, _ in run.made] == ["/r", "/r/a", "/r/a/b"]
    assert [skipped.path for skipped in run.scheduler.result.skipped] == ["/local/odd"]


@pytest.mark.parametrize("mode", [0o40755, 0o100644, None])
def test_a_directory_may_be_there(wire: Any, mode: int | None) -> None:
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


def test_a_local_directory_that_does_not_open(wire: Any) -> None:
    run = Run(wire, {"denied": True})

    wire.answer(code(0))

    assert isinstance(run.ended[0], PermissionError)


@pytest.mark.row("R09")
@pytest.mark.parametrize("number", [0, 4])
def test_cancelling_while_a_directory_is_made(wire: Any, number: int) -> None:
    run = Run(wire, {"a": {}})
    waiting = wire.take()
    run.scheduler.cancel()
    for request in waiting:
        wire.receive(m.Status(id=request.id, code=number))
    wire.answer(code(number))

    assert len(run.ended) == 1
    assert run.ended[0] is not None
