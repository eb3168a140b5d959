from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.share_messages import GROUP_EXCHANGE, NUMBERS, STRINGS, Form, KexReply
from ssh_wire import ProtocolError
from ssh_wire.primitives import encode_mpint, string

FORMS = [(STRINGS, 30, 31), (NUMBERS, 30, 31), (GROUP_EXCHANGE, 32, 33)]
NUMBERED = [NUMBERS, GROUP_EXCHANGE]


@pytest.mark.parametrize(("form", "init", "reply"), FORMS)
@given(number=st.integers(1, 2**2048), rest=st.binary(max_size=40))
def test_written_messages_are_read_unchanged(
    form: Form, init: int, reply: int, number: int, rest: bytes
) -> None:
    share = encode_mpint(number)
    payload = form.write_init(share).encode()
    assert payload[0] == init
    assert payload[1:] == string(share)
    assert form.read_init(payload) == share
    answer = KexReply(b"key", share, rest)
    payload = form.write_reply(answer).encode()
    assert payload[0] == reply
    assert payload[1:] == string(b"key") + string(share) + string(rest)
    assert form.read_reply(payload) == answer


@pytest.mark.row("T21")
@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize("share", [b"\xff", b"\0\0\1", b"\x7f" * 2050])
def test_t21_invalid_mpint_share_is_refused(form: Form, share: bytes) -> None:
    init = form.write_init(b"\1").encode()[:1] + string(share)
    with pytest.raises(KeyExchangeFailed):
        form.read_init(init)
    reply = form.write_reply(KexReply(b"", b"\1", b"")).encode()[:1]
    with pytest.raises(KeyExchangeFailed):
        form.read_reply(reply + string(b"") + string(share) + string(b""))


@pytest.mark.parametrize(("form", "init", "reply"), FORMS)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(form: Form, init: int, reply: int, data: bytes) -> None:
    for number, read in ((init, form.read_init), (reply, form.read_reply)):
        with contextlib.suppress(ProtocolError):
            read(bytes([number]) + data)
