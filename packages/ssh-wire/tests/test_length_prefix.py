from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import EncodeError, WireError
from ssh_wire.length_prefix import LengthPrefixedReader, with_length

LIMIT = 10_000
PAYLOADS = st.lists(st.binary(min_size=1, max_size=9000), max_size=6)


def stream(payloads: list[bytes]) -> bytes:
    return b"".join(with_length(payload, LIMIT) for payload in payloads)


def test_frame_is_the_length_and_the_payload() -> None:
    assert with_length(b"\x0b", LIMIT) == b"\0\0\0\x01\x0b"
    assert with_length(memoryview(b"ab"), LIMIT) == b"\0\0\0\x02ab"


@pytest.mark.parametrize("size", [0, LIMIT + 1])
def test_frame_that_the_peer_refuses_is_not_made(size: int) -> None:
    with pytest.raises(EncodeError, match=f"frame: {size} bytes; the limit is 10000"):
        with_length(bytes(size), LIMIT)


@given(PAYLOADS, st.lists(st.integers(1, 6000), min_size=1))
def test_frames_do_not_depend_on_the_chunks(payloads: list[bytes], cuts: list[int]) -> None:
    found: list[bytes] = []
    reader = LengthPrefixedReader(lambda payload: found.append(bytes(payload)), LIMIT)
    data = memoryview(stream(payloads))
    pos = index = 0
    while pos < len(data):
        size = cuts[index % len(cuts)]
        reader.feed(data[pos : pos + size])
        pos, index = pos + size, index + 1

    assert found == payloads
    assert not reader.inside_frame


@given(PAYLOADS, st.integers(1, 5000))
def test_pause_keeps_the_data(payloads: list[bytes], cut: int) -> None:
    found: list[bytes] = []

    def handler(payload: memoryview) -> None:
        found.append(bytes(payload))
        reader.paused = True

    reader = LengthPrefixedReader(handler, LIMIT)
    data = memoryview(stream(payloads))
    for pos in range(0, len(data), cut):
        reader.feed(data[pos : pos + cut])
    assert len(found) == min(1, len(payloads))
    for _ in payloads:
        reader.resume()

    assert found == payloads


@pytest.mark.parametrize("size", [100, 5000])
def test_frame_in_two_pieces_is_joined(size: int) -> None:
    found: list[bytes] = []
    reader = LengthPrefixedReader(lambda payload: found.append(bytes(payload)), LIMIT)
    data = memoryview(stream([b"x" * size, b"y"]))

    reader.feed(data[:50])
    assert found == []
    assert reader.inside_frame
    reader.feed(data[50:])

    assert found == [b"x" * size, b"y"]


def test_pause_between_two_frames_of_one_piece_keeps_the_second() -> None:
    found: list[bytes] = []

    def handler(payload: memoryview) -> None:
        found.append(bytes(payload))
        reader.paused = len(found) == 1

    reader = LengthPrefixedReader(handler, LIMIT)
    reader.feed(memoryview(stream([b"one", b"two"])))
    reader.feed(memoryview(stream([b"three"])))
    assert found == [b"one"]
    assert reader.inside_frame
    reader.resume()

    assert found == [b"one", b"two", b"three"]


def test_resume_without_kept_data_does_nothing() -> None:
    reader = LengthPrefixedReader(lambda _: None, LIMIT)
    reader.paused = True
    reader.resume()

    assert not reader.paused
    assert not reader.inside_frame


def test_complete_frame_is_not_copied() -> None:
    found: list[memoryview] = []
    data = memoryview(stream([b"x" * 100]))

    LengthPrefixedReader(found.append, LIMIT).feed(data)

    assert found[0].obj is data.obj


@pytest.mark.row("W01")
@pytest.mark.parametrize("length", [0, LIMIT + 1, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("whole", [True, False])
def test_length_out_of_bounds_is_refused_as_soon_as_it_has_arrived(
    length: int, whole: bool
) -> None:
    reader = LengthPrefixedReader(lambda _: None, LIMIT)
    data = length.to_bytes(4, "big")
    if not whole:
        reader.feed(memoryview(data[:3]))
        assert reader.inside_frame
    with pytest.raises(WireError, match=f"frame: its length is {length}, not 1 to 10000"):
        reader.feed(memoryview(data if whole else data[3:]))

    assert len(reader._buffer) == 4096  # nothing was allocated for it


@pytest.mark.row("W10")
def test_large_frame_byte_by_byte_is_linear_in_its_size() -> None:
    found: list[int] = []
    reader = LengthPrefixedReader(lambda payload: found.append(len(payload)), 262_144)
    data = memoryview(with_length(bytes(100_000), 262_144))

    for pos in range(len(data)):
        reader.feed(data[pos : pos + 1])

    assert found == [100_000]
