from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.framing import MAX_MESSAGE, ControlReader, frame
from ssh_wire import EncodeError


def test_frame_is_length_and_message() -> None:
    assert frame(m.Ok(request_id=1)).hex() == "000000088000000100000001"


def test_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(EncodeError):
        frame(m.InfoRequest(name="x" * MAX_MESSAGE))


@pytest.mark.row("C24")
@pytest.mark.parametrize("length", [0, MAX_MESSAGE + 1, 2**32 - 1])
def test_length_out_of_bounds_is_refused_before_the_message_arrives(length: int) -> None:
    reader = ControlReader()
    reader.feed(length.to_bytes(4, "big"))

    with pytest.raises(ControlViolation, match=str(length)):
        reader.next()


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=6), st.data())
def test_any_fragmentation_gives_the_same_messages(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(len(each).to_bytes(4, "big") + each for each in messages)
    reader = ControlReader()
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
        while (each := reader.next()) is not None:
            found.append(each)
    assert found == messages


def test_bytes_without_a_frame_are_skipped_once_they_have_arrived() -> None:
    reader = ControlReader()
    reader.feed(b"\0")

    assert not reader.skip(2)
    reader.feed(b"\0rest")
    assert reader.skip(2)
    assert reader.rest() == b"rest"
    assert reader.rest() == b""
