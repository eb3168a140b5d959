from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPError, SFTPTransferError
from ssh_sftp import messages as m
from ssh_sftp.client.extents import Range, whole
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.limits import ServerLimits
from ssh_sftp.client.part_names import version_of
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.client.striping import StripedFile
from ssh_sftp.client.upload import FileUpload
from ssh_sftp.client.upload_opening import UploadOptions
from ssh_sftp.client.upload_states import LocalSource
from ssh_sftp.messages import Request
from ssh_sftp.numbers import OpenFlags, StatusCode
from ssh_wire import Message

OK, FAILURE, NO_SUCH_FILE = 0, 4, 2
FILE = 0o100644


class Source:
    """A local file in memory."""

    path = "/local"

    def __init__(self, content: bytes, size: int | None = None) -> None:
        self.content = content
        self.closed = False
        self.attributes = Attributes(
            size=len(content) if size is None else size, permissions=FILE, atime=1, mtime=2
        )
        self.version = version_of(self.attributes)
        self.changed = False

    def ranges(self) -> Iterable[Range]:
        return whole(len(self.content))

    def is_unchanged(self) -> bool:
        return not self.changed

    def read(self, length: int, offset: int) -> bytes:
        return self.content[offset : offset + length]

    def close(self) -> None:
        self.closed = True


class Disk:
    """The files of a server that answers in any order."""

    def __init__(self, files: dict[str, bytes] | None = None, seed: int = 0) -> None:
        self.files = {name: bytearray(data) for name, data in (files or {}).items()}
        self.modes: dict[str, int | None] = dict.fromkeys(self.files, 0o100600)
        self.handles: dict[bytes, str] = {}
        self.refuse: type[Request] | None = None
        self.missing = False
        self.random = random.Random(seed)  # noqa: S311 (a test's choice)
        self.log: list[str] = []

    def reply(self, request: Request) -> Message:
        self.log.append(type(request).__name__)
        if self.refuse is type(request):
            return m.Status(id=request.id, code=FAILURE, text="refused")
        answer = getattr(self, type(request).__name__.lower())(request)
        return m.Status(id=request.id, code=OK) if answer is None else answer

    def lstat(self, request: m.LStat) -> Message:
        if request.path not in self.files:
            return m.Status(id=request.id, code=NO_SUCH_FILE)
        size = len(self.files[request.path])
        found = Attributes(size=size, permissions=self.modes[request.path])
        return m.Attrs(id=request.id, attributes=found)

    def stat(self, request: m.Stat) -> Message:
        return self.lstat(m.LStat(id=request.id, path=request.path))

    def read(self, request: m.Read) -> Message:
        file = self.files[self.handles[request.handle]]
        data = bytes(file[request.offset : request.offset + request.length])
        return m.Data(id=request.id, data=data) if data else m.Status(id=request.id, code=1)

    def open(self, request: m.Open) -> Message:
        if self.missing:
            return m.Status(id=request.id, code=NO_SUCH_FILE)
        handle = f"h{len(self.log)}".encode()
        self.handles[handle] = request.path
        if request.path not in self.files or request.flags & OpenFlags.TRUNCATE:
            self.files[request.path] = bytearray()
        self.modes[request.path] = request.attributes.permissions
        return m.Handle(id=request.id, handle=handle)

    def write(self, request: m.Write) -> None:
        file = self.files[self.handles[request.handle]]
        file.extend(bytes(max(0, request.offset - len(file))))
        file[request.offset : request.offset + len(request.data)] = request.data

    def fstat(self, request: m.FStat) -> Message:
        size = len(self.files[self.handles[request.handle]])
        return m.Attrs(id=request.id, attributes=Attributes(size=size, permissions=FILE))

    def fsetstat(self, request: m.FSetStat) -> None:
        if request.attributes.size is not None:
            del self.files[self.handles[request.handle]][request.attributes.size :]
            return
        self.modes[self.handles[request.handle]] = request.attributes.permissions

    def fsync(self, _: m.FSync) -> None: ...

    def close(self, request: m.Close) -> None:
        del self.handles[request.handle]

    def posixrename(self, request: m.PosixRename) -> None:
        self.files[request.new] = self.files.pop(request.old)
        self.modes[request.new] = self.modes.pop(request.old)

    def rename(self, request: m.Rename) -> Message | None:
        if request.new in self.files:
            return m.Status(id=request.id, code=FAILURE)
        self.files[request.new] = self.files.pop(request.old)
        self.modes[request.new] = self.modes.pop(request.old)
        return None

    def remove(self, request: m.Remove) -> None:
        del self.files[request.path]

    def serve(self, wire: Any) -> None:
        waiting: list[Request] = []
        for _ in range(10_000):
            waiting += wire.take()
            if not waiting:
                return
            first = waiting[0]  # writes may be answered in any order, the rest in turn
            writes = [r for r in waiting if isinstance(r, m.Write)]
            chosen = self.random.choice(writes) if isinstance(first, m.Write) else first
            waiting.remove(chosen)
            wire.receive(self.reply(chosen))


def lasting_name(path: str, version: str) -> str:
    return f"{path}.part-{version}"


class Run:
    def __init__(self, wire: Any, source: Source, path: str = "/f", **given: Any) -> None:
        self.ended: list[Exception | None] = []
        self.flow = Flow(100_000, 1_000_000)
        self.scheduler = Scheduler(wire.protocol, self.flow, self.ended.append)
        options: dict[str, Any] = {"atomic": True, "preserve": False, "fsync": False} | given
        numbers = count()

        def part_name(path: str) -> str:
            return f"{path}.part{next(numbers) or ''}"

        if options.pop("resume", False):
            options["lasting_name"] = lasting_name
        made = UploadOptions(part_name=part_name, **options)
        self.source = source
        self.scheduler.add_file(FileUpload(self.scheduler, path, lambda: source, made))


@settings(deadline=None)
@given(
    size=st.integers(0, 300_000),
    block=st.sampled_from([1000, 32_768, 261_120]),
    seed=st.integers(),
    atomic=st.booleans(),
    preserve=st.booleans(),
)
def test_uploaded_bytes_reach_the_server(
    make_wire: Any, size: int, block: int, seed: int, atomic: bool, preserve: bool
) -> None:
    content = random.Random(seed).randbytes(size)  # noqa: S311 (a test's choice)
    wire = make_wire()
    wire.protocol.limits = ServerLimits(max_write=block)
    run = Run(wire, Source(content), atomic=atomic, preserve=preserve, fsync=True)
    disk = Disk(seed=seed)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": content}
    assert disk.handles == {}
    assert run.source.closed
    assert run.flow.outstanding == 0
    assert disk.log.count("FSync") == 1


@pytest.mark.row("R05")
@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize("refused", [m.Write, m.Close, m.PosixRename, m.Open])
def test_upload_that_fails_keeps_the_existing_file(
    wire: Any, size: int, refused: type[Request]
) -> None:
    disk = Disk({"/f": b"before"})
    disk.refuse = refused
    run = Run(wire, Source(bytes(size)))
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert run.ended[0].filename == "/f"
    assert disk.files["/f"] == b"before"
    assert "/f.part" not in disk.files or refused is m.Close
    assert run.source.closed or refused is m.Open
    assert run.flow.outstanding == 0


@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize(
    ("refused", "what"),
    [
        (m.FStat, "the size check"),
        (m.FSetStat, "permissions"),
        (m.FSync, "fsync"),
        (m.LStat, None),
    ],
)
def test_optional_step_that_is_refused_keeps_the_upload(
    wire: Any, size: int, refused: type[Request], what: str | None
) -> None:
    disk = Disk({"/f": b"before"})
    disk.refuse = refused
    run = Run(wire, Source(bytes(size)), fsync=True)
    disk.serve(wire)
    result = run.scheduler.result

    assert run.ended == [None]
    assert disk.files == {"/f": bytes(size)}
    if what is None or (refused is m.FStat and size == 1000):  # a small file needs no check
        assert result.refused == ()
    else:
        assert [(each.path, each.what) for each in result.refused] == [("/f", what)]
        assert str(result.refused[0].cause) == "/f: refused"
    assert result.sizes_checked == int(size > 1000 and refused is not m.FStat)


def test_refused_permissions_and_times_are_reported(wire: Any) -> None:
    disk = Disk()
    disk.refuse = m.FSetStat
    run = Run(wire, Source(b"x"), preserve=True)
    disk.serve(wire)

    assert run.ended == [None]
    assert [each.what for each in run.scheduler.result.refused] == ["permissions and times"]


@pytest.mark.parametrize("told", [None, 7])
def test_size_that_is_not_reported_is_not_checked(
    wire: Any, told: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    run = Run(wire, Source(bytes(200_000)))

    def fstat(request: m.FStat) -> Message:
        return m.Attrs(id=request.id, attributes=Attributes(size=told))

    monkeypatch.setattr(disk, "fstat", fstat)
    disk.serve(wire)

    if told is None:
        assert run.ended == [None]
        assert run.scheduler.result.sizes_checked == 0
    else:
        assert isinstance(run.ended[0], SFTPTransferError)
        assert "holds 7 bytes of 200000" in str(run.ended[0])
        assert disk.files == {}


@pytest.mark.parametrize("extensions", [{}, None])
def test_refused_rename_names_the_option_for_writing_in_place(
    make_wire: Any, extensions: dict[str, bytes] | None
) -> None:
    wire = make_wire(extensions)
    disk = Disk({"/f": b"before"})
    disk.refuse = m.PosixRename if extensions is None else m.Rename
    run = Run(wire, Source(b"after"))
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert "SFTPOptions(atomic=False)" in str(run.ended[0])
    assert "f.part could not be renamed" in str(run.ended[0])
    assert disk.files == {"/f": b"before"}


def test_missing_directory_is_named(wire: Any) -> None:
    run = Run(wire, Source(b"x"), path="/no/such/f")
    disk = Disk()
    disk.missing = True
    disk.serve(wire)

    assert isinstance(run.ended[0], FileNotFoundError)
    assert run.ended[0].filename == "/no/such"


def test_existing_file_is_moved_without_posix_rename(make_wire: Any) -> None:
    wire = make_wire({})
    disk = Disk({"/f": b"before"})
    run = Run(wire, Source(b"after"))
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": b"after"}
    assert disk.log[-3:] == ["Rename", "Rename", "Remove"]


def test_announced_extension_that_is_refused_falls_back(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk({"/f": b"before"})

    def unsupported(request: m.PosixRename) -> Message:
        return m.Status(id=request.id, code=8)

    monkeypatch.setattr(disk, "posixrename", unsupported)
    run = Run(wire, Source(b"after"))
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": b"after"}


def test_replaced_file_keeps_its_mode(wire: Any) -> None:
    disk = Disk({"/f": b"before"})
    Run(wire, Source(b"after"))
    disk.serve(wire)

    assert disk.modes["/f"] == 0o600


def test_small_files_are_written_and_closed_at_once(wire: Any) -> None:
    Run(wire, Source(bytes(1000)))
    stat, opening = wire.take()
    wire.receive(m.Status(id=stat.id, code=NO_SUCH_FILE), m.Handle(id=opening.id, handle=b"h"))

    assert [type(request) for request in wire.take()] == [m.Write, m.Close]


def test_file_that_shrinks_is_reported(wire: Any) -> None:
    disk = Disk()
    run = Run(wire, Source(b"short", size=100))
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "/local" in str(run.ended[0])
    assert disk.files == {}


def test_directory_is_not_replaced(wire: Any) -> None:
    disk = Disk({"/f": b""})
    disk.modes["/f"] = 0o040755
    run = Run(wire, Source(b"x"))
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert disk.files == {"/f": b""}


def test_local_file_that_does_not_open_is_reported(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(wire, Source(b""))
    (job,) = run.scheduler._files
    assert isinstance(job, FileUpload)

    def missing() -> Source:
        raise FileNotFoundError(2, "No such file", "/local")

    monkeypatch.setattr(job._local, "_open", missing)
    Disk().serve(wire)

    assert isinstance(run.ended[0], FileNotFoundError)


@pytest.mark.row("R09")
@pytest.mark.parametrize("answered", range(6))
def test_cancel_at_any_step_leaves_no_partial_file(wire: Any, answered: int) -> None:
    disk = Disk({"/f": b"before"})
    run = Run(wire, Source(bytes(200_000)))
    waiting: list[Request] = wire.take()
    for _ in range(answered):
        wire.receive(disk.reply(waiting.pop(0)))
        waiting += wire.take()
    run.scheduler.cancel()
    for request in waiting:
        wire.receive(disk.reply(request))
    disk.serve(wire)

    assert len(run.ended) == 1
    assert disk.files == {"/f": bytearray(b"before")} or disk.files == {"/f": bytes(200_000)}
    assert run.flow.outstanding == 0


def test_upload_ends_when_the_connection_is_lost(wire: Any) -> None:
    run = Run(wire, Source(bytes(200_000)))
    stat, opening = wire.take()
    wire.receive(m.Status(id=stat.id, code=NO_SUCH_FILE), m.Handle(id=opening.id, handle=b"h"))
    wire.protocol.eof()

    assert isinstance(run.ended[0], ConnectionError)
    assert run.flow.outstanding == 0
    assert run.source.closed


# ---------------------------------------------------------------- resume and verify

CONTENT = random.Random(16).randbytes(300_000)  # noqa: S311 (a test's content)
PART = "/f.part-300000 2"


@pytest.mark.row("R06")
@pytest.mark.parametrize(
    ("left", "resumed"),
    [
        (CONTENT[:100_000], 100_000),
        (CONTENT, 300_000),
        (b"other", 0),
        (CONTENT + b"x", 0),
        (b"", 0),
    ],
)
def test_upload_goes_on_from_what_is_equal(wire: Any, left: bytes, resumed: int) -> None:
    disk = Disk({"/f": b"before", PART: left})
    run = Run(wire, Source(CONTENT), resume=True)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": CONTENT}
    assert run.scheduler.result.resumed == resumed
    assert disk.handles == {}


class Unreadable(Disk):
    """A server that opens a file for reading too, and refuses to read: `rclone serve sftp`."""

    def __init__(self, code: StatusCode) -> None:
        super().__init__({"/f": b"before", PART: CONTENT[:100_000]})
        self._code = code

    def read(self, request: m.Read) -> Message:
        return m.Status(id=request.id, code=self._code.value)


@pytest.mark.row("R06")
@pytest.mark.parametrize("code", [StatusCode.OK, StatusCode.FAILURE, StatusCode.OP_UNSUPPORTED])
def test_part_that_the_server_does_not_read_is_written_again(wire: Any, code: StatusCode) -> None:
    disk = Unreadable(code)
    run = Run(wire, Source(CONTENT), resume=True)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": CONTENT}
    assert run.scheduler.result.resumed == 0
    assert disk.handles == {}


@pytest.mark.row("R06")
def test_local_file_that_changes_while_it_is_read_is_an_error_and_leaves_no_part(
    wire: Any,
) -> None:
    source = Source(CONTENT)
    source.changed = True
    disk = Disk({"/f": b"before"})
    run = Run(wire, source, resume=True)
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert disk.files == {"/f": b"before"}


@pytest.mark.row("R07")
def test_part_of_an_upload_ends_before_the_first_block_that_was_refused(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.protocol.limits = ServerLimits(max_write=50_000)
    disk = Disk()
    write = disk.write

    def full(request: m.Write) -> Message | None:
        if request.offset == 100_000:
            return m.Status(id=request.id, code=FAILURE, text="No space left on device")
        write(request)
        return None

    monkeypatch.setattr(disk, "write", full)
    run = Run(wire, Source(CONTENT), resume=True)
    run.flow.limit = 1_000_000
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert disk.files == {PART: CONTENT[:100_000]}
    assert disk.handles == {}


@pytest.mark.row("R07")
def test_part_that_cannot_be_cut_is_removed(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()

    def refused(request: m.Write | m.FSetStat) -> Message:
        return m.Status(id=request.id, code=FAILURE)

    monkeypatch.setattr(disk, "write", refused)
    monkeypatch.setattr(disk, "fsetstat", refused)
    run = Run(wire, Source(CONTENT), resume=True)
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert disk.files == {}


@pytest.mark.row("R09")
@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("answered", range(8))
def test_cancel_at_any_step_leaves_a_part_without_gaps(
    wire: Any, answered: int, verify: bool
) -> None:
    disk = Disk({"/f": b"before", PART: CONTENT[:100_000]})
    run = Run(wire, Source(CONTENT), resume=True, verify=verify)
    waiting: list[Request] = wire.take()
    for _ in range(answered):
        wire.receive(disk.reply(waiting.pop(0)))
        waiting += wire.take()
    run.scheduler.cancel()
    for request in waiting:
        wire.receive(disk.reply(request))
    disk.serve(wire)

    assert len(run.ended) == 1
    assert run.flow.outstanding == 0
    assert disk.handles == {}
    assert bytes(disk.files["/f"]) in {b"before", CONTENT}
    if PART in disk.files:
        assert len(disk.files[PART]) >= 100_000
        assert CONTENT.startswith(disk.files[PART])


@pytest.mark.row("R09")
@pytest.mark.parametrize("renames", [True, False])
def test_cancel_while_the_file_gets_its_name_waits_for_the_answer(
    wire: Any, renames: bool
) -> None:
    disk = Disk({"/f": b"before"})
    run = Run(wire, Source(b"after"))
    for _ in range(3):
        for request in wire.take():
            if isinstance(request, m.PosixRename):
                run.scheduler.cancel()
                disk.refuse = None if renames else m.PosixRename
            wire.receive(disk.reply(request))
    disk.serve(wire)

    assert len(run.ended) == 1
    assert disk.files == {"/f": b"after" if renames else b"before"}


@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_verified_upload_compares_all_bytes(wire: Any, size: int) -> None:
    disk = Disk()
    run = Run(wire, Source(CONTENT[:size]), verify=True)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": CONTENT[:size]}
    assert run.scheduler.result.verified == 1


@pytest.mark.parametrize("resume", [True, False])
def test_upload_whose_content_differs_does_not_get_its_name(
    wire: Any, resume: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk({"/f": b"before"})
    write = disk.write

    def damaged(request: m.Write) -> None:
        write(m.Write(id=0, handle=request.handle, offset=request.offset, data=b"x" * 10))

    monkeypatch.setattr(disk, "write", damaged)
    run = Run(wire, Source(CONTENT[:10]), verify=True, resume=resume)
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPTransferError)
    assert "differs from the local file" in str(run.ended[0])
    assert disk.files == {"/f": b"before"}
    assert disk.handles == {}


@pytest.mark.parametrize("resume", [False, True])
def test_verification_that_is_refused_is_an_error(wire: Any, resume: bool) -> None:
    disk = Disk({"/f": b"before", PART: CONTENT[:1000]})
    disk.refuse = m.Read
    run = Run(wire, Source(CONTENT), verify=True, resume=resume)
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert disk.files["/f"] == b"before"
    assert disk.handles == {}


def test_holes_of_a_local_file_are_not_sent(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(100_000) + b"data" + bytes(100_000)
    source = Source(content)
    monkeypatch.setattr(source, "ranges", lambda: [(100_000, 100_004)])
    disk = Disk()
    run = Run(wire, source, sparse=True)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": content}
    assert disk.log.count("Write") == 2  # the data, and the last byte


# ---------------------------------------------------------------- several sessions


class FakeStripes:
    """The further sessions of an upload, as far as the upload knows them."""

    count = 2

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.file: StripedFile | None = None
        self.ranges: list[tuple[int, int]] = []
        self.stopped = 0

    def begin(self, file: StripedFile, ranges: list[tuple[int, int]]) -> None:
        self.file = file
        self.ranges = ranges

    def write(self) -> None:
        """Do what the sessions do."""
        assert self.file is not None
        for begin, end in self.ranges:
            content = self.disk.files[self.file.path]
            content.extend(bytes(max(0, end - len(content))))
            content[begin:end] = self.file.source.read(end - begin, begin)
            self.file.sent(end - begin)

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssh_sftp.client.striping._LEAST", 50_000)


@pytest.mark.usefixtures("short_ranges")
def test_upload_waits_for_the_ranges_of_other_sessions(wire: Any) -> None:
    disk = Disk({"/f": b"before"})
    stripes = FakeStripes(disk)
    run = Run(wire, Source(CONTENT), stripes=stripes)
    disk.serve(wire)
    assert run.ended == []
    assert stripes.ranges == [(100_000, 200_000), (200_000, 300_000)]
    stripes.write()
    assert stripes.file is not None
    stripes.file.done(None)
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files == {"/f": CONTENT}
    assert disk.handles == {}
    assert stripes.stopped == 0


@pytest.mark.usefixtures("short_ranges")
def test_range_that_fails_ends_the_upload(wire: Any) -> None:
    disk = Disk({"/f": b"before"})
    stripes = FakeStripes(disk)
    run = Run(wire, Source(CONTENT), stripes=stripes)
    disk.serve(wire)
    assert stripes.file is not None
    stripes.file.done(SFTPError("no", "/f"))
    disk.serve(wire)

    assert isinstance(run.ended[0], SFTPError)
    assert disk.files == {"/f": b"before"}
    assert stripes.stopped == 1


@pytest.mark.row("R09")
@pytest.mark.usefixtures("short_ranges")
def test_cancelled_upload_stops_the_other_sessions_and_waits_for_them(wire: Any) -> None:
    disk = Disk({"/f": b"before"})
    stripes = FakeStripes(disk)
    run = Run(wire, Source(CONTENT), stripes=stripes)
    disk.serve(wire)
    run.scheduler.cancel()
    disk.serve(wire)
    assert run.ended == []
    assert stripes.stopped == 1
    assert stripes.file is not None
    stripes.file.done(SFTPError("cancelled"))
    disk.serve(wire)

    assert len(run.ended) == 1
    assert disk.files == {"/f": b"before"}


def test_old_file_that_cannot_be_removed_is_reported(make_wire: Any) -> None:
    wire = make_wire({})
    disk = Disk({"/f": b"before"})
    disk.refuse = m.Remove
    run = Run(wire, Source(b"after"))
    disk.serve(wire)

    assert run.ended == [None]
    assert disk.files["/f"] == b"after"
    assert [each.what for each in run.scheduler.result.refused] == ["removing the old file"]


def test_local_file_that_is_closed_is_not_read() -> None:
    local = LocalSource(lambda: Source(b"x"))
    with pytest.raises(SFTPTransferError, match="not open"):
        _ = local.source
