from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import plain
from ssh_transport.ciphers.plain import PlainOpener
from ssh_transport.packets.inbound import Inbound
from ssh_wire import ProtocolError

LIMIT = 262144


def ignore(size: int) -> bytes:
    return plain(b"\x02" + bytes(size))


def payloads(inbound: Inbound) -> list[bytes]:
    found: list[bytes] = []
    while (payload := inbound.next()) is not None:
        found.append(bytes(payload))
    return found


def fill(inbound: Inbound, data: bytes) -> list[bytes]:
    found: list[bytes] = []
    while data:
        room = inbound.get_buffer()
        assert len(room) > 0
        count = min(len(room), len(data))
        room[:count] = data[:count]
        inbound.written(count)
        data = data[count:]
        found += payloads(inbound)
    return found


@given(st.lists(st.integers(0, 30_000), max_size=30), st.integers(1, 50_000))
def test_append_and_buffer_give_same_payloads(sizes: list[int], step: int) -> None:
    stream = b"".join(map(ignore, sizes))
    filled, appended = Inbound(LIMIT), Inbound(LIMIT)
    expected = [b"\x02" + bytes(size) for size in sizes]
    assert fill(filled, stream) == expected
    found: list[bytes] = []
    for at in range(0, len(stream), step):
        appended.append(stream[at : at + step])
        found += payloads(appended)
    assert found == expected
    assert filled.sequence == filled.packets == appended.packets == len(sizes)
    assert filled.octets == appended.octets == len(stream)
    assert filled.pending == 0


def test_buffer_is_small_until_needed() -> None:
    inbound = Inbound(LIMIT)
    assert len(inbound.get_buffer()) == 4096
    fill(inbound, ignore(100))
    assert len(inbound.get_buffer()) == 4096
    fill(inbound, ignore(200_000))
    assert 4096 < len(inbound.get_buffer()) <= 512 * 1024


def test_tail_of_buffer_has_room_for_largest_packet() -> None:
    inbound = Inbound(LIMIT)
    for _ in range(5):
        assert len(fill(inbound, ignore(LIMIT - 12))) == 1
        assert len(inbound.get_buffer()) >= 256 * 1024
        fill(inbound, ignore(50)[:30])
        fill(inbound, ignore(50)[30:])


def test_unread_bytes_are_moved_only_when_tail_is_short() -> None:
    inbound = Inbound(LIMIT)
    fill(inbound, ignore(LIMIT - 20))
    capacity = len(inbound.get_buffer())
    fill(inbound, ignore(10) + ignore(300)[:100])
    assert len(inbound.get_buffer()) == capacity - len(ignore(10)) - 100
    inbound.append(ignore(300)[100:])
    assert payloads(inbound) == [b"\x02" + bytes(300)]


def test_append_of_more_than_buffer_size_is_read() -> None:
    inbound = Inbound(LIMIT)
    inbound.append(ignore(5))
    inbound.append(b"".join(ignore(1000) for _ in range(2000)))
    assert len(payloads(inbound)) == 2001


def test_full_unread_buffer_has_no_tail() -> None:
    inbound = Inbound(LIMIT)
    stream = ignore(4000) * 200
    while len(room := inbound.get_buffer()):
        count = min(len(room), len(stream))
        room[:count] = stream[:count]
        inbound.written(count)
        stream = stream[count:]
    assert inbound.pending == 512 * 1024
    assert len(payloads(inbound)) > 100
    assert len(inbound.get_buffer()) > 0


def test_counters_of_input_start_at_zero_with_new_key() -> None:
    inbound = Inbound(LIMIT)
    fill(inbound, ignore(5))
    inbound.switch(PlainOpener(LIMIT), reset=False)
    assert (inbound.sequence, inbound.packets, inbound.octets) == (1, 0, 0)
    fill(inbound, ignore(5))
    inbound.switch(PlainOpener(LIMIT), reset=True)
    assert inbound.sequence == 0


def test_sequence_number_wraps_only_when_it_is_not_reset() -> None:
    inbound = Inbound(LIMIT)
    inbound.switch(PlainOpener(LIMIT), reset=False)
    inbound.sequence = 2**32 - 1
    assert len(fill(inbound, ignore(5) * 2)) == 2
    assert inbound.sequence == 1
    inbound.switch(PlainOpener(LIMIT), reset=True)
    inbound.sequence = 2**32 - 1
    with pytest.raises(ProtocolError):
        fill(inbound, ignore(5))


def test_closed_input_has_no_packets() -> None:
    inbound = Inbound(LIMIT)
    inbound.append(ignore(5))
    inbound.close()
    assert inbound.pending == 0
    assert inbound.next() is None
