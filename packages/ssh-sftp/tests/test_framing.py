from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import SFTPProtocolError
from ssh_sftp.framing import PacketReader


def stream(packets: list[bytes]) -> bytes:
    return b"".join(len(packet).to_bytes(4, "big") + packet for packet in packets)


PACKETS = st.lists(st.binary(min_size=1, max_size=9000), max_size=6)


@given(PACKETS, st.lists(st.integers(1, 6000), min_size=1))
def test_packets_are_complete_however_the_stream_is_cut(
    packets: list[bytes], cuts: list[int]
) -> None:
    found: list[bytes] = []
    reader = PacketReader(lambda payload: found.append(bytes(payload)))
    data = memoryview(stream(packets))
    pos = index = 0
    while pos < len(data):
        size = cuts[index % len(cuts)]
        reader.feed(data[pos : pos + size])
        pos, index = pos + size, index + 1

    assert found == packets
    assert not reader.inside_packet


@given(PACKETS, st.integers(1, 5000))
def test_paused_reader_keeps_what_arrives(packets: list[bytes], cut: int) -> None:
    found: list[bytes] = []

    def handler(payload: memoryview) -> None:
        found.append(bytes(payload))
        reader.paused = True

    reader = PacketReader(handler)
    data = memoryview(stream(packets))
    for pos in range(0, len(data), cut):
        reader.feed(data[pos : pos + cut])
    assert len(found) == min(1, len(packets))
    for _ in packets:
        reader.resume()

    assert found == packets


@pytest.mark.row("P80")
@pytest.mark.parametrize("size", [1, 34_000, 262_144])
def test_packet_sizes_within_bounds_are_accepted(size: int) -> None:
    found: list[int] = []
    reader = PacketReader(lambda payload: found.append(len(payload)))
    reader.feed(memoryview(stream([bytes(size)])))

    assert found == [size]


@pytest.mark.row("F02")
@pytest.mark.parametrize("length", [0, 262_145, 2**32 - 1])
@pytest.mark.parametrize("whole", [True, False])
def test_packet_lengths_out_of_bounds_are_refused(length: int, whole: bool) -> None:
    reader = PacketReader(lambda _: None)
    data = length.to_bytes(4, "big")
    if not whole:
        reader.feed(memoryview(data[:3]))
    rest = data if whole else data[3:]
    with pytest.raises(SFTPProtocolError):
        reader.feed(memoryview(rest))

    assert len(reader._buffer) == 4096  # nothing was allocated for it


def test_reader_reports_the_end_inside_a_packet() -> None:
    reader = PacketReader(lambda _: None)
    reader.feed(memoryview(b"\0\0"))

    assert reader.inside_packet
