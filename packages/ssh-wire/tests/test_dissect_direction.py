from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake import CIPHERTEXT, CLIENT, INIT, KEXINIT, packets
from ssh_wire.dissect.direction import DirectionReader, Piece
from ssh_wire.messages.transport import NewKeys

WHOLE = [
    Piece("identification", b"SSH-2.0-client"),
    Piece("packet", KEXINIT.encode()),
    Piece("packet", INIT.encode()),
    Piece("packet", NewKeys().encode()),
    Piece("encrypted"),
]


@given(st.integers(1, 200))
def test_pieces_do_not_depend_on_the_chunks(size: int) -> None:
    side = DirectionReader()
    stream = CLIENT + CIPHERTEXT

    found = [p for pos in range(0, len(stream), size) for p in side.feed(stream[pos : pos + size])]

    assert found == WHOLE
    assert side.over
    assert side.identified


def test_lines_before_the_identification_are_pieces() -> None:
    assert DirectionReader().feed(b"hello\r\nworld\nSSH-2.0-x\n") == [
        Piece("line", b"hello"),
        Piece("line", b"world"),
        Piece("identification", b"SSH-2.0-x"),
    ]


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"x" * 8192, "a line of more than 8192 bytes before the identification"),
        (b"\n" * 2000, "more than 1024 lines before the identification"),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff", "packet: packet_length 4294967295 is out of bounds"),
        (b"SSH-2.0-x\r\n\0\0\0\x0c\xff" + bytes(11), "padding_length 255 in a packet of 12"),
    ],
)
def test_violation_ends_the_decoding(stream: bytes, problem: str) -> None:
    side = DirectionReader()

    last = side.feed(stream)[-1]

    assert last.what == "broken"
    assert problem in last.problem
    assert side.over
    assert side.feed(b"more") == []


def test_packets_before_a_broken_one_are_returned() -> None:
    found = DirectionReader().feed(b"SSH-2.0-x\r\n" + packets(INIT.encode()) + b"\0\0\0\0\0\0")

    assert [piece.what for piece in found] == ["identification", "packet", "broken"]


@pytest.mark.row("W10")
def test_kept_data_is_bounded() -> None:
    side = DirectionReader()
    for _ in range(5_000):
        side.feed(b"x" * 10)

    assert side.over
    assert len(side._head) == 0
