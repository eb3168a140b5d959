from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import Attributes, OpenFlags, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.aio import Rooted
from ssh_sftp.messages import Request
from ssh_wire import Message

OK, EOF, MISSING, DENIED, FAILURE, BAD, UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8
READ = OpenFlags.READ.value
CREATE = (OpenFlags.WRITE | OpenFlags.CREATE).value


def names(path: Path | str) -> list[str]:
    return sorted(found.name for found in Path(path).iterdir())


@pytest.mark.row("F01")
def test_request_before_init_ends_the_session(make_exchange: Any, root: Path, frame: Any) -> None:
    exchange = make_exchange(Rooted(root), start=False)
    with pytest.raises(SFTPProtocolError):
        exchange.raw(frame(m.Stat(id=1, path="/")))


@pytest.mark.row("F01")
def test_init_twice_ends_the_session(exchange: Any, frame: Any) -> None:
    with pytest.raises(SFTPProtocolError):
        exchange.raw(frame(m.Init(version=3)))


@pytest.mark.row("F01")
@pytest.mark.row("P81")
@pytest.mark.parametrize("number", [3, 4, 99])
def test_version_3_answers_newer_ones(
    make_exchange: Any, root: Path, frame: Any, number: int
) -> None:
    exchange = make_exchange(Rooted(root), start=False)
    hello = m.Init(version=number, extensions=(m.ExtensionPair(name="odd@x", data=b"1"),))
    (reply,) = exchange.raw(frame(hello))

    assert m.Version.decode(reply).version == 3


@pytest.mark.row("F01")
@pytest.mark.parametrize("number", [0, 2])
def test_older_versions_end_the_session(
    make_exchange: Any, root: Path, frame: Any, number: int
) -> None:
    exchange = make_exchange(Rooted(root), start=False)
    with pytest.raises(SFTPProtocolError):
        exchange.raw(frame(m.Init(version=number)))


@pytest.mark.row("F02")
@pytest.mark.parametrize("length", [0, 262_145, 2**32 - 1])
def test_lengths_out_of_bounds_end_the_session(exchange: Any, length: int) -> None:
    with pytest.raises(SFTPProtocolError):
        exchange.raw(length.to_bytes(4, "big"))


REQUESTS: list[Request] = [
    m.Open(id=7, path="f", flags=READ),
    m.Close(id=7, handle=b"h"),
    m.Read(id=7, handle=b"h", offset=0, length=1),
    m.Write(id=7, handle=b"h", offset=0, data=b"x"),
    m.LStat(id=7, path="f"),
    m.SetStat(id=7, path="f", attributes=Attributes(size=1)),
    m.OpenDir(id=7, path="/"),
    m.Rename(id=7, old="a", new="b"),
    m.SymLink(id=7, target="a", link="b"),
    m.PosixRename(id=7, old="a", new="b"),
    m.LimitsRequest(id=7),
]


@pytest.mark.row("F03")
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_truncated_or_trailing_request_gets_bad_message(
    make_exchange: Any, root: Path, request_: Request
) -> None:
    payload = request_.encode()
    for cut in range(1, len(payload)):
        exchange = make_exchange(Rooted(root))
        data = cut.to_bytes(4, "big") + payload[:cut]
        if cut < 5:
            with pytest.raises(SFTPProtocolError):
                exchange.raw(data)
        else:
            (reply,) = exchange.raw(data)
            status = m.Status.decode(reply)
            assert status.id == 7
            # a name cut short may be that of another, unknown extension
            assert status.code in ({BAD, UNSUPPORTED} if payload[0] == 200 else {BAD})
    exchange = make_exchange(Rooted(root))
    (reply,) = exchange.raw((len(payload) + 1).to_bytes(4, "big") + payload + b"\0")
    wanted = {FAILURE} if isinstance(request_, m.Write) else {BAD, UNSUPPORTED}
    assert m.Status.decode(reply).code in wanted


def test_bytes_behind_the_data_of_a_write_are_ignored(exchange: Any, root: Path) -> None:
    flags = (OpenFlags.WRITE | OpenFlags.CREATE).value
    handle = exchange.handle(m.Open(id=1, path="f", flags=flags))
    payload = m.Write(id=2, handle=handle, offset=0, data=b"data").encode() + bytes(9000)
    (reply,) = exchange.raw(len(payload).to_bytes(4, "big") + payload)

    assert m.Status.decode(reply).code == OK
    assert (root / "f").read_bytes() == b"data"


@pytest.mark.row("P84")
@pytest.mark.parametrize("number", [21, 77, 101, 105, 201, 255])
def test_unknown_types_are_unsupported(exchange: Any, number: int) -> None:
    (reply,) = exchange.raw(b"\0\0\0\5" + bytes([number]) + b"\0\0\0\x09")

    assert m.Status.decode(reply).code == UNSUPPORTED
    assert m.Status.decode(reply).id == 9


@pytest.mark.row("P84")
def test_unknown_extensions_are_unsupported(exchange: Any) -> None:
    assert exchange.code(m.Extended(id=1, name="odd@example.com", details=b"xyz")) == UNSUPPORTED


@pytest.mark.row("P86")
@settings(deadline=None, max_examples=300)
@given(number=st.integers(0, 255), body=st.binary(max_size=60))
def test_any_packet_gets_one_reply_or_ends_the_session(
    make_exchange: Any, tmp_path_factory: pytest.TempPathFactory, number: int, body: bytes
) -> None:
    exchange = make_exchange(Rooted(tmp_path_factory.getbasetemp(), read_only=True))
    payload = bytes([number]) + body
    try:
        replies = exchange.raw(len(payload).to_bytes(4, "big") + payload)
    except SFTPProtocolError:
        return
    (reply,) = replies
    decoded = m.REPLIES.decode(reply)
    if isinstance(decoded, m.Status):
        assert decoded.code not in {6, 7}


@pytest.mark.row("F04")
@pytest.mark.row("P85")
def test_read_is_bounded(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(bytes(300_000))
    handle = exchange.handle(m.Open(id=1, path="f", flags=READ))

    def read(offset: int, length: int) -> Message:
        reply: Message = exchange.ask(m.Read(id=2, handle=handle, offset=offset, length=length))
        return reply

    whole = read(0, 2**32 - 1)
    assert isinstance(whole, m.Data)
    assert len(whole.data) == 261_120
    tail = read(299_990, 100)
    assert isinstance(tail, m.Data)
    assert len(tail.data) == 10
    for offset, length in ((0, 0), (300_000, 1), (2**63, 1), (2**64 - 1, 1)):
        status = read(offset, length)
        assert isinstance(status, m.Status)
        assert status.code == EOF


@pytest.mark.row("F04")
def test_write_is_bounded(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(b"keep")
    reading = exchange.handle(m.Open(id=1, path="f", flags=READ))
    writing = exchange.handle(m.Open(id=2, path="g", flags=CREATE))

    def write(handle: bytes, offset: int, size: int) -> int:
        code: int = exchange.code(m.Write(id=3, handle=handle, offset=offset, data=bytes(size)))
        return code

    assert write(writing, 0, 261_120) == OK
    assert write(writing, 0, 261_121) == FAILURE
    assert write(writing, 2**64 - 1, 1) in {FAILURE, BAD}
    assert write(reading, 0, 1) == FAILURE
    assert (root / "f").read_bytes() == b"keep"


@pytest.mark.row("F05")
@pytest.mark.row("P83")
def test_unknown_handles_are_refused(exchange: Any, make_exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(b"x")
    file = exchange.handle(m.Open(id=1, path="f", flags=READ))
    directory = exchange.handle(m.OpenDir(id=2, path="/"))
    other = make_exchange(Rooted(root))

    for handle in (b"", b"\0", b"abc", bytes(256)):
        assert exchange.code(m.Read(id=3, handle=handle, offset=0, length=1)) == FAILURE
        assert exchange.code(m.Close(id=3, handle=handle)) == FAILURE
    assert exchange.code(m.ReadDir(id=4, handle=file)) == FAILURE
    assert exchange.code(m.Read(id=5, handle=directory, offset=0, length=1)) == FAILURE
    assert other.code(m.Read(id=6, handle=file, offset=0, length=1)) == FAILURE
    assert exchange.code(m.Close(id=7, handle=file)) == OK
    assert exchange.code(m.Close(id=8, handle=file)) == FAILURE
    assert exchange.handle(m.Open(id=9, path="f", flags=READ)) != file


@pytest.mark.row("F05")
@pytest.mark.parametrize("size", [257, 65_536])
def test_handle_that_is_too_long_ends_the_session(exchange: Any, frame: Any, size: int) -> None:
    with pytest.raises(SFTPProtocolError):
        exchange.raw(frame(m.Close(id=1, handle=bytes(size))))


@pytest.mark.row("F05")
def test_handles_are_bounded_and_closed_with_the_session(exchange: Any, root: Path) -> None:
    (root / "f").write_bytes(b"x")
    gc.collect()
    before = len(names("/proc/self/fd"))
    codes = [exchange.ask(m.Open(id=n, path="f", flags=READ)) for n in range(900)]
    codes += [exchange.ask(m.OpenDir(id=n, path="/")) for n in range(124)]
    assert all(isinstance(reply, m.Handle) for reply in codes)
    assert exchange.code(m.Open(id=1, path="f", flags=READ)) == FAILURE
    assert exchange.code(m.OpenDir(id=1, path="/")) == FAILURE
    exchange.service.close()

    assert exchange.service.open_handles == 0
    assert len(names("/proc/self/fd")) == before


CHANGES: list[Callable[[bytes], Request]] = [
    lambda _: m.Open(id=1, path="new", flags=CREATE),
    lambda _: m.Open(id=1, path="f", flags=OpenFlags.WRITE.value),
    lambda _: m.Open(id=1, path="f", flags=(OpenFlags.READ | OpenFlags.TRUNCATE).value),
    lambda _: m.Open(id=1, path="f", flags=(OpenFlags.READ | OpenFlags.APPEND).value),
    lambda _: m.Open(id=1, path="new", flags=(OpenFlags.READ | OpenFlags.CREATE).value),
    lambda h: m.Write(id=1, handle=h, offset=0, data=b"x"),
    lambda h: m.FSetStat(id=1, handle=h, attributes=Attributes(permissions=0)),
    lambda h: m.FSync(id=1, handle=h),
    lambda _: m.SetStat(id=1, path="f", attributes=Attributes(size=0)),
    lambda _: m.LSetStat(id=1, path="f", attributes=Attributes(atime=0, mtime=0)),
    lambda _: m.MkDir(id=1, path="new"),
    lambda _: m.RmDir(id=1, path="d"),
    lambda _: m.Remove(id=1, path="f"),
    lambda _: m.Rename(id=1, old="f", new="new"),
    lambda _: m.PosixRename(id=1, old="f", new="new"),
    lambda _: m.HardLink(id=1, old="f", new="new"),
    lambda _: m.SymLink(id=1, target="f", link="new"),
    lambda h: m.CopyData(id=1, source=h, target=h),
    lambda _: m.Extended(id=1, name="odd@example.com"),
]


@pytest.mark.row("F07")
@pytest.mark.parametrize("change", CHANGES)
def test_read_only_refuses_every_change(
    make_exchange: Any, root: Path, change: Callable[[bytes], Request]
) -> None:
    (root / "f").write_bytes(b"keep")
    (root / "d").mkdir()
    exchange = make_exchange(Rooted(root, read_only=True))
    handle = exchange.handle(m.Open(id=1, path="f", flags=READ))
    before = (root / "f").stat()

    assert exchange.code(change(handle)) == DENIED
    assert names(root) == ["d", "f"]
    assert (root / "f").stat()[:8] == before[:8]


def test_requests_that_read_are_served_when_nothing_may_change(
    make_exchange: Any, root: Path
) -> None:
    (root / "f").write_bytes(b"keep")
    exchange = make_exchange(Rooted(root, read_only=True))
    handle = exchange.handle(m.Open(id=1, path="f", flags=READ))

    reply = exchange.ask(m.Read(id=2, handle=handle, offset=0, length=9))
    assert isinstance(reply, m.Data)
    assert bytes(reply.data) == b"keep"


@pytest.mark.row("P89")
def test_rename_does_not_overwrite_and_posix_rename_does(exchange: Any, root: Path) -> None:
    (root / "a").write_bytes(b"a")
    (root / "b").write_bytes(b"b")
    (root / "d").mkdir()
    (root / "e").mkdir()

    assert exchange.code(m.Rename(id=1, old="a", new="b")) == FAILURE
    assert exchange.code(m.Rename(id=1, old="d", new="e")) == FAILURE
    assert (root / "b").read_bytes() == b"b"
    assert exchange.code(m.PosixRename(id=1, old="a", new="b")) == OK
    assert exchange.code(m.Rename(id=1, old="d", new="moved")) == OK
    assert exchange.code(m.Rename(id=1, old="b", new="c")) == OK
    assert (root / "c").read_bytes() == b"a"


def test_paused_service_holds_requests_back(exchange: Any, frame: Any) -> None:
    exchange.service.pause()
    assert exchange.raw(frame(m.Stat(id=1, path="/"))) == []
    assert exchange.service.paused
    exchange.service.resume()

    assert len(exchange.replies) == 1
