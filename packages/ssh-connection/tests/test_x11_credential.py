"""What admits a client to a display."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.x11 import X11Credential, read_xauth_list
from ssh_connection.x11.credential import is_xauth_word

LINE = b"box/unix:0  MIT-MAGIC-COOKIE-1  00112233445566778899aabbccddeeff\n"
COOKIE = bytes.fromhex("00112233445566778899aabbccddeeff")


@pytest.mark.parametrize("output", [LINE, LINE.rstrip(), LINE + LINE.replace(b"00", b"ff")])
def test_first_line_of_xauth_has_the_credential(output: bytes) -> None:
    assert read_xauth_list(output) == X11Credential("MIT-MAGIC-COOKIE-1", COOKIE)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"\n" + LINE,
        b"box/unix:0 MIT-MAGIC-COOKIE-1\n",
        b"box/unix:0 MIT-MAGIC-COOKIE-1 0g\n",
        b"box/unix:0 MIT-MAGIC-COOKIE-1 012\n",
        b"box/unix:0 \xff 0123\n",
        b"box/unix:0 a;b 0123\n",
        b"box/unix:0 MIT-MAGIC-COOKIE-1 " + b"00" * 256 + b"\n",
    ],
)
def test_output_of_xauth_without_a_credential_has_none(output: bytes) -> None:
    assert read_xauth_list(output) is None


def test_generated_credential_is_like_the_real_one() -> None:
    make = os.urandom
    real = X11Credential("XDM-AUTHORIZATION-1", bytes(24))

    fake = X11Credential.generate(make, real)

    assert (fake.protocol, len(fake.cookie)) == ("XDM-AUTHORIZATION-1", 24)
    assert fake.cookie != X11Credential.generate(make, real).cookie
    usual = X11Credential.generate(make)
    assert (usual.protocol, len(usual.cookie)) == ("MIT-MAGIC-COOKIE-1", 16)


@pytest.mark.row("C19")
def test_cookie_is_not_in_the_representation() -> None:
    assert "00112233" not in repr(read_xauth_list(LINE))
    assert repr(COOKIE) not in repr(read_xauth_list(LINE))


@pytest.mark.row("C19")
@pytest.mark.parametrize("text", ["", "a b", "a\n", "a\nadd x", "a;b", "a\0", "ä", "a\r"])
def test_text_that_xauth_would_read_as_more_than_a_word_is_not_one(text: str) -> None:
    assert not is_xauth_word(text)


@given(st.binary())
def test_any_output_has_a_credential_or_none(output: bytes) -> None:
    found = read_xauth_list(output)
    assert found is None or (found.cookie and is_xauth_word(found.protocol))
