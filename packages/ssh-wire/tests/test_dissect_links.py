from __future__ import annotations

from struct import pack
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire.dissect.capture import Frame, frames
from ssh_wire.dissect.links import ACK, SYN, Address, Segment, segment
from ssh_wire.testing import Link, Recording

V4 = (("10.0.0.1", 50022), ("10.0.0.2", 22))
V6 = (("2001:db8::1", 50022), ("2001:db8::2", 22))


def only(recording: Recording) -> Segment | None:
    (frame,) = frames(recording.pcap())
    return segment(frame)


@pytest.mark.parametrize("link", get_args(Link))
@pytest.mark.parametrize(("client", "server"), [V4, V6])
def test_link_layer_carries_both_ip_versions(
    link: Link, client: tuple[str, int], server: tuple[str, int]
) -> None:
    recording = Recording(client, server, link=link)
    recording.send("server", b"hello")

    found = only(recording)

    assert found is not None
    assert found.data == b"hello"
    assert found.sequence == 1001
    assert found.flags & ACK
    assert not found.flags & SYN
    assert found.source.port == 22


def test_address_is_text_with_its_port() -> None:
    assert str(Address(b"\x0a\0\0\1", 22)) == "10.0.0.1:22"
    assert str(Address(bytes(15) + b"\1", 22)) == "[::1]:22"


def raw(*, client: tuple[str, int] = V4[0], server: tuple[str, int] = V4[1]) -> bytes:
    recording = Recording(client, server, link="raw")
    recording.send("client", b"data")
    return recording.frames[0]


def patched(packet: bytes, at: int, value: bytes) -> bytes:
    return packet[:at] + value + packet[at + len(value) :]


def read(packet: bytes) -> Segment | None:
    return segment(Frame(1, 101, packet))


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0, 0x55, "another version"),
        (0, 0x44, "a header that is too short"),
        (6, 0x20, "a fragment"),
        (7, 0x01, "a later fragment"),
        (9, 17, "UDP"),
        (32, 0x40, "a TCP header that is too short"),
        (32, 0xF0, "a TCP header that is too long"),
    ],
)
def test_incomplete_segment_is_ignored(at: int, value: int, what: str) -> None:
    assert read(patched(raw(), at, bytes([value]))) is None, what


def test_length_of_0_is_that_of_the_frame() -> None:
    four, six = raw(), raw(client=V6[0], server=V6[1])

    assert read(patched(four, 2, b"\0\0")) == read(four)
    assert read(patched(six, 4, b"\0\0")) == read(six)


def test_bytes_after_the_packet_are_ignored() -> None:
    assert read(raw() + b"\0\0") == read(raw())
    six = raw(client=V6[0], server=V6[1])
    assert read(six + b"\0\0") == read(six)


def test_extension_headers_of_ipv6_are_skipped() -> None:
    six = raw(client=V6[0], server=V6[1])

    def extended(count: int) -> bytes:
        head = patched(six[:40], 4, pack(">HB", len(six) - 40 + 8 * count, 60))
        extensions = (b"\x3c" + bytes(7)) * (count - 1) + b"\x06" + bytes(7)
        return head + extensions + six[40:]

    assert read(extended(1)) == read(six)
    assert read(extended(8)) == read(six)
    assert read(extended(9)) is None
    assert read(extended(1)[:44]) is None


@pytest.mark.parametrize(
    "frame",
    [
        Frame(1, 9999, raw()),
        Frame(1, 101, b""),
        Frame(1, 1, b"short"),
        Frame(1, 1, bytes(12) + b"\x08\x06" + bytes(40)),
        Frame(1, 1, bytes(12) + b"\x81\x00\0\0" * 5 + b"\x08\x00"),
        Frame(1, 101, raw()[:19]),
        Frame(1, 101, raw()[:30]),
        Frame(1, 101, raw(client=V6[0], server=V6[1])[:39]),
    ],
)
def test_frame_of_another_protocol_is_ignored(frame: Frame) -> None:
    assert segment(frame) is None


@given(st.binary(max_size=120), st.sampled_from([0, 1, 12, 101, 113, 228, 229, 276]))
def test_any_frame_is_a_segment_or_ignored(data: bytes, link: int) -> None:
    found = segment(Frame(1, link, data))

    assert found is None or len(found.data) <= len(data)
