from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire.dissect.links import ACK, SYN, Address, Segment
from ssh_wire.dissect.tcp import Gap, TCPConnections, TCPStream

A, B = Address(b"\x0a\0\0\1", 50022), Address(b"\x0a\0\0\2", 22)


@given(
    st.binary(min_size=1, max_size=80),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.integers(0, 79), st.integers(1, 30)), max_size=20),
    st.randoms(use_true_random=False),
)
def test_segments_in_any_order_repeated_and_overlapping_are_joined(
    content: bytes, start: int, extra: list[tuple[int, int]], random: Random
) -> None:
    pieces = [(pos, content[pos : pos + 7]) for pos in range(0, len(content), 7)]
    pieces += [(pos, content[pos : pos + size]) for pos, size in extra]
    random.shuffle(pieces)
    stream = TCPStream()

    found = stream.feed(start - 1, b"", syn=True)
    for pos, piece in pieces:
        found += stream.feed((start + pos) % 2**32, piece, syn=False)

    assert found == content


def test_stream_without_its_beginning_starts_with_its_first_segment() -> None:
    stream = TCPStream()

    assert stream.feed(7, b"ab", syn=False) == b"ab"
    assert stream.feed(5, b"xxabcd", syn=False) == b"cd"
    assert stream.feed(10, b"z", syn=False) == b""  # a probe of the peer's, one byte back


def test_first_of_two_overlapping_segments_counts() -> None:
    stream = TCPStream()
    stream.feed(99, b"", syn=True)

    assert stream.feed(102, b"CD", syn=False) == b""
    assert stream.feed(102, b"cdef", syn=False) == b""
    assert stream.feed(100, b"ab", syn=False) == b"abCDef"


@pytest.mark.row("W10")
@pytest.mark.parametrize(("size", "count"), [(1, 1_024), (65_000, 16)])
def test_gap_ends_the_stream(size: int, count: int) -> None:
    stream = TCPStream()
    stream.feed(0, b"", syn=True)
    for number in range(count):
        stream.feed(9 + number * size, b"x" * size, syn=False)

    with pytest.raises(Gap, match="8 bytes were not captured"):
        stream.feed(9 + count * size, b"x" * size, syn=False)
    assert stream._waiting == []


def one(source: Address, target: Address, flags: int, sequence: int = 0) -> Segment:
    return Segment(source, target, sequence, flags, b"")


def test_side_that_opens_is_the_client() -> None:
    connections = TCPConnections()
    opened, sender = connections.find(one(B, A, SYN))

    assert (opened.client, opened.server, sender) == (B, A, "client")
    assert connections.find(one(A, B, SYN | ACK)) == (opened, "server")
    assert connections.find(one(B, A, ACK)) == (opened, "client")


def test_side_with_the_higher_port_is_the_client_without_an_opening() -> None:
    assert TCPConnections().find(one(B, A, SYN | ACK))[0].client == A
    assert TCPConnections().find(one(A, B, SYN | ACK))[0].client == B
    assert TCPConnections().find(one(A, B, ACK))[0].client == A
    assert TCPConnections().find(one(B, A, ACK))[0].client == A


def test_another_syn_opens_another_connection() -> None:
    connections = TCPConnections()
    first, _ = connections.find(one(A, B, SYN, 1))

    assert connections.find(one(A, B, SYN, 1))[0] is first
    assert connections.find(one(A, B, SYN, 2))[0] is not first
