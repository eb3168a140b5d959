"""Reading field by field comes to what the written code comes to, or leaves it to that code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import (
    EncodeError,
    Message,
    Record,
    UInt32,
    WireError,
    WrongConstant,
    codec,
    codegen,
    message,
)
from ssh_wire.messages import connection
from strategies import build, declared

EVERY = pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)


def outcome(function: Callable[..., Any], *given_values: Any) -> Any:
    """Return the value, or the text of the error that says that a constant is another one."""
    try:
        return function(*given_values)
    except WrongConstant as error:
        return str(error)
    except (WireError, EncodeError):
        return None


def agree(found: Any, written: Any) -> bool:
    """Whether both came to the same, or the first left it to the second to refuse it."""
    return found == written or (found is None and isinstance(written, str))


@EVERY
@given(data=st.data())
def test_encoding_is_that_of_written_code(cls: type[Record], data: st.DataObject) -> None:
    value = data.draw(build(cls))

    assert codec.encode(cls, value) == codegen.written(cls, "encode")(value)


@EVERY
@given(data=st.data())
def test_value_is_that_of_written_code(cls: type[Record], data: st.DataObject) -> None:
    encoded = bytearray(data.draw(build(cls)).encode())
    for _ in range(data.draw(st.integers(0, 2))):
        start = data.draw(st.integers(0, len(encoded)))
        encoded[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    before = data.draw(st.binary(max_size=3))

    for given_data in (bytes(encoded), memoryview(encoded)):
        written = outcome(codegen.written(cls, "decode"), given_data)
        assert agree(outcome(codec.decode, cls, given_data), written)
    moved = before + encoded
    written = outcome(codegen.written(cls, "read"), moved, len(before))
    assert agree(outcome(codec.read, cls, moved, len(before)), written)


@EVERY
@given(data=st.binary(max_size=60))
def test_any_bytes_are_what_written_code_says(cls: type[Record], data: bytes) -> None:
    assert agree(outcome(codec.decode, cls, data), outcome(codegen.written(cls, "decode"), data))


@EVERY
def test_value_of_wrong_type_is_left_to_written_code(cls: type[Record]) -> None:
    wrong: Any = object.__new__(cls)

    assert codec.encode(cls, wrong) == outcome(codegen.written(cls, "encode"), wrong)


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


def test_variant_is_told_from_another_without_written_code() -> None:
    eow = connection.ChannelRequest(recipient=1, kind="eow@openssh.com", want_reply=False).encode()

    with pytest.raises(WrongConstant, match=r"ExecRequest: .*kind"):
        codec.decode(connection.ExecRequest, eow)
