from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import Attributes
from ssh_sftp import messages as m
from ssh_sftp.client.listing import Listing
from ssh_sftp.messages import NameEntry, Request
from ssh_wire import Message

EOF, DENIED = 1, 3
FILE, DIRECTORY, LINK = 0o100644, 0o040755, 0o120777


class Server:
    """A directory of a server, as the replies to READDIR; then EOF."""

    def __init__(
        self,
        batches: list[tuple[NameEntry, ...]],
        types: dict[str, int] | None = None,
        *,
        follows: bool = False,
    ) -> None:
        self.batches = batches
        self.types = types or {}
        self.follows = follows
        self.asked: list[str] = []

    def reply(self, request: Request) -> Message:
        match request:
            case m.OpenDir():
                return m.Handle(id=request.id, handle=b"h")
            case m.ReadDir() if self.batches:
                return m.Name(id=request.id, entries=self.batches.pop(0))
            case m.ReadDir():
                return m.Status(id=request.id, code=EOF)
            case m.LStat() | m.Stat():
                self.asked.append(f"{type(request).__name__} {request.path}")
                told = self.types.get(request.path)
                if told is None or (self.follows and isinstance(request, m.LStat)):
                    return m.Status(id=request.id, code=DENIED)
                return m.Attrs(id=request.id, attributes=Attributes(size=5, permissions=told))
            case _:
                return m.Status(id=request.id, code=0)


def entry(name: str, mode: int | None = FILE, longname: str = "") -> NameEntry:
    attributes = Attributes(size=5, permissions=mode)
    return NameEntry(filename=name, longname=longname, attributes=attributes)


def listed(wire: Any, server: Server) -> tuple[list[NameEntry], list[Exception | None]]:
    """List a directory of the server; return its entries, and how the list ended."""
    found: list[NameEntry] = []
    ended: list[Exception | None] = []

    def on_batch(entries: tuple[NameEntry, ...]) -> None:
        found.extend(entries)
        wire.protocol.wake(listing.more)

    listing = Listing(wire.protocol, "/d", on_batch, ended.append)
    listing.start()
    wire.answer(server.reply)
    return found, ended


@pytest.mark.row("F10")
@pytest.mark.parametrize("before", [0, 1, 5])
def test_listing_ends_with_a_name_reply_of_no_entries(wire: Any, before: int) -> None:
    batches = [(entry(f"f{number}"),) for number in range(before)]
    found, ended = listed(wire, Server([*batches, ()]))

    assert [each.filename for each in found] == [f"f{number}" for number in range(before)]
    assert ended == [None]
    assert wire.protocol.error is None
    assert wire.protocol.outstanding == 0


def test_names_behind_a_reply_of_no_entries_are_not_lost(wire: Any) -> None:
    found, ended = listed(wire, Server([(), (entry("late"),)]))

    assert [each.filename for each in found] == ["late"]
    assert ended == [None]


def test_reported_types_are_not_requested(wire: Any) -> None:
    server = Server([(entry("f"), entry("d", DIRECTORY), entry("l", LINK))])
    listed(wire, server)

    assert server.asked == []


def test_type_that_is_not_reported_is_requested(wire: Any) -> None:
    server = Server(
        [(entry("f", 0o644), entry("d", None), entry("."))], {"/d/f": FILE, "/d/d": DIRECTORY}
    )
    found, ended = listed(wire, server)

    assert [each.attributes.permissions for each in found] == [FILE, DIRECTORY, FILE]
    assert server.asked == ["LStat /d/f", "LStat /d/d"]
    assert ended == [None]


def test_type_that_the_server_does_not_report_comes_from_the_long_name(wire: Any) -> None:
    server = Server([(entry("f", 0o640, "-rw-r----- 1 u g 5 Jan 1 1970 f"),)], {"/d/f": 0o640})
    found, _ = listed(wire, server)

    assert [each.attributes.permissions for each in found] == [0o100640]


def test_type_that_only_stat_reports_comes_from_stat(wire: Any) -> None:
    server = Server([(entry("f", 0o644),)], {"/d/f": FILE}, follows=True)
    found, _ = listed(wire, server)

    assert server.asked == ["LStat /d/f", "Stat /d/f"]
    assert found[0].attributes.is_file


def test_name_whose_type_cannot_be_found_out_is_listed(wire: Any) -> None:
    found, ended = listed(wire, Server([(entry("f", 0o644), entry("g"))]))

    assert [(each.filename, each.attributes.has_type) for each in found] == [
        ("f", False),
        ("g", True),
    ]
    assert ended == [None]


@pytest.mark.row("F08")
@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", ".."])
def test_unsafe_name_is_not_asked_about(wire: Any, name: str) -> None:
    server = Server([(entry(name, None),)])
    found, _ = listed(wire, server)

    assert server.asked == []
    assert [each.filename for each in found] == [name]


def test_order_is_the_servers_though_some_types_come_late(wire: Any) -> None:
    batches = [(entry("a"),), (entry("b", None), entry("c")), (entry("d"),), (entry("e", 0o600),)]
    found, _ = listed(wire, Server(batches, {"/d/b": FILE}))

    assert [each.filename for each in found] == ["a", "b", "c", "d", "e"]


def test_listing_ends_when_the_session_ends_while_types_are_asked_for(wire: Any) -> None:
    ended: list[Exception | None] = []
    Listing(wire.protocol, "/d", lambda _: None, ended.append).start()
    wire.receive(m.Handle(id=wire.take()[0].id, handle=b"h"))
    first, second = wire.take()
    wire.receive(m.Name(id=first.id, entries=(entry("f", None),)))
    wire.receive(m.Name(id=second.id, entries=(entry("g", None),)))
    wire.protocol.eof()

    assert isinstance(ended[0], ConnectionError)
    assert len(ended) == 1


def test_empty_name_reply_of_given_bytes_ends_the_listing(wire: Any) -> None:
    ended: list[Exception | None] = []
    Listing(wire.protocol, "/", lambda _: None, ended.append).start()
    wire.receive(m.Handle(id=wire.take()[0].id, handle=b"h"))
    one, two = wire.take()
    data = bytearray.fromhex("00000009 68 00000001 00000000")
    data[5:9] = one.id.to_bytes(4, "big")
    wire.protocol.receive(memoryview(bytes(data)))
    wire.receive(m.Status(id=two.id, code=EOF))
    wire.receive(m.Status(id=wire.take()[0].id, code=0))

    assert ended == [None]


def test_refused_directory_is_named(wire: Any) -> None:
    ended: list[Exception | None] = []
    Listing(wire.protocol, "/secret", lambda _: None, ended.append).start()
    (opening,) = wire.take()
    wire.receive(m.Status(id=opening.id, code=3))

    assert isinstance(ended[0], PermissionError)
    assert ended[0].filename == "/secret"


def test_names_are_asked_for_ahead(wire: Any) -> None:
    Listing(wire.protocol, "/", lambda _: None, lambda _: None).start()
    (opening,) = wire.take()
    wire.receive(m.Handle(id=opening.id, handle=b"h"))

    assert [type(request) for request in wire.take()] == [m.ReadDir, m.ReadDir]


def test_directory_is_closed_when_the_listing_is_stopped(wire: Any) -> None:
    ended: list[Exception | None] = []
    found: list[NameEntry] = []
    listing = Listing(wire.protocol, "/", found.extend, ended.append)
    listing.start()
    wire.receive(m.Handle(id=wire.take()[0].id, handle=b"h"))
    listing.stop()
    wire.answer(Server([(entry("a"),)] * 9).reply)

    assert ended == [None]
    assert found == []
    assert wire.protocol.outstanding == 0
