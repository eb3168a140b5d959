from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_sftp import SFTPError, SFTPProtocolError
from ssh_sftp import messages as m
from ssh_sftp.client.readahead import ReadAhead
from ssh_sftp.messages import Request
from ssh_wire import Message


def server(content: bytes, seed: int) -> Any:
    choose = random.Random(seed)  # noqa: S311 (a test's choice)

    def reply(request: Request) -> Message:
        assert isinstance(request, m.Read)
        data = content[request.offset : request.offset + request.length]
        if not data:
            return m.Status(id=request.id, code=1)
        short = choose.random() < 0.3
        return m.Data(id=request.id, data=data[: choose.randint(1, len(data))] if short else data)

    return reply


def read(wire: Any, ahead: ReadAhead, reply: Any, offset: int, size: int) -> bytes:
    ahead.prepare(offset, size)
    for _ in range(10_000):
        data = ahead.take(offset, size)
        if data is not None:
            return data
        waiting = wire.take()
        random.Random(offset).shuffle(waiting)  # noqa: S311 (a test's choice)
        for request in waiting:
            wire.receive(reply(request))
    raise AssertionError


@settings(deadline=None)
@given(
    seed=st.integers(),
    size=st.integers(0, 300_000),
    reads=st.lists(
        st.tuples(st.booleans(), st.integers(0, 310_000), st.integers(1, 90_000)), max_size=12
    ),
)
def test_reads_give_what_the_file_holds(
    make_wire: Any, seed: int, size: int, reads: list[tuple[bool, int, int]]
) -> None:
    content = random.Random(seed).randbytes(size)  # noqa: S311 (a test's choice)
    wire = make_wire()
    reply = server(content, seed)
    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)
    position = 0
    for onwards, offset, length in reads:
        start = position if onwards else offset
        data = read(wire, ahead, reply, start, length)
        assert data == content[start : start + length]
        position = start + len(data)


def test_sequential_reads_request_ahead(wire: Any) -> None:
    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)
    reply = server(bytes(10**6), 1)
    read(wire, ahead, reply, 0, 1000)
    assert wire.take() == []
    ahead.prepare(1000, 1000)

    assert len(wire.take()) >= 1


def test_error_of_a_block_is_raised_at_its_position(wire: Any) -> None:
    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)
    ahead.prepare(0, 10)
    wire.receive(m.Status(id=wire.take()[0].id, code=4, text="bad"))
    with pytest.raises(SFTPError, match="/f: bad"):
        ahead.take(0, 10)


@pytest.mark.row("F11")
def test_data_of_too_many_bytes_ends_the_session(wire: Any) -> None:
    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)
    ahead.prepare(0, 10)
    with pytest.raises(SFTPProtocolError):
        wire.receive(m.Data(id=wire.take()[0].id, data=bytes(11)))
    with pytest.raises(SFTPProtocolError):
        ahead.take(0, 10)
    ahead.prepare(5, 10)
    with pytest.raises(SFTPProtocolError):
        ahead.take(5, 10)


@pytest.mark.row("F11")
@pytest.mark.parametrize("has", [0, 4])
def test_data_of_no_bytes_ends_a_read(wire: Any, has: int) -> None:
    def reply(request: Request) -> Message:
        assert isinstance(request, m.Read)
        return m.Data(
            id=request.id, data=bytes(has)[request.offset : request.offset + request.length]
        )

    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)

    assert read(wire, ahead, reply, 0, 10) == bytes(has)
    assert read(wire, ahead, reply, has, 10) == b""


def test_read_at_the_end_asks_again(wire: Any) -> None:
    ahead = ReadAhead(wire.protocol, b"h", "/f", lambda: None)
    assert read(wire, ahead, server(b"ab", 1), 0, 2) in {b"ab", b"a"}
    assert read(wire, ahead, server(b"ab", 1), 2, 5) == b""

    assert read(wire, ahead, server(b"abc", 1), 2, 5) == b"c"
