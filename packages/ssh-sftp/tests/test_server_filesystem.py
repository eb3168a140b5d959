"""File systems of the user's own that are wrong in some way."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ssh_sftp import Attributes, OpenFlags, SFTPError, SFTPPermissionDenied, SFTPUnsupported
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted, SFTPClient, SFTPServer
from ssh_sftp.server.filesystem import FileHandle, FileSystem, check_filesystem
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message, UsageError

READ = OpenFlags.READ.value
WRITE = (OpenFlags.WRITE | OpenFlags.CREATE).value
NAMES = [name for name in vars(FileSystem) if not name.startswith("_") and name != "read_only"]
HANDLE_NAMES = [name for name in vars(FileHandle) if not name.startswith("_")]


def gives(value: object) -> Callable[..., Any]:
    """A method that returns always the same."""

    def method(*_: object) -> Any:
        return value

    return method


def changed(root: Path, **methods: Any) -> Any:
    """A file system like `Rooted` with some methods of the test's."""
    kind: Any = type("Changed", (Rooted,), methods)
    return kind(root)


def opened(root: Path, **methods: Any) -> Any:
    """A file system whose open files have some methods of the test's."""

    class File:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    kind: Any = type("File", (File,), methods)

    def open_file(self: Rooted, path: str, flags: OpenFlags, attributes: Attributes) -> Any:
        return kind(Rooted.open(self, path, flags, attributes))

    return changed(root, open=open_file)


class Log:
    """What the service tells its owner."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Exception]] = []

    def __call__(self, asked: str, error: Exception) -> None:
        self.lines.append((asked, error))


class Told:
    """An exchange with a service, and the faults that it told."""

    def __init__(self, make_exchange: Any, filesystem: Any) -> None:
        self.log = Log()
        self.exchange = make_exchange(filesystem)
        self.exchange.service._on_fault = self.log

    def code(self, request: m.Request) -> int:
        code: int = self.exchange.code(request)
        return code

    def fault(self) -> tuple[str, str]:
        ((asked, error),) = self.log.lines
        return asked, str(error)


def test_file_systems_of_the_package_pass_the_check(root: Path) -> None:
    check_filesystem(Rooted(root))


@pytest.mark.parametrize("name", NAMES)
def test_async_generator_is_refused_before_anything_is_served(root: Path, name: str) -> None:
    async def method(*_: object) -> AsyncIterator[int]:
        yield 1

    with pytest.raises(UsageError, match=f"{name} is an async generator"):
        check_filesystem(changed(root, **{name: method}))


class Partial:
    """A file system that can tell attributes, and nothing else."""

    def stat(self, path: str) -> Attributes:
        return Attributes(size=len(path))


def test_missing_method_is_unsupported_and_reported(make_exchange: Any) -> None:
    check_filesystem(Partial())
    talk = Told(make_exchange, Partial())

    assert isinstance(talk.exchange.ask(m.Stat(id=1, path="f")), m.Attrs)
    assert talk.code(m.MkDir(id=2, path="d")) == 8
    assert "mkdir" in talk.fault()[1]


def test_file_system_without_read_only_is_writable(make_exchange: Any, root: Path) -> None:
    class Writable:
        def __init__(self) -> None:
            self.inner = Rooted(root)

        def open(self, *args: Any) -> Any:
            return self.inner.open(*args)

    handle = Told(make_exchange, Writable()).exchange.handle(m.Open(id=1, path="f", flags=WRITE))
    assert handle


@pytest.mark.parametrize("read_only", [1, "yes", True])
def test_true_value_of_read_only_makes_it_read_only(
    make_exchange: Any, root: Path, read_only: object
) -> None:
    talk = Told(make_exchange, changed(root))
    talk.exchange.service._filesystem.read_only = read_only

    assert talk.code(m.Open(id=1, path="f", flags=WRITE)) == 3
    assert talk.code(m.MkDir(id=2, path="d")) == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("/srv", "Rooted"),
        (Path("/srv"), "Rooted"),
        (Rooted, "class"),
        (object(), "not a FileSystem"),
        (5, "not a FileSystem"),
    ],
)
async def test_object_that_is_not_a_file_system_is_refused(wrong: Any, told: str) -> None:
    _, far = memory_pipes()
    with pytest.raises(UsageError, match=told):
        SFTPServer(far, wrong)


@pytest.mark.parametrize(
    ("name", "value", "request_", "told"),
    [
        ("stat", os.stat_result(range(10)), m.Stat(id=1, path="f"), "stat_result"),
        ("stat", None, m.Stat(id=1, path="f"), "NoneType"),
        ("lstat", {"size": 1}, m.LStat(id=1, path="f"), "dict"),
        ("realpath", b"/f", m.RealPath(id=1, path="f"), "bytes"),
        ("realpath", Path("/f"), m.RealPath(id=1, path="f"), "PosixPath"),
        ("readlink", None, m.ReadLink(id=1, path="f"), "NoneType"),
        ("home", None, m.HomeDirectory(id=1, user="me"), "NoneType"),
        ("home", None, m.ExpandPath(id=1, path="~"), "NoneType"),
        ("statvfs", None, m.StatVFS(id=1, path="f"), "NoneType"),
        ("open", None, m.Open(id=1, path="f", flags=READ), "NoneType"),
        ("open", "text", m.Open(id=1, path="f", flags=READ), "str"),
        ("opendir", ["a", "b"], m.OpenDir(id=1, path="/"), "list"),
        ("stat", Attributes(size=-1), m.Stat(id=1, path="f"), "ATTRS"),
    ],
)
def test_result_of_the_wrong_type_is_reported(
    make_exchange: Any, root: Path, name: str, value: object, request_: m.Request, told: str
) -> None:
    talk = Told(make_exchange, changed(root, **{name: gives(value)}))

    assert talk.code(request_) == 4
    asked, error = talk.fault()
    assert told in error
    assert asked.startswith(type(request_).__name__)
    assert talk.code(m.Stat(id=2, path="missing")) in {2, 4}  # the session goes on


def later(*_: object) -> Any:
    async def work() -> None: ...

    return work()


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("mkdir", m.MkDir(id=1, path="d")),
        ("remove", m.Remove(id=1, path="f")),
        ("rename", m.Rename(id=1, old="f", new="g")),
        ("replace", m.PosixRename(id=1, old="f", new="g")),
        ("setstat", m.SetStat(id=1, path="f", attributes=Attributes(size=0))),
        ("symlink", m.SymLink(id=1, target="f", link="l")),
    ],
)
def test_change_that_is_made_later_is_answered(
    make_exchange: Any, root: Path, name: str, request_: m.Request
) -> None:
    assert Told(make_exchange, changed(root, **{name: later})).code(request_) == 0


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("stat", m.Stat(id=1, path="f")),
        ("realpath", m.RealPath(id=1, path="f")),
        ("home", m.ExpandPath(id=1, path="~/f")),
        ("statvfs", m.StatVFS(id=1, path="f")),
        ("open", m.Open(id=1, path="f", flags=READ)),
        ("opendir", m.OpenDir(id=1, path="/")),
        ("owner_names", m.UsersGroupsByID(id=1, users=b"", groups=b"")),
    ],
)
def test_later_result_of_the_wrong_type_is_a_fault(
    make_exchange: Any, root: Path, name: str, request_: m.Request
) -> None:
    talk = Told(make_exchange, changed(root, **{name: later}))

    assert talk.code(request_) == 4
    assert "NoneType" in talk.fault()[1]


class Ready:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Any:
        yield


def test_later_answer_is_a_fault_where_nothing_can_wait(make_exchange: Any, root: Path) -> None:
    talk = Told(make_exchange, changed(root, mkdir=gives(Ready())))
    talk.exchange.service.run_later = None

    assert talk.code(m.MkDir(id=1, path="d")) == 4
    assert "answers later" in talk.fault()[1]


@pytest.mark.parametrize(
    "error",
    [
        *(RuntimeError("bug"), ValueError("bug"), KeyError("bug"), AssertionError("bug")),
        asyncio.CancelledError("bug"),
    ],
)
@pytest.mark.parametrize("name", ["stat", "open", "opendir", "mkdir", "realpath"])
def test_exception_of_a_method_is_reported(
    make_exchange: Any, root: Path, name: str, error: BaseException
) -> None:
    def broken(*_: object) -> None:
        raise error

    requests: dict[str, m.Request] = {
        "stat": m.Stat(id=1, path="f"),
        "open": m.Open(id=1, path="f", flags=READ),
        "opendir": m.OpenDir(id=1, path="f"),
        "mkdir": m.MkDir(id=1, path="f"),
        "realpath": m.RealPath(id=1, path="f"),
    }
    talk = Told(make_exchange, changed(root, **{name: broken}))

    assert talk.code(requests[name]) == 4
    ((asked, told),) = talk.log.lines
    assert asked == f"{type(requests[name]).__name__} 'f'"
    assert error in {told, told.__cause__}


@pytest.mark.parametrize("path", ["a\0b", "\0"])
def test_path_that_the_system_cannot_have_is_not_a_fault(
    make_exchange: Any, root: Path, path: str
) -> None:
    talk = Told(make_exchange, Rooted(root))

    assert talk.code(m.Stat(id=1, path=path)) == 5
    assert talk.log.lines == []


@pytest.mark.parametrize(
    ("name", "method", "told"),
    [
        ("read", gives("text"), "str"),
        ("read", gives(None), "NoneType"),
        ("read", gives(bytes(11)), "11 bytes"),
        ("read", later, "NoneType"),
        ("write", gives(3), "3"),
        ("stat", gives(None), "NoneType"),
        ("statvfs", gives(()), "tuple"),
    ],
)
def test_wrong_method_of_an_open_file_is_reported(
    make_exchange: Any, root: Path, name: str, method: Any, told: str
) -> None:
    talk = Told(make_exchange, opened(root, **{name: method}))
    handle = talk.exchange.handle(m.Open(id=1, path="f", flags=WRITE | READ))
    requests: dict[str, m.Request] = {
        "read": m.Read(id=2, handle=handle, offset=0, length=10),
        "write": m.Write(id=2, handle=handle, offset=0, data=b"0123456789"),
        "stat": m.FStat(id=2, handle=handle),
        "setstat": m.FSetStat(id=2, handle=handle, attributes=Attributes(size=0)),
        "sync": m.FSync(id=2, handle=handle),
        "statvfs": m.FStatVFS(id=2, handle=handle),
        "close": m.Close(id=2, handle=handle),
    }

    assert talk.code(requests[name]) == 4
    assert told in talk.fault()[1]


def test_write_that_returns_how_much_it_wrote_is_accepted(make_exchange: Any, root: Path) -> None:
    def write(_: object, data: memoryview, offset: int) -> int:
        del offset
        return len(data)

    talk = Told(make_exchange, opened(root, write=write))
    handle = talk.exchange.handle(m.Open(id=1, path="f", flags=WRITE))

    assert talk.code(m.Write(id=2, handle=handle, offset=0, data=b"0123456789")) == 0


@pytest.mark.parametrize("name", HANDLE_NAMES)
def test_open_file_with_async_generators_is_reported_at_once(
    make_exchange: Any, root: Path, name: str
) -> None:
    async def method(*_: object) -> AsyncIterator[int]:
        yield 1

    talk = Told(make_exchange, opened(root, **{name: method}))

    assert talk.code(m.Open(id=1, path="f", flags=WRITE)) == 4
    assert f"{name} is an async generator" in talk.fault()[1]


@pytest.mark.parametrize("entries", [["a", "b"], None, [Path("a")], 5])
def test_listing_of_the_wrong_type_is_reported(
    make_exchange: Any, root: Path, entries: object
) -> None:
    class Directory:
        def read(self, count: int) -> object:
            del count
            return entries

        def close(self) -> None: ...

    talk = Told(make_exchange, changed(root, opendir=gives(Directory())))
    handle = talk.exchange.handle(m.OpenDir(id=1, path="/"))

    assert talk.code(m.ReadDir(id=2, handle=handle)) == 4
    assert "NameEntry" in talk.fault()[1]


def test_exception_of_close_at_the_end_is_reported(make_exchange: Any, root: Path) -> None:
    def broken(_: object) -> None:
        raise RuntimeError

    talk = Told(make_exchange, opened(root, close=broken))
    for number in range(2):
        talk.exchange.handle(m.Open(id=number, path="f", flags=WRITE))
    talk.exchange.service.close()

    assert [asked for asked, _ in talk.log.lines] == ["close", "close"]


async def test_faults_are_logged_with_a_traceback_that_the_client_does_not_get(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def stat(_self: object, path: str) -> Attributes:
        secret = "table users is missing"
        raise LookupError(secret + path)

    def lstat(_self: object, path: str) -> Attributes:
        raise PermissionError(path)

    def readlink(_self: object, path: str) -> str:
        raise NotImplementedError(path)

    near, far = memory_pipes()
    filesystem = changed(root, stat=stat, lstat=lstat, readlink=readlink)
    serving = asyncio.ensure_future(SFTPServer(far, filesystem).serve())
    with caplog.at_level(logging.ERROR, "ssh_sftp.server"):
        async with SFTPClient.from_pipe(near) as sftp:
            for _ in range(30):
                with pytest.raises(SFTPError, match=r"^/x: Failure$"):
                    await sftp.stat("/x")
            with pytest.raises(SFTPPermissionDenied):
                await sftp.lstat("/x")
            with pytest.raises(SFTPUnsupported):
                await sftp.readlink("/x")
    await serving

    assert len(caplog.records) == 20  # a client cannot fill the log
    assert caplog.records[0].getMessage() == "the file system failed at Stat '/x'"
    assert caplog.records[0].exc_info is not None
    assert "not logged" in caplog.records[-1].getMessage()


async def test_internal_failure_of_the_server_ends_the_session(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = memory_pipes()
    server = SFTPServer(far, Rooted(root))
    serving = asyncio.ensure_future(server.serve())

    def broken(_: Message) -> None:
        raise RuntimeError

    async with asyncio.timeout(20):
        async with SFTPClient.from_pipe(near) as sftp:
            monkeypatch.setattr(server._protocol, "_queue", broken)
            with pytest.raises(SFTPError):
                await sftp.stat("/")
        with pytest.raises(RuntimeError):
            await serving
