from __future__ import annotations

from struct import pack
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire.dissect import CaptureError
from ssh_wire.dissect.capture import Frame, frames, is_capture
from ssh_wire.testing import Recording


def recorded() -> Recording:
    recording = Recording(link="raw")
    recording.open()
    recording.send("client", b"hello")
    return recording


@pytest.mark.parametrize("order", ["<", ">"])
def test_capture_of_either_format_and_byte_order_is_read(order: Literal["<", ">"]) -> None:
    recording = recorded()
    expected = [Frame(n, 101, frame) for n, frame in enumerate(recording.frames, 1)]

    for data in (recording.pcap(order), recording.pcapng(order)):
        assert is_capture(data)
        assert list(frames(data)) == expected


def test_capture_with_nanoseconds_is_read() -> None:
    data = recorded().pcap()

    assert list(frames(b"\x4d\x3c\xb2\xa1" + data[4:])) == list(frames(data))


def block(kind: int, body: bytes) -> bytes:
    size = pack("<I", 12 + len(body))
    return pack("<I", kind) + size + body + size


SECTION = block(0x0A0D0D0A, pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
INTERFACE = block(1, pack("<HHI", 101, 0, 0))


def test_simple_obsolete_and_unknown_blocks_are_read() -> None:
    simple = block(3, pack("<I", 3) + b"abc\0")
    cut = block(3, pack("<I", 99) + b"abcd")
    old = block(2, pack("<HHIIII", 0, 0, 0, 0, 2, 2) + b"hi\0\0")
    statistics = block(5, bytes(12))

    found = list(frames(SECTION + INTERFACE + simple + cut + old + statistics))

    assert [frame.data for frame in found] == [b"abc", b"abcd", b"hi"]


def test_new_section_has_its_own_interfaces() -> None:
    packet = block(6, pack("<IIIII", 0, 0, 0, 1, 1) + b"x\0\0\0")

    assert len(list(frames(SECTION + INTERFACE + packet + SECTION + INTERFACE + packet))) == 2
    with pytest.raises(CaptureError, match="frame 2 is of an interface that is not described"):
        list(frames(SECTION + INTERFACE + packet + SECTION + packet))


@pytest.mark.row("W01")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "neither pcap nor pcapng"),
        (b"\xd4\xc3\xb2\xa1", "inside the file header"),
        (recorded().pcap()[:30], "inside frame 1"),
        (recorded().pcap()[:-1], "inside frame 4"),
        (recorded().pcap()[:32] + b"\xff" * 8, "frame 1 has 4294967295 bytes"),
        (SECTION[:8], "has no byte order"),
        (SECTION[:20], "the input ends inside the block"),
        (SECTION + b"\1\0\0\0", "the input ends inside the block"),
        (SECTION + block(9, b"x"), "the block at byte 28 has 13 bytes"),
        (SECTION + pack("<II", 1, 0xFFFFFFFC), "has 4294967292 bytes"),
        (SECTION + block(9, b"")[:-4] + b"\0\0\0\0", "ends with another size"),
        (SECTION + block(1, b""), "the input ends inside the block"),
        (
            SECTION + INTERFACE + block(6, pack("<IIIII", 0, 0, 0, 9, 9) + b"abcd"),
            "inside frame 1",
        ),
        (SECTION + block(3, pack("<I", 4) + b"abcd"), "frame 1 is of an interface"),
    ],
)
def test_damaged_capture_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(CaptureError, match=problem):
        list(frames(data))


@given(st.binary(max_size=200), st.integers(0, 200), st.booleans())
def test_any_bytes_are_frames_or_refused(noise: bytes, cut: int, old: bool) -> None:
    data = recorded().pcap() if old else recorded().pcapng()
    try:
        found = list(frames(data[:cut] + noise))
    except CaptureError:
        return
    assert sum(len(frame.data) for frame in found) <= cut + len(noise)
