from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import pytest
from attrs import field
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import (
    Counted,
    Message,
    MessageSet,
    Record,
    Rest,
    Truncated,
    UInt32,
    UnknownMessage,
    UsageError,
    WireError,
    WrongConstant,
    message,
    record,
)
from ssh_wire.messages import auth, connection, kex, openssh
from strategies import build


def test_number_has_the_meaning_of_its_set() -> None:
    payload = kex.KexECDHReply(host_key=b"k", public=b"q", signature=b"s").encode()

    assert isinstance(MessageSet(kex.KexECDHReply).decode(payload), kex.KexECDHReply)
    assert isinstance(MessageSet(kex.KexHybridReply).decode(payload), kex.KexHybridReply)


def test_constants_tell_variants_apart() -> None:
    query = auth.PublicKeyQuery(user="u", service="ssh-connection", algorithm="a", key=b"k")
    signed = auth.PublicKeyRequest(
        user="u", service="ssh-connection", algorithm="a", key=b"k", signature=b"s"
    )

    assert auth.REQUESTS.decode(query.encode()) == query
    assert auth.REQUESTS.decode(signed.encode()) == signed


def test_unknown_variant_has_its_generic_form() -> None:
    unknown = connection.ChannelRequest(
        recipient=1, kind="x@example.com", want_reply=True, details=b"abc"
    )

    assert connection.CHANNEL_REQUESTS.decode(unknown.encode()) == unknown


def test_malformed_variant_is_not_taken_for_the_generic_form() -> None:
    with pytest.raises(Truncated, match="ExecRequest"):
        connection.CHANNEL_REQUESTS.decode(b"\x62\0\0\0\1\0\0\0\4exec\1\0\0\0\5ab")


def test_unknown_number_or_empty_payload_is_refused() -> None:
    with pytest.raises(UnknownMessage, match="message 99") as caught:
        auth.REQUESTS.decode(b"\x63")
    assert caught.value.number == 99
    with pytest.raises(Truncated):
        auth.REQUESTS.decode(b"")


def test_set_contains_and_iterates_its_declarations() -> None:
    assert 50 in auth.REQUESTS
    assert 51 not in auth.REQUESTS
    assert auth.NoneRequest in list(auth.REQUESTS)


def test_record_is_refused_in_a_set() -> None:
    @record
    class Plain(Record):
        name: str

    with pytest.raises(UsageError, match="Plain is a record"):
        MessageSet(Plain)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


@given(st.binary(max_size=100))
def test_any_bytes_decode_or_raise_wire_error(noise: bytes) -> None:
    for decode, number in (
        (auth.REQUESTS.decode, 50),
        (connection.GLOBAL_REQUESTS.decode, 80),
        (connection.CHANNEL_OPENS.decode, 90),
        (connection.CHANNEL_REQUESTS.decode, 98),
    ):
        with suppress(WireError):
            decode(bytes([number]) + noise)


def test_joined_sets_have_each_declaration_once() -> None:
    joined = MessageSet(kex.KexECDHInit) | MessageSet(kex.KexECDHReply, kex.KexECDHInit)

    assert list(joined) == [kex.KexECDHInit, kex.KexECDHReply]


@given(st.binary(max_size=60), st.sampled_from(list(openssh.CHANNEL_REQUESTS)), st.data())
def test_declaration_found_by_its_constant_is_that_of_trying_all(
    noise: bytes, cls: type[Message], data: st.DataObject
) -> None:
    valid = data.draw(build(cls)).encode()
    cut = data.draw(st.integers(1, len(valid)))

    for payload in (valid, valid[:cut], valid[:cut] + noise):
        assert outcome(openssh.CHANNEL_REQUESTS.decode, payload) == outcome(try_all, payload)


def outcome(decode: Callable[[bytes], Message], payload: bytes) -> object:
    try:
        return decode(payload)
    except WireError as error:
        return type(error)


def try_all(payload: bytes) -> Message:
    *specific, generic = openssh.CHANNEL_REQUESTS
    for declaration in specific:
        with suppress(WrongConstant):
            return declaration.decode(payload)
    return generic.decode(payload)


def test_declarations_without_a_string_constant_are_tried_in_turn() -> None:
    @message(7)
    class Small(Message):
        many: Counted[UInt32Pair]
        size: Literal[False] = field(default=False, init=False)

    @message(7)
    class Large(Message):
        many: Counted[UInt32Pair]
        size: Literal[True] = field(default=True, init=False)

    @message(7)
    class Other(Message):
        many: Counted[UInt32Pair]
        size: bool
        rest: Rest = b""

    @message(7)
    class Last(Message):
        many: Counted[UInt32Pair]
        size: bool
        rest: Rest = b""

    found = MessageSet[Message](Small, Large, Other, Last)
    assert isinstance(found.decode(Large(many=()).encode()), Large)
    assert isinstance(found.decode(Small(many=()).encode()), Small)


def test_declarations_of_fixed_fields_alone_are_tried_in_turn() -> None:
    @message(7)
    class First(Message):
        yes: Literal[True] = field(default=True, init=False)

    made = [type(f"Plain{n}", (First,), {"__annotations__": {}}) for n in range(3)]
    found = MessageSet[Message](First, *(message(7)(cls) for cls in made))

    assert isinstance(found.decode(b"\7\1"), First)


@record
class UInt32Pair(Record):
    first: UInt32
    second: UInt32
