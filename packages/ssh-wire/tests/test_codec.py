"""Reading field by field comes to what the written code comes to, or leaves it to that code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import EncodeError, Message, Record, UInt32, WireError, codec, codegen, message
from strategies import build, declared

EVERY = pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)


def by_written_code(cls: type[Record], verb: str, *given_values: Any) -> Any:
    try:
        return codegen.written(cls, verb)(*given_values)
    except (WireError, EncodeError):
        return None


@EVERY
@given(data=st.data())
def test_encoding_is_that_of_written_code(cls: type[Record], data: st.DataObject) -> None:
    value = data.draw(build(cls))

    assert codec.encode(cls, value) == by_written_code(cls, "encode", value)


@EVERY
@given(data=st.data())
def test_value_is_that_of_written_code(cls: type[Record], data: st.DataObject) -> None:
    encoded = bytearray(data.draw(build(cls)).encode())
    for _ in range(data.draw(st.integers(0, 2))):
        start = data.draw(st.integers(0, len(encoded)))
        encoded[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    before = data.draw(st.binary(max_size=3))

    for given_data in (bytes(encoded), memoryview(encoded)):
        found = codec.decode(cls, given_data)
        assert found == by_written_code(cls, "decode", given_data)
    moved = before + encoded
    found = codec.read(cls, moved, len(before))
    assert found == by_written_code(cls, "read", moved, len(before))


@EVERY
@given(data=st.binary(max_size=60))
def test_any_bytes_are_what_written_code_says(cls: type[Record], data: bytes) -> None:
    assert codec.decode(cls, data) == by_written_code(cls, "decode", data)


@EVERY
def test_value_of_wrong_type_is_left_to_written_code(cls: type[Record]) -> None:
    wrong: Any = object.__new__(cls)

    assert codec.encode(cls, wrong) == by_written_code(cls, "encode", wrong)


def test_first_error_is_that_of_written_code() -> None:
    @message(250)
    class Unused(Message):
        number: UInt32
        text: str

    with pytest.raises(WireError) as first:
        Unused.decode(b"\xfa\0\0")
    assert str(first.value) == "Unused: the input ends inside the message number"
    with pytest.raises(EncodeError, match="required argument is not an integer"):
        Unused(number="1", text="").encode()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
