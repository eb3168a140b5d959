"""Unencrypted packets and length-prefixed frames: the readers of a stream, and one packet."""

from __future__ import annotations

from fuzz.target import Target
from ssh_wire import WireError
from ssh_wire.binary_packet import PacketReader, pack_packet, unpack_packet
from ssh_wire.length_prefix import LengthPrefixedReader, with_length
from ssh_wire.messages.transport import Ignore, NewKeys

PACKETS = [pack_packet(payload, bytes) for payload in (NewKeys().encode(), b"x" * 100)]
LIMIT = 6_000


def read_stream(data: bytes) -> None:
    """However a stream is cut, it gives the same packets or is refused."""
    whole = PacketReader().feed(data)
    reader = PacketReader()
    cut = len(data) // 2
    assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == whole


def read_packet(data: bytes) -> None:
    payload = unpack_packet(data)
    assert len(payload) + 9 <= len(data)


def read_frames(data: bytes) -> None:
    whole, pieces = list[bytes](), list[bytes]()
    LengthPrefixedReader(lambda view: whole.append(bytes(view)), LIMIT).feed(memoryview(data))
    reader = LengthPrefixedReader(lambda view: pieces.append(bytes(view)), LIMIT)
    step = max(7, len(data) // 16)
    for pos in range(0, len(data), step):
        reader.feed(memoryview(data)[pos : pos + step])
    assert pieces == whole


TARGETS = [
    Target(
        name="packet-stream",
        function=read_stream,
        seeds=[b"".join(PACKETS), pack_packet(Ignore(data=b"abc").encode(), bytes)],
        allowed=(WireError,),
    ),
    Target(name="packet", function=read_packet, seeds=PACKETS, allowed=(WireError,)),
    Target(
        name="frames",
        function=read_frames,
        seeds=[
            with_length(b"abc", LIMIT) + with_length(b"x" * 5000, LIMIT),
            with_length(b"y" * 20, LIMIT) * 9,
        ],
        allowed=(WireError,),
    ),
]
