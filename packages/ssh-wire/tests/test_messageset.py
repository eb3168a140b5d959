from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import (
    MessageSet,
    Record,
    Truncated,
    UnknownMessage,
    UsageError,
    WireError,
    record,
)
from ssh_wire.messages import auth, connection, kex


def test_a_number_means_what_its_set_says() -> None:
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


def test_an_unknown_variant_comes_in_its_generic_form() -> None:
    unknown = connection.ChannelRequest(
        recipient=1, kind="x@example.com", want_reply=True, details=b"abc"
    )

    assert connection.CHANNEL_REQUESTS.decode(unknown.encode()) == unknown


def test_a_malformed_variant_is_not_taken_for_the_generic_form() -> None:
    with pytest.raises(Truncated, match="ExecRequest"):
        connection.CHANNEL_REQUESTS.decode(b"\x62\0\0\0\1\0\0\0\4exec\1\0\0\0\5ab")


def test_unknown_numbers_and_nothing_at_all() -> None:
    with pytest.raises(UnknownMessage, match="message 99") as caught:
        auth.REQUESTS.decode(b"\x63")
    assert caught.value.number == 99
    with pytest.raises(Truncated):
        auth.REQUESTS.decode(b"")


def test_membership_and_iteration() -> None:
    assert 50 in auth.REQUESTS
    assert 51 not in auth.REQUESTS
    assert auth.NoneRequest in list(auth.REQUESTS)


def test_a_record_has_no_place_in_a_set() -> None:
    @record
    class Plain(Record):
        name: str

    with pytest.raises(UsageError, match="Plain is a record"):
        MessageSet(Plain)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


@given(st.binary(max_size=100))
def test_any_bytes_decode_or_raise(noise: bytes) -> None:
    for decode, number in (
        (auth.REQUESTS.decode, 50),
        (connection.GLOBAL_REQUESTS.decode, 80),
        (connection.CHANNEL_OPENS.decode, 90),
        (connection.CHANNEL_REQUESTS.decode, 98),
    ):
        with suppress(WireError):
            decode(bytes([number]) + noise)
