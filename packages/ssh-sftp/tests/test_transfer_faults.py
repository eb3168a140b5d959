"""Transfers under replies in any order, short reads, errors, late writes, cancels and losses.

The core has a small model of a server on one side, and one of a local disk on the other.
Whatever happens, no file has a wrong byte under its name, what is left for a later attempt has no
gaps, everything is counted back, and a later attempt without faults completes every file.
"""

from __future__ import annotations

import errno
import random
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, SFTPOptions
from ssh_sftp import messages as m
from ssh_sftp.client.download import FileDownload, download_checks
from ssh_sftp.client.extents import Range, whole
from ssh_sftp.client.flow import Flow
from ssh_sftp.client.part_names import PartNames, version_of
from ssh_sftp.client.scheduler import Job, Scheduler
from ssh_sftp.client.storage import OnFinished, OnWritten
from ssh_sftp.client.upload import FileUpload
from ssh_sftp.client.upload_opening import UploadOptions
from ssh_sftp.messages import Request
from ssh_wire import Message

OK, EOF, NO_SUCH_FILE, FAILURE = 0, 1, 2, 4
REGULAR: Final = 0o100644
STEPS: Final = 20_000
FAULTS: Final = ("none", "cancel", "lost")


class Faults:
    """What goes wrong in one attempt."""

    def __init__(self, seed: int, rate: float, short: bool, event: str, at: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a test's choice)
        self.rate = rate
        self.short = short
        self.event = event
        self.at = at

    def strikes(self) -> bool:
        return self.random.random() < self.rate


NOTHING: Final = Faults(0, 0, False, "none", 0)


class Server:
    """The files of a server; requests about one handle other than READ are taken in order."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {path: bytearray(content) for path, content in files.items()}
        self.handles: dict[bytes, bytearray] = {}
        self.opened = 0

    def forget_handles(self) -> None:
        self.handles.clear()

    def reply(self, request: Request, faults: Faults) -> Message:
        refused = faults.strikes() and not isinstance(request, m.Close | m.Remove | m.FSetStat)
        if refused:
            return m.Status(id=request.id, code=FAILURE, text="refused")
        answer = getattr(self, type(request).__name__.lower())(request, faults)
        return m.Status(id=request.id, code=OK) if answer is None else answer

    def stat(self, request: Any, _: Faults) -> Message:
        content = self.files.get(request.path)
        if content is None:
            return m.Status(id=request.id, code=NO_SUCH_FILE)
        found = Attributes(size=len(content), permissions=REGULAR)
        return m.Attrs(id=request.id, attributes=found)

    lstat = stat

    def open(self, request: m.Open, _: Faults) -> Message:
        flags = request.flags
        there = request.path in self.files
        if (flags & 0x20 and there) or (not flags & 0x08 and not there):
            return m.Status(id=request.id, code=FAILURE if there else NO_SUCH_FILE)
        if not there or flags & 0x10:
            self.files[request.path] = bytearray()
        self.opened += 1
        handle = b"h%d" % self.opened
        self.handles[handle] = self.files[request.path]
        return m.Handle(id=request.id, handle=handle)

    def read(self, request: m.Read, faults: Faults) -> Message:
        data = self.handles[request.handle][request.offset : request.offset + request.length]
        if not data:
            return m.Status(id=request.id, code=EOF)
        if faults.short:
            data = data[: faults.random.randint(1, len(data))]
        return m.Data(id=request.id, data=bytes(data))

    def write(self, request: m.Write, _: Faults) -> None:
        content = self.handles[request.handle]
        content.extend(bytes(max(0, request.offset - len(content))))
        content[request.offset : request.offset + len(request.data)] = request.data

    def fstat(self, request: m.FStat, _: Faults) -> Message:
        size = len(self.handles[request.handle])
        return m.Attrs(id=request.id, attributes=Attributes(size=size, permissions=REGULAR))

    def fsetstat(self, request: m.FSetStat, _: Faults) -> None:
        if request.attributes.size is not None:
            del self.handles[request.handle][request.attributes.size :]

    def close(self, request: m.Close, _: Faults) -> None:
        del self.handles[request.handle]

    def posixrename(self, request: m.PosixRename, _: Faults) -> Message | None:
        if request.old not in self.files:
            return m.Status(id=request.id, code=NO_SUCH_FILE)
        self.files[request.new] = self.files.pop(request.old)
        return None

    def remove(self, request: m.Remove, _: Faults) -> None:
        self.files.pop(request.path, None)


class LocalDisk:
    """Local files; some writes are done later."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.files: dict[str, bytes] = {}
        self.parts: dict[str, bytearray] = {}
        self.later: deque[Callable[[], None]] = deque()

    def do(self, work: Callable[[], None]) -> None:
        """Do some work now, or behind the work that waits."""
        if self.later or self.faults.random.random() < self.faults.rate:
            self.later.append(work)
        else:
            work()


class Part:
    """A file that is being downloaded."""

    def __init__(self, disk: LocalDisk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._failed_at: int | None = None
        self._content = bytearray()
        self._waiting = 0
        self._leaving: Callable[[], None] | None = None

    def resume(self) -> int:
        self._content = self._disk.parts.setdefault(self._name, bytearray())
        return len(self._content)

    def restart(self) -> None:
        self._content.clear()

    def read(self, length: int, offset: int) -> bytes:
        return bytes(self._content[offset : offset + length])

    def write(self, data: memoryview, offset: int, written: OnWritten) -> None:
        copy = bytes(data)

        def work() -> None:
            self._waiting -= 1
            error = None
            if self._disk.faults.strikes():
                error = OSError(errno.ENOSPC, "No space left on device", self._name)
                known = self._failed_at
                self._failed_at = offset if known is None else min(offset, known)
            else:
                self._content.extend(bytes(max(0, offset - len(self._content))))
                self._content[offset : offset + len(copy)] = copy
            self._leave()
            written(len(copy), error)

        self._waiting += 1
        self._disk.do(work)

    def finish(self, finished: OnFinished) -> None:
        def work() -> None:
            self._disk.files[self._name] = bytes(self._content)
            self._disk.parts.pop(self._name, None)
            finished(None)

        self._disk.do(work)

    def discard(self) -> None:
        self._leaving = self._remove
        self._leave()

    def _remove(self) -> None:
        self._disk.parts.pop(self._name, None)

    def keep(self) -> None:
        self._leaving = self._cut
        self._leave()

    def _leave(self) -> None:
        if self._leaving is not None and not self._waiting:
            self._leaving()

    def _cut(self) -> None:
        if self._failed_at is not None:
            del self._content[self._failed_at :]


class Source:
    """A local file that is being uploaded."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self._content = content
        self.attributes = Attributes(size=len(content), permissions=REGULAR, atime=1, mtime=2)
        self.version = version_of(self.attributes)

    def ranges(self) -> Iterable[Range]:
        return whole(len(self._content))

    def is_unchanged(self) -> bool:
        return True

    def read(self, length: int, offset: int) -> bytes:
        return self._content[offset : offset + length]

    def close(self) -> None: ...


class Attempt:
    """One run of the scheduler to its end."""

    def __init__(self, wire: Any, faults: Faults) -> None:
        self.wire = wire
        self.faults = faults
        self.ended: list[Exception | None] = []
        self.flow = Flow(100_000, 1_000_000)
        self.scheduler = Scheduler(wire.protocol, self.flow, self.ended.append, stop=False)
        self.waiting: list[Request] = []

    def run(self, jobs: list[Job], server: Server, disk: LocalDisk | None = None) -> None:
        for job in jobs:
            self.scheduler.add_file(job)
        for step in range(STEPS):
            self.waiting += self.wire.take()
            if step == self.faults.at:
                self._strike(server)
            if disk is not None and disk.later and self.faults.random.random() < 0.5:
                disk.later.popleft()()
                continue
            if not self.waiting:
                if disk is None or not disk.later:
                    break
                disk.later.popleft()()
                continue
            request = self._next()
            self.wire.receive(server.reply(request, self.faults))
        self.wire.take()

    def _strike(self, server: Server) -> None:
        if self.faults.event == "cancel":
            self.scheduler.cancel()
        elif self.faults.event == "lost":
            self.waiting.clear()
            self.wire.protocol.eof()
            if self.wire.protocol.error is not None:
                self.scheduler.lost(self.wire.protocol.error)
            self.wire.take()
            server.forget_handles()

    def _next(self) -> Request:
        """Take any request that the server may handle now (draft section 6.1)."""
        index = self.faults.random.randrange(len(self.waiting))
        chosen = self.waiting[index]
        if not isinstance(chosen, m.Read):  # what concerns one file is handled in order
            index = 0
            chosen = self.waiting[0]
        return self.waiting.pop(index)


FAULTY = st.builds(
    Faults,
    seed=st.integers(0, 1 << 32),
    rate=st.sampled_from([0.0, 0.01, 0.1]),
    short=st.booleans(),
    event=st.sampled_from(FAULTS),
    at=st.integers(1, 60),
)
SIZES = st.lists(st.integers(0, 300_000), min_size=1, max_size=4)


def contents(sizes: list[int], seed: int) -> dict[str, bytes]:
    chosen = random.Random(seed)  # noqa: S311 (a test's content)
    return {f"/f{number}": chosen.randbytes(size) for number, size in enumerate(sizes)}


def downloads(
    attempt: Attempt, disk: LocalDisk, files: dict[str, bytes], options: SFTPOptions
) -> list[Job]:
    made: list[Job] = []
    for path, content in files.items():
        part = Part(disk, path)
        source = Attributes(size=len(content), permissions=REGULAR)
        checks = download_checks(options, part, source)
        job = FileDownload(attempt.scheduler, path, len(content), part, checks)
        made.append(job)
    return made


@pytest.mark.row("R06")
@pytest.mark.row("R08")
@pytest.mark.row("R09")
@settings(deadline=None, max_examples=150)
@given(sizes=SIZES, faults=FAULTY, resume=st.booleans(), verify=st.booleans())
def test_downloads_never_have_a_wrong_byte(
    make_wire: Any, sizes: list[int], faults: Faults, resume: bool, verify: bool
) -> None:
    files = contents(sizes, faults.at)
    server, disk = Server(files), LocalDisk(faults)
    options = SFTPOptions(resume=resume, verify=verify)
    attempt = Attempt(make_wire(), faults)
    attempt.run(downloads(attempt, disk, files, options), server, disk)

    assert len(attempt.ended) == 1
    assert attempt.flow.outstanding == 0
    assert attempt.wire.protocol.outstanding == 0
    assert server.handles == {}
    assert all(files[path] == content for path, content in disk.files.items())
    assert all(files[path].startswith(content) for path, content in disk.parts.items())
    if not resume:
        assert disk.parts == {}

    disk.faults = NOTHING
    again = Attempt(make_wire(), NOTHING)
    left = {path: content for path, content in files.items() if path not in disk.files}
    if left:
        again.run(downloads(again, disk, left, options), server, disk)
        assert again.ended == [None]
    assert disk.files == files
    assert disk.parts == {}


def uploads(attempt: Attempt, files: dict[str, bytes], options: UploadOptions) -> list[Job]:
    return [
        FileUpload(attempt.scheduler, path, partial(Source, path, content), options)
        for path, content in files.items()
    ]


@pytest.mark.row("R06")
@pytest.mark.row("R08")
@pytest.mark.row("R09")
@settings(deadline=None, max_examples=150)
@given(sizes=SIZES, faults=FAULTY, resume=st.booleans(), verify=st.booleans())
def test_uploads_never_have_a_wrong_byte(
    make_wire: Any, sizes: list[int], faults: Faults, resume: bool, verify: bool
) -> None:
    files = contents(sizes, faults.at)
    before = dict.fromkeys(files, b"before")
    server = Server(before)
    names = PartNames("1")
    options = UploadOptions(
        atomic=True,
        preserve=False,
        fsync=False,
        part_name=names.unique,
        lasting_name=names.lasting if resume else None,
        verify=verify,
    )
    attempt = Attempt(make_wire(), faults)
    attempt.run(uploads(attempt, files, options), server)

    assert len(attempt.ended) == 1
    assert attempt.flow.outstanding == 0
    assert attempt.wire.protocol.outstanding == 0
    assert server.handles == {}
    for path, content in server.files.items():
        name = path.partition(".part-")[0]
        if path in files:
            assert bytes(content) in {b"before", files[path]}
        else:
            assert resume or faults.event == "lost"
            # a server that is lost behind a WRITE that it refused may keep a gap: the next attempt
            # finds it by comparison
            gap = faults.event == "lost" and faults.rate > 0
            assert gap or files[name].startswith(content)

    again = Attempt(make_wire(), NOTHING)
    left = {
        path: content for path, content in files.items() if bytes(server.files[path]) != content
    }
    if left:
        again.run(uploads(again, left, options), server)
        assert again.ended == [None]
    assert all(server.files[path] == content for path, content in files.items())
