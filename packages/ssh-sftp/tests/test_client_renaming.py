from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ssh_sftp import messages as m
from ssh_sftp.client.renaming import Naming
from ssh_sftp.messages import Request
from ssh_wire import Message

OK, NO_SUCH_FILE, DENIED, FAILURE, UNSUPPORTED = 0, 2, 3, 4, 8


class Names:
    """Names on a server without posix-rename, and the requests that it refuses."""

    def __init__(self, names: dict[str, str], refused: set[tuple[str, str]] | None = None) -> None:
        self.names = names
        self.refused = refused or set()
        self.directory_code = FAILURE

    def reply(self, request: Request) -> Message:
        match request:
            case m.Rename():
                return m.Status(id=request.id, code=self.rename(request.old, request.new))
            case m.Remove():
                if ("", request.path) in self.refused or self.names[request.path] == "directory":
                    return m.Status(id=request.id, code=FAILURE)
                del self.names[request.path]
                return m.Status(id=request.id, code=OK)
            case m.OpenDir():
                if self.names.get(request.path) == "directory":
                    return m.Handle(id=request.id, handle=b"h")
                return m.Status(id=request.id, code=self.directory_code)
            case _:
                return m.Status(id=request.id, code=OK)

    def rename(self, old: str, new: str) -> int:
        if (old, new) in self.refused:
            return DENIED
        if new in self.names or old not in self.names:
            return FAILURE
        self.names[new] = self.names.pop(old)
        return OK


def named(
    wire: Any,
    names: Names,
    in_the_way: bool | None,
    reply: Callable[[Request], Message] | None = None,
) -> tuple[list[Exception | None], Naming]:
    ended: list[Exception | None] = []

    def ask(request: Request, on_reply: Any, expected: type[Message] = m.Status) -> None:
        wire.protocol.submit(request, expected, on_reply)

    naming = Naming(
        wire.protocol,
        ask,
        ("part", "final", "aside"),
        in_the_way=in_the_way,
        done=ended.append,
    )
    naming.start()
    wire.answer(reply or names.reply)
    return ended, naming


def test_rename_without_an_existing_file_is_one_request(make_wire: Any) -> None:
    names = Names({"part": "new"})
    ended, _ = named(make_wire({}), names, in_the_way=False)

    assert ended == [None]
    assert names.names == {"final": "new"}


@pytest.mark.parametrize("in_the_way", [True, None])
def test_existing_file_is_moved_and_removed(make_wire: Any, in_the_way: bool | None) -> None:
    names = Names({"part": "new", "final": "old"})
    ended, naming = named(make_wire({}), names, in_the_way)

    assert ended == [None]
    assert names.names == {"final": "new"}
    assert naming.left_aside is None


@pytest.mark.parametrize(
    "refused",
    [{("part", "final")}, {("final", "aside")}, {("part", "final"), ("final", "aside")}],
)
@pytest.mark.parametrize("in_the_way", [True, None])
def test_refused_rename_loses_nothing(
    make_wire: Any, refused: set[tuple[str, str]], in_the_way: bool | None
) -> None:
    names = Names({"part": "new", "final": "old"}, refused)
    ended, _ = named(make_wire({}), names, in_the_way)

    assert isinstance(ended[0], PermissionError)
    assert len(ended) == 1
    assert names.names == {"part": "new", "final": "old"}


def test_replaced_file_that_cannot_be_removed_is_reported(make_wire: Any) -> None:
    names = Names({"part": "new", "final": "old"}, {("", "aside")})
    ended, naming = named(make_wire({}), names, in_the_way=True)

    assert ended == [None]
    assert names.names == {"final": "new", "aside": "old"}
    assert naming.left_aside is not None


@pytest.mark.parametrize("code", [FAILURE, DENIED])
def test_directory_in_the_way_is_not_moved(make_wire: Any, code: int) -> None:
    names = Names({"part": "new", "final": "directory" if code == FAILURE else "locked"})
    names.directory_code = code
    ended, _ = named(make_wire({}), names, in_the_way=None)

    assert ended[0] is not None
    assert names.names["part"] == "new"
    assert "aside" not in names.names


def test_session_that_ends_during_a_rename_is_reported(make_wire: Any) -> None:
    wire = make_wire({})
    ended: list[Exception | None] = []

    def reply(request: Request) -> Message | None:
        if isinstance(request, m.Rename) and request.old == "part":
            wire.protocol.eof()
            return None
        return m.Status(id=request.id, code=OK)

    answered: Any = reply
    ended, _ = named(wire, Names({}), in_the_way=True, reply=answered)

    assert [type(error) for error in ended] == [type(wire.protocol.error)]
