from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import FidoPolicy, KeyFormatError
from ssh_keys.fido import WEBAUTHN, Assertion, WebAuthnAssertion, read_assertion

PLAIN = "sk-ssh-ed25519@openssh.com"
DATA = b"\xfb\xff data that needs both letters of the url's own alphabet"
START = (
    b'{"type":"webauthn.get","challenge":"-_8gZGF0YSB0aGF0IG5lZWRzIGJvdGggbGV0dGVycyBvZiB0aGU'
    b'gdXJsJ3Mgb3duIGFscGhhYmV0","origin":"https://example.com"'
)


def assertion(flags: int = 1, counter: int = 7) -> Assertion:
    return Assertion(algorithm=PLAIN, blob=b"signature", flags=flags, counter=counter)


def browser(
    client_data: bytes = START + b',"crossOrigin":false}',
    flags: int = 1,
    extensions: bytes = b"",
    origin: str = "https://example.com",
) -> WebAuthnAssertion:
    return WebAuthnAssertion(
        algorithm=WEBAUTHN,
        blob=b"signature",
        flags=flags,
        counter=7,
        origin=origin,
        client_data=client_data,
        extensions=extensions,
    )


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    ("flags", "touched", "verified"),
    [(0, False, False), (1, True, False), (4, False, True), (5, True, True), (0xFA, False, False)],
)
def test_flags_are_touch_and_verification(flags: int, touched: bool, verified: bool) -> None:
    stated = assertion(flags)
    assert (stated.touched, stated.verified) == (touched, verified)
    assert FidoPolicy().accepts(stated) == touched
    assert FidoPolicy(verification=True).accepts(stated) == (touched and verified)
    assert FidoPolicy(touch=False).accepts(stated)
    assert FidoPolicy(touch=False, verification=True).accepts(stated) == verified


@pytest.mark.row("K12")
@pytest.mark.parametrize(("counter", "fine"), [(6, False), (7, False), (8, True)])
def test_counter_must_grow(counter: int, fine: bool) -> None:
    assert FidoPolicy(counter_above=7).accepts(assertion(counter=counter)) == fine
    assert FidoPolicy().accepts(assertion(counter=counter))


@pytest.mark.row("K12")
def test_origin_must_be_among_the_accepted() -> None:
    policy = FidoPolicy(origins=["https://example.com"])
    assert policy.accepts(browser())
    assert not policy.accepts(browser(origin="https://example.com.evil.example"))
    assert not FidoPolicy(origins=[]).accepts(browser())
    assert FidoPolicy().accepts(browser(origin="https://anywhere.example"))
    # a token without a browser in front of it names no site
    assert policy.accepts(assertion())


def test_token_signs_application_flags_counter_and_data() -> None:
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    empty = bytes.fromhex(digest)
    assert assertion(5, 258).signed("", b"") == empty + b"\x05\0\0\1\2" + empty
    assert browser().signed("ssh:", DATA) != browser().signed("ssh:other", DATA)
    extended = browser(flags=0x81, extensions=b"ext").signed("ssh:", DATA)
    assert extended is not None
    assert extended[32:40] == b"\x81\0\0\0\x07ext"


@pytest.mark.row("K12")
@pytest.mark.parametrize("end", [b"}", b',"crossOrigin":true}', b',"x":"y"}'])
def test_members_after_the_origin_are_ignored(end: bytes) -> None:
    assert browser(START + end).signed("ssh:", DATA) is not None


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    "client_data",
    [
        START,
        START + b"x}",
        START[1:] + b"}",
        b" " + START + b"}",
        START.replace(b"webauthn.get", b"webauthn.create") + b"}",
        START.replace(b"https", b"http") + b"}",
        START.replace(b"-_8g", b"-_8h") + b"}",
        START.replace(b"-_8g", b"+/8g") + b"}",
        START.replace(b'BoYWJldA","', b'BoYWJldA==","').replace(b'","origin', b'=","origin')
        + b"}",
        START[:-1] + b'.evil.example","origin":"https://example.com"}',
        b"",
    ],
)
def test_client_data_of_another_form_is_refused(client_data: bytes) -> None:
    assert browser(client_data).signed("ssh:", DATA) is None


@pytest.mark.row("K12")
@pytest.mark.parametrize("origin", ['https://example.com","x":"', "https://example.com\\"])
def test_origin_with_a_quote_is_refused(origin: str) -> None:
    start = START[: START.index(b"https")] + origin.encode() + b'"}'
    assert browser(start, origin=origin).signed("ssh:", DATA) is None


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    ("flags", "extensions"), [(0x41, b""), (0xC1, b"ext"), (0x81, b""), (0x01, b"ext")]
)
def test_flags_that_contradict_the_extensions_are_refused(flags: int, extensions: bytes) -> None:
    assert browser(flags=flags, extensions=extensions).signed("ssh:", DATA) is None


def test_assertions_are_read_back() -> None:
    for made in (assertion(), browser(extensions=b"ext")):
        assert read_assertion(made.encode()) == made
        assert type(read_assertion(made.encode())) is type(made)


@given(data=st.binary(max_size=100))
@settings(deadline=None, max_examples=500)
def test_any_bytes_are_an_assertion_or_a_format_error(data: bytes) -> None:
    for start in (b"", assertion().encode()[:30], browser().encode()[:47]):
        try:
            found = read_assertion(start + data)
        except KeyFormatError:
            continue
        assert found.encode() == start + data
