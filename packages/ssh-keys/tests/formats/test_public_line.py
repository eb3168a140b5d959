from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, UnsupportedKey
from ssh_keys.formats.public_line import looks_like_kind, parse_public_line
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import string


def test_public_line_has_kind_key_and_comment(key: PrivateKey) -> None:
    kind, text, comment = key.public_key.to_openssh().split(" ", 2)
    for line in (f"{kind} {text} {comment}", f"{kind}\t{text} \t {comment}"):
        parsed = parse_public_line(line)
        assert parsed == key.public_key
        assert parsed.comment == key.comment
    assert parse_public_line(f"{kind} {text}").comment == ""
    assert parse_public_line(f"{kind} {text} ").comment == ""


@pytest.mark.row("K05")
def test_declared_kind_must_be_the_kind_of_the_key(keys: dict[str, PrivateKey]) -> None:
    for declared in keys:
        for kind, key in keys.items():
            line = f"{declared} {to_base64(key.public_key.blob).decode()}"
            if kind == declared:
                assert parse_public_line(line) == key.public_key
                continue
            with pytest.raises(KeyFormatError, match=f"says {declared}, its key is {kind}"):
                parse_public_line(line)


@pytest.mark.row("K13")
@pytest.mark.parametrize(
    "separator", ["\r", "\n", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2003"]
)
def test_public_line_is_separated_by_blanks_alone(separator: str, ed25519: PrivateKey) -> None:
    line = ed25519.public_key.to_openssh()
    with pytest.raises(KeyFormatError):
        parse_public_line(line.replace(" ", separator, 1))
    with pytest.raises(KeyFormatError):
        parse_public_line(line.replace(" ", separator))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "unknown key type ''"),
        ("ssh-ed25519", "not a public key"),
        ("ssh-ed25519 !!!!", "not base64"),
        ("ssh-ed25519 AAA", "not base64"),
        ("ssh-ed25519 AAAA=", "not base64"),
        ("ssh-ed25519 AAB=", "not base64"),
        ("ssh-ed25519 AAAA", "not a public key"),
        ("ssh-dss AAAA", "DSA keys are refused"),
        ("1024 35 1234", "unknown key type '1024'"),
        ("ssh-ed25519 AAAA\x7f", "control character"),
    ],
)
def test_public_line_without_a_key_is_refused(line: str, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        parse_public_line(line)


def test_unknown_kind_of_the_key_is_refused() -> None:
    line = b"ssh-ed25519 " + to_base64(string("ssh-dss") + bytes(8))
    with pytest.raises(UnsupportedKey):
        parse_public_line(line)


def test_field_looks_like_a_kind_by_its_prefix() -> None:
    for kind in (b"ssh-rsa", b"ecdsa-sha2-x", b"sk-x", b"webauthn-sk", b"rsa-sha2-256"):
        assert looks_like_kind(kind)
        assert not looks_like_kind(kind + b"=")
    for word in (b"", b"pty", b"ssh", b'ssh-"x"', b"ssh-a,b"):
        assert not looks_like_kind(word)


@given(line=st.binary(max_size=120))
@settings(deadline=None)
def test_any_line_is_a_key_or_a_format_error(line: bytes) -> None:
    for start in (b"", b"ssh-ed25519 ", b"ssh-rsa AAAAB3NzaC1yc2E"):
        with contextlib.suppress(KeyFormatError):
            parse_public_line(start + line)
