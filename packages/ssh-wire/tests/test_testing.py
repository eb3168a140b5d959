from __future__ import annotations

from ssh_wire.dissect.capture import frames
from ssh_wire.dissect.links import ACK, SYN, segment
from ssh_wire.testing import Recording


def test_segments_are_numbered_as_tcp_numbers_them() -> None:
    recording = Recording(start=2**32 - 3)
    recording.open()
    recording.send("client", b"abcd")
    recording.send("client", b"ef")
    recording.send("client", b"cd", at=2)

    found = [segment(frame) for frame in frames(recording.pcap())]

    assert [(s.sequence, s.flags & (SYN | ACK), s.data) for s in found if s] == [
        (2**32 - 3, SYN, b""),
        (2**32 - 3, SYN | ACK, b""),
        (2**32 - 2, ACK, b""),
        (2**32 - 2, ACK, b"abcd"),
        (2, ACK, b"ef"),
        (0, ACK, b"cd"),
    ]
