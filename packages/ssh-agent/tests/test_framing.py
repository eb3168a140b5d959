from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_agent.framing import MAX_MESSAGE, AgentFrameReader, frame
from ssh_wire import EncodeError, WireError


def test_frame_is_length_and_message() -> None:
    assert frame(b"\x0b") == b"\0\0\0\x01\x0b"


@pytest.mark.parametrize("size", [0, MAX_MESSAGE + 1])
def test_frame_of_empty_or_too_long_message_is_refused(size: int) -> None:
    with pytest.raises(EncodeError):
        frame(bytes(size))


def test_longest_message_is_framed_and_read() -> None:
    message = bytes(MAX_MESSAGE)

    assert AgentFrameReader().feed(frame(message)) == [message]


@pytest.mark.row("G01")
@pytest.mark.parametrize("length", [0, MAX_MESSAGE + 1, 2**32 - 1])
def test_length_out_of_bounds_is_refused_before_message_arrives(length: int) -> None:
    with pytest.raises(WireError, match=str(length)):
        AgentFrameReader().feed(length.to_bytes(4, "big"))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_any_fragmentation_gives_same_messages(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, messages))
    reader = AgentFrameReader()
    read: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        read += reader.feed(stream[:size])
        stream = stream[size:]

    assert read == messages


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_raise_wire_error(junk: bytes) -> None:
    try:
        messages = AgentFrameReader().feed(junk)
    except WireError:
        return

    assert sum(map(len, messages)) <= len(junk)
