from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import SFTPConnectionLost, SFTPError, SFTPPermissionDenied
from ssh_sftp import messages as m
from ssh_sftp.client.writebehind import WriteBehind
from ssh_sftp.messages import Request
from ssh_wire import Message


def behind_on(wire: Any) -> WriteBehind:
    return WriteBehind(wire.protocol, b"h", "/f", lambda: None)


def ok(request: Request) -> Message:
    return m.Status(id=request.id, code=0)


@given(
    pieces=st.lists(
        st.tuples(
            st.integers(0, 100_000), st.binary(min_size=1, max_size=200), st.integers(1, 400)
        ),
        max_size=12,
    )
)
def test_blocks_have_the_bytes_of_the_writes_in_order(
    make_wire: Any, pieces: list[tuple[int, bytes, int]]
) -> None:
    wire = make_wire()
    behind = behind_on(wire)
    content, got = bytearray(300_000), bytearray(300_000)
    position = 0
    for jump, data, times in pieces:
        block = data * times
        position = jump if jump % 3 == 0 else position
        content[position : position + len(block)] = block
        view = memoryview(bytearray(block))
        if not behind.hold(view, position):
            behind.put(view, position)
        view[:] = bytes(len(view))  # the caller may change it
        position += len(block)
    behind.push()
    for request in wire.take():
        assert isinstance(request, m.Write)
        assert len(request.data) <= wire.protocol.write_block
        got[request.offset : request.offset + len(request.data)] = request.data
        wire.receive(ok(request))

    assert got == content
    assert behind.idle


def test_first_refusal_is_raised_once_and_discards_what_is_held(make_wire: Any) -> None:
    wire = make_wire()
    behind = behind_on(wire)
    behind.put(memoryview(b"x" * 100_000), 0)
    sent = wire.take()
    assert len(sent) == 3
    assert not behind.settled
    wire.receive(ok(sent[0]), *(m.Status(id=each.id, code=3, text="no") for each in sent[1:]))
    assert behind.settled
    assert not behind.hold(memoryview(b"y"), 100_000)
    with pytest.raises(SFTPPermissionDenied, match="/f"):
        behind.check()

    behind.check()
    behind.push()
    assert behind.idle
    assert wire.take() == []


def test_end_of_the_session_settles_all_writes(make_wire: Any) -> None:
    wire = make_wire()
    behind = behind_on(wire)
    behind.put(memoryview(b"x" * 9_000_000), 0)
    assert behind.full
    wire.protocol.fail(SFTPConnectionLost("gone"))
    assert behind.settled
    with pytest.raises(SFTPConnectionLost):
        behind.check()


def test_waiter_that_is_broken_reports_the_error(make_wire: Any) -> None:
    told: list[bool] = []
    behind = WriteBehind(make_wire().protocol, b"h", "/f", lambda: told.append(True))
    behind.broken(SFTPError("broken"))
    assert told
    assert not behind.idle
    with pytest.raises(SFTPError, match="broken"):
        behind.check()
