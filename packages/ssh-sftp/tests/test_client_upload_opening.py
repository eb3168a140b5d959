from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import Attributes, SFTPConnectionLost, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.client.extents import whole
from ssh_sftp.client.part_names import PartNames
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.upload_opening import PartOpening, UploadOptions
from ssh_sftp.numbers import OpenFlags

NO_SUCH_FILE, DENIED, FAILURE = 2, 3, 4
FILE, LINK = 0o100644, 0o120777
READ, WRITE, CREATE = OpenFlags.READ, OpenFlags.WRITE, OpenFlags.CREATE
REPLACE = WRITE | CREATE | OpenFlags.TRUNCATE
NEW = WRITE | CREATE | OpenFlags.EXCLUSIVE
SIZE = 100


class Source:
    path = "/local"
    attributes = Attributes(size=SIZE, permissions=0o104755)
    version = "1"

    def ranges(self) -> Any:
        return whole(SIZE)

    def is_unchanged(self) -> bool:
        return True

    def read(self, length: int, offset: int) -> bytes:
        return bytes(min(length, SIZE - offset))

    def close(self) -> None: ...


class Run:
    def __init__(
        self, wire: Any, *, atomic: bool = True, resume: bool = True, verify: bool = False
    ) -> None:
        self.wire = wire
        self.results: list[bytes | Exception] = []
        names = PartNames("1")
        options = UploadOptions(
            atomic=atomic,
            preserve=False,
            fsync=False,
            part_name=names.unique,
            lasting_name=names.lasting if resume else None,
            verify=verify,
        )
        requests = FileRequests(wire.protocol, self, lambda: None)
        self.opening = PartOpening(requests, "/d/f", options, self.results.append)
        self.opening.start(Source())

    def broken(self, error: Exception) -> None:
        raise error

    def part(self, **found: Any) -> None:
        """Answer what is asked about the part: its attributes, or the code of a status."""
        request = self.wire.take()[-1]
        code = found.pop("code", None)
        if code is None:
            self.wire.receive(m.Attrs(id=request.id, attributes=Attributes(**found)))
        else:
            self.wire.receive(m.Status(id=request.id, code=code))

    @property
    def flags(self) -> OpenFlags:
        """Those of the OPEN that was sent; it is answered with a handle."""
        *looking, request = self.wire.take()
        assert all(isinstance(each, m.LStat) for each in looking)
        assert isinstance(request, m.Open)
        assert request.path == self.opening.target
        assert request.attributes.permissions == 0o755
        self.wire.receive(m.Handle(id=request.id, handle=b"h"))
        return OpenFlags(request.flags)


@pytest.mark.parametrize(
    ("found", "flags", "begun"),
    [
        ({"code": NO_SUCH_FILE}, NEW, 0),
        ({"code": DENIED}, REPLACE, 0),
        ({"size": 60, "permissions": FILE}, WRITE | READ, 60),
        ({"size": 60}, WRITE | READ, 60),
        ({"size": SIZE, "permissions": FILE}, WRITE | READ, SIZE),
        ({"size": SIZE + 1, "permissions": FILE}, REPLACE, 0),
        ({"size": 0, "permissions": FILE}, REPLACE, 0),
        ({"permissions": FILE}, REPLACE, 0),
    ],
)
def test_part_is_continued_only_where_it_may_be_the_beginning(
    wire: Any, found: dict[str, int], flags: OpenFlags, begun: int
) -> None:
    run = Run(wire)
    run.part(**found)

    assert run.flags == flags
    assert run.results == [b"h"]
    assert run.opening.begun == begun


@pytest.mark.parametrize(("atomic", "flags"), [(True, NEW), (False, REPLACE)])
@pytest.mark.parametrize("verify", [True, False])
def test_file_that_is_verified_is_opened_for_reading_too(
    wire: Any, atomic: bool, verify: bool, flags: OpenFlags
) -> None:
    run = Run(wire, atomic=atomic, resume=False, verify=verify)

    assert run.flags == (flags | READ if verify else flags)


def test_upload_in_place_follows_a_link_to_what_is_there(wire: Any) -> None:
    run = Run(wire, atomic=False)
    wire.protocol.settle()
    (request,) = wire.sent
    assert isinstance(request, m.Stat)
    assert request.path == "/d/f"
    run.part(code=NO_SUCH_FILE)

    assert run.flags == REPLACE


@pytest.mark.row("F08")
def test_part_that_is_a_link_is_refused(wire: Any) -> None:
    run = Run(wire)
    run.part(size=60, permissions=LINK)

    assert wire.take() == []
    assert isinstance(run.results[0], SFTPTransferError)
    assert "not a regular file" in str(run.results[0])


@pytest.mark.parametrize("code", [DENIED, FAILURE])
def test_part_that_may_not_be_read_is_written_again(wire: Any, code: int) -> None:
    run = Run(wire)
    run.part(size=60, permissions=FILE)
    (request,) = wire.take()
    wire.receive(m.Status(id=request.id, code=code))

    assert run.flags == REPLACE
    assert run.opening.begun == 0


def test_lost_session_is_reported_once(wire: Any) -> None:
    run = Run(wire)
    wire.take()
    wire.protocol.eof()

    assert [type(result) for result in run.results] == [SFTPConnectionLost]


@pytest.mark.row("R09")
def test_nothing_is_opened_when_the_upload_has_failed_meanwhile(wire: Any) -> None:
    run = Run(wire)
    run.opening.stopped = True
    run.part(size=60, permissions=FILE)

    assert wire.take() == []
    assert run.results == []


@pytest.mark.row("R09")
@pytest.mark.parametrize(("begun", "removed"), [(60, False), (0, True)])
def test_file_that_opens_late_is_closed_and_removed_unless_it_has_bytes(
    wire: Any, begun: int, removed: bool
) -> None:
    run = Run(wire)
    run.part(size=begun, permissions=FILE)
    (request,) = wire.take()
    run.opening.stopped = True
    wire.receive(m.Handle(id=request.id, handle=b"h"))

    assert [type(each) for each in wire.take()] == [m.Close, m.Remove][: 1 + removed]
    assert run.results == []


@pytest.mark.row("R09")
def test_refusal_that_comes_late_is_not_reported(wire: Any) -> None:
    run = Run(wire)
    run.part(size=60, permissions=FILE)
    (request,) = wire.take()
    run.opening.stopped = True
    wire.receive(m.Status(id=request.id, code=FAILURE))

    assert run.results == []
