from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import (
    BadValue,
    Byte,
    Counted,
    EncodeError,
    Message,
    MPInt,
    NameList,
    Record,
    Repeated,
    Text,
    TrailingData,
    Truncated,
    UInt32,
    UInt64,
    WireError,
    WrongConstant,
    codec,
    codegen,
    message,
    record,
    wire_fields,
)
from ssh_wire.messages import auth, connection, transport
from strategies import build, declared


@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_encoded_message_is_decoded(cls: type[Record], data: st.DataObject) -> None:
    value = data.draw(build(cls))

    encoded = value.encode()

    assert cls.decode(encoded) == value
    assert cls.decode(memoryview(encoded)) == value
    assert b"".join(value.encode_parts()) == encoded
    assert cls.read(b"before" + encoded, 6) == (value, 6 + len(encoded))


@pytest.mark.row("W01")
@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_every_proper_prefix_is_refused_or_is_another_value(
    cls: type[Record], data: st.DataObject
) -> None:
    encoded = data.draw(build(cls)).encode()

    for end in range(len(encoded)):
        try:
            short = cls.decode(encoded[:end])
        except WireError:
            continue
        # only a field without a length (Rest, Repeated) can end anywhere, and loses nothing
        assert short.encode() == encoded[:end]


@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
@given(noise=st.binary(max_size=200), data=st.data())
def test_any_bytes_decode_or_raise_wire_error(
    cls: type[Record], noise: bytes, data: st.DataObject
) -> None:
    valid = data.draw(build(cls)).encode()
    cut = data.draw(st.integers(0, len(valid)))

    for candidate in (noise, valid[:cut] + noise, bytes([cls.NUMBER or 0]) + noise):
        try:
            value = cls.decode(candidate)
        except WireError:
            continue
        assert cls.decode(value.encode()) == value


@pytest.mark.row("W06")
@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_trailing_bytes_are_refused(cls: type[Record], data: st.DataObject) -> None:
    encoded = data.draw(build(cls)).encode()

    try:
        value = cls.decode(encoded + b"zz")
    except WireError:
        return
    assert value.encode() == encoded + b"zz"  # they belong to a field without a length


@message(200)
class Sample(Message):
    small: Byte
    flag: bool
    wide: UInt64
    number: MPInt
    names: NameList
    numbers: Repeated[bytes] = ()


def test_fields_that_share_a_struct_call_are_read_in_order() -> None:
    sample = Sample(small=1, flag=True, wide=2**40, number=128, names=("a", "b"))

    assert sample.encode() == (
        bytes([200, 1, 1]) + (2**40).to_bytes(8, "big") + b"\0\0\0\2\0\x80" + b"\0\0\0\3a,b"
    )
    assert Sample.decode(sample.encode()) == sample


def test_error_names_message_and_field() -> None:
    with pytest.raises(Truncated, match="KexInit: the input ends inside kex_algorithms"):
        transport.KexInit.decode(bytes([20]) + bytes(16) + b"\0\0\0\7abc")
    with pytest.raises(TrailingData, match="NewKeys: 2 bytes are left over"):
        transport.NewKeys.decode(b"\x15zz")
    with pytest.raises(WrongConstant, match="NewKeys: the message number"):
        transport.NewKeys.decode(b"\x16")
    with pytest.raises(WrongConstant, match="ExecRequest: kind"):
        connection.ExecRequest.decode(connection.ShellRequest(recipient=1).encode() + bytes(4))
    with pytest.raises(BadValue, match="ServiceRequest: name is not UTF-8"):
        transport.ServiceRequest.decode(b"\x05\0\0\0\1\xff")


@pytest.mark.row("W05")
@pytest.mark.parametrize("byte", [1, 2, 255])
def test_any_byte_but_zero_is_true_and_true_is_written_as_one(byte: int) -> None:
    decoded = auth.UserauthFailure.decode(b"\x33\0\0\0\0" + bytes([byte]))

    assert decoded.partial_success is True
    assert decoded.encode() == b"\x33\0\0\0\0\1"


@pytest.mark.row("W07")
def test_text_outside_utf8_is_kept() -> None:
    decoded = transport.Disconnect.decode(b"\1\0\0\0\2\0\0\0\3a\xffb\0\0\0\0")

    assert decoded.description.encode("utf-8", "surrogateescape") == b"a\xffb"
    assert decoded.encode() == b"\1\0\0\0\2\0\0\0\3a\xffb\0\0\0\0"


@pytest.mark.row("W08")
@pytest.mark.parametrize("value", [-1, 2**32, 2**64, "1", None])
def test_number_that_does_not_fit_is_not_encoded(value: Any) -> None:
    with pytest.raises(EncodeError, match="WindowAdjust"):
        connection.WindowAdjust(recipient=1, increment=value).encode()


class Huge(bytes):
    def __len__(self) -> int:
        return 2**32


@pytest.mark.row("W08")
def test_string_longer_than_its_length_field_is_refused() -> None:
    with pytest.raises(EncodeError):
        transport.Ignore(data=Huge()).encode()


_COUNTED: dict[int, type[Record]] = {
    0x3C: auth.InfoRequest,
    0x3D: auth.InfoResponse,
    7: transport.ExtInfo,
}


@pytest.mark.row("W02")
@pytest.mark.parametrize("count", [2**32 - 1, 2**28, 3])
def test_count_beyond_the_input_is_refused(count: int) -> None:
    for head in (b"\x3c" + bytes(12), b"\x3d", b"\x07"):
        cls: type[Record] = _COUNTED[head[0]]
        with pytest.raises(Truncated):
            cls.decode(head + count.to_bytes(4, "big"))


@pytest.mark.row("W01")
@pytest.mark.row("W02")
@pytest.mark.parametrize("length", [2**16, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
def test_decoding_allocates_no_more_than_the_input(cls: type[Record], length: int) -> None:
    head = bytes([cls.NUMBER]) if cls.NUMBER is not None else b""
    lie = length.to_bytes(4, "big")
    inputs = [head + bytes(4) * before + lie + b"x" * 64 for before in range(6)]
    decoders: list[Callable[[bytes], object]]
    decoders = [codegen.written(cls, "decode"), partial(codec.decode, cls)]
    wire_fields.fields(cls)  # before anything is measured

    tracemalloc.start()
    try:
        for candidate, decode in product(inputs, decoders):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with suppress(WireError):
                decode(candidate)
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak <= len(candidate) + 65536
    finally:
        tracemalloc.stop()


def test_cookie_of_another_size_is_not_encoded() -> None:
    kexinit = transport.KexInit(
        cookie=b"short",
        kex_algorithms=("a",),
        server_host_key_algorithms=("a",),
        encryption_client_to_server=("a",),
        encryption_server_to_client=("a",),
        mac_client_to_server=("a",),
        mac_server_to_client=("a",),
        compression_client_to_server=("none",),
        compression_server_to_client=("none",),
    )
    with pytest.raises(EncodeError, match="cookie is not 16 bytes"):
        kexinit.encode()


def test_bare_int_is_refused_when_the_codec_is_made() -> None:
    @record
    class Bare(Record):
        size: int

    with pytest.raises(TypeError, match=r"Bare.size: .* use Byte, UInt32, UInt64 or MPInt"):
        Bare(size=1).encode()


def test_items_that_are_neither_strings_nor_records_are_refused_when_the_codec_is_made() -> None:
    @record
    class Sizes(Record):
        sizes: Repeated[UInt64]

    with pytest.raises(TypeError, match=r"Sizes.sizes: .* strings or records; .* of uint64"):
        Sizes(sizes=(1,)).encode()


def test_message_is_frozen_and_keyword_only() -> None:
    adjust = connection.WindowAdjust(recipient=1, increment=2)

    with pytest.raises(FrozenInstanceError):
        adjust.increment = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        connection.WindowAdjust(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_subclass_compiles_its_own_codec() -> None:
    @record
    class Head(Record):
        first: UInt32

    @record
    class Longer(Head):
        second: UInt32

    assert Head(first=1).encode() == b"\0\0\0\1"
    assert Longer(first=1, second=2).encode() == b"\0\0\0\1\0\0\0\2"


def test_messages_are_equal_by_type_and_fields() -> None:
    one = connection.WindowAdjust(recipient=1, increment=2)
    same = connection.WindowAdjust.decode(one.encode())

    assert one == same
    assert hash(one) == hash(same)
    assert one != connection.ChannelEOF(recipient=1)
    assert one != "WindowAdjust"
    assert repr(one) == "WindowAdjust(recipient=1, increment=2)"


@pytest.mark.row("X02")
@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
def test_field_with_a_secret_name_is_masked(cls: Any) -> None:
    for field in attrs.fields(cls):
        if any(word in field.name for word in ("password", "passphrase", "secret", "responses")):
            assert field.repr is False


def test_secret_is_not_in_the_repr() -> None:
    request = auth.PasswordRequest(user="u", service="ssh-connection", password="hunter2")

    assert "hunter2" not in repr(request)
    assert "password=…" in repr(request)


def test_replace_changes_the_given_fields_alone() -> None:
    request = connection.ExecRequest(recipient=0, command=b"ls")

    assert request.replace(recipient=7, want_reply=True) == connection.ExecRequest(
        recipient=7, command=b"ls", want_reply=True
    )
    with pytest.raises(EncodeError, match="there is no field colour"):
        request.replace(colour=1)


@record
class Inner(Record):
    first: str
    second: UInt32


@record
class Outer(Record):
    before: UInt32
    inner: Inner
    after: bytes


def test_record_is_encoded_in_place() -> None:
    outer = Outer(before=1, inner=Inner(first="x", second=2), after=b"y")

    assert outer.encode() == b"\0\0\0\1" + b"\0\0\0\1x" + b"\0\0\0\2" + b"\0\0\0\1y"
    assert Outer.decode(outer.encode()) == outer


def test_first_method_compiles_the_codec() -> None:
    def fresh() -> type[Inner]:
        @record
        class Fresh(Inner):
            pass

        return Fresh

    encoded = b"\0\0\0\1x\0\0\0\2"
    assert b"".join(fresh()(first="x", second=2).encode_parts()) == encoded
    assert fresh().read(encoded, 0)[1] == len(encoded)
    assert fresh().decode(encoded).second == 2


def test_list_of_text_keeps_bytes_outside_utf8() -> None:
    @record
    class Lines(Record):
        lines: Counted[Text]

    encoded = b"\0\0\0\2" + b"\0\0\0\1a" + b"\0\0\0\1\xff"

    assert Lines.decode(encoded).lines == ("a", "\udcff")
    assert Lines.decode(encoded).encode() == encoded
