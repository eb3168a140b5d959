from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import WireError
from ssh_wire.binary_packet import PacketReader, pack_packet, packet_padding, unpack_packet


def zeros(count: int) -> bytes:
    return bytes(count)


@given(st.integers(0, 70000), st.sampled_from([8, 16, 32]))
def test_padding_aligns_and_has_at_least_four_bytes(size: int, block: int) -> None:
    padding = packet_padding(size, block)

    assert 4 <= padding <= 255
    assert (size + padding) % block == 0


@given(st.binary(min_size=1, max_size=300))
def test_packed_payload_is_unpacked(payload: bytes) -> None:
    packet = pack_packet(payload, zeros)

    assert len(packet) % 8 == 0
    assert unpack_packet(packet) == payload


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.data())
def test_payloads_do_not_depend_on_the_chunks(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pack_packet(payload, zeros) for payload in payloads)
    reader = PacketReader()

    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]

    assert found == payloads
    assert reader.rest == b""


@pytest.mark.row("T05")
@pytest.mark.parametrize("length", [0, 1, 4, 262_145, 2**31 - 1, 2**32 - 1])
def test_length_out_of_bounds_is_refused_as_soon_as_it_has_arrived(length: int) -> None:
    with pytest.raises(WireError, match="out of bounds"):
        PacketReader().feed(length.to_bytes(4, "big"))


@pytest.mark.row("T06")
def test_unaligned_length_is_refused() -> None:
    with pytest.raises(WireError, match="out of bounds"):
        PacketReader().feed((13).to_bytes(4, "big"))


@pytest.mark.row("T07")
@pytest.mark.parametrize("padding", [0, 3, 11, 12, 255])
def test_padding_out_of_bounds_is_refused(padding: int) -> None:
    with pytest.raises(WireError, match="padding_length"):
        unpack_packet(b"\0\0\0\x0c" + bytes([padding]) + bytes(11))


def test_packet_shorter_than_its_length_is_refused() -> None:
    with pytest.raises(WireError, match="packet_length is 12, 3 bytes follow"):
        unpack_packet(b"\0\0\0\x0c\4ab")
    with pytest.raises(WireError, match="shorter than its header"):
        unpack_packet(b"\0\0")


@pytest.mark.row("W10")
def test_packet_that_arrives_byte_by_byte_is_returned_once() -> None:
    packet = pack_packet(bytes(30000), zeros)
    reader = PacketReader()

    found = [p for i in range(len(packet)) for p in reader.feed(packet[i : i + 1])]

    assert found == [bytes(30000)]


@pytest.mark.row("W10")
def test_ten_thousand_packets_in_one_buffer_are_returned() -> None:
    packets = pack_packet(b"x" * 20, zeros) * 10_000

    assert PacketReader().feed(packets) == [b"x" * 20] * 10_000


def test_taken_packet_leaves_the_rest_unread() -> None:
    reader = PacketReader()
    reader.add(pack_packet(b"one", zeros) + pack_packet(b"two", zeros) + b"\xff" * 20)

    assert reader.take() == b"one"
    assert reader.take() == b"two"
    assert reader.rest == b"\xff" * 20
    reader.add(b"\xff")
    with pytest.raises(WireError, match="out of bounds"):
        reader.take()
