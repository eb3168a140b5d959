from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, Problem, UnsupportedKey
from ssh_keys.armor import to_base64
from ssh_keys.lines import (
    MAX_LINE,
    as_bytes,
    cut,
    looks_like_kind,
    numbered_lines,
    parse_public_line,
    said,
    split_lines,
    take_field,
)
from ssh_wire.primitives import string


def test_a_line_is_kind_key_and_comment(key: PrivateKey) -> None:
    kind, text, comment = key.public_key.to_openssh().split(" ", 2)
    for line in (f"{kind} {text} {comment}", f"{kind}\t{text} \t {comment}"):
        parsed = parse_public_line(line)
        assert parsed == key.public_key
        assert parsed.comment == key.comment
    assert parse_public_line(f"{kind} {text}").comment == ""
    assert parse_public_line(f"{kind} {text} ").comment == ""


@pytest.mark.row("K05")
def test_the_kind_declared_must_be_the_kind_inside(keys: dict[str, PrivateKey]) -> None:
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
def test_nothing_but_blanks_separates(separator: str, ed25519: PrivateKey) -> None:
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
        ("ssh-ed25519 !!!!", "no base64"),
        ("ssh-ed25519 AAA", "no base64"),
        ("ssh-ed25519 AAAA=", "no base64"),
        ("ssh-ed25519 AAB=", "no base64"),
        ("ssh-ed25519 AAAA", "not a public key"),
        ("ssh-dss AAAA", "DSA keys are refused"),
        ("1024 35 1234", "unknown key type '1024'"),
        ("ssh-ed25519 AAAA\x7f", "control character"),
    ],
)
def test_lines_that_hold_no_key(line: str, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        parse_public_line(line)


def test_a_kind_inside_that_is_unknown() -> None:
    line = b"ssh-ed25519 " + to_base64(string("ssh-dss") + bytes(8))
    with pytest.raises(UnsupportedKey):
        parse_public_line(line)


@pytest.mark.row("K13")
def test_the_length_of_a_line_is_bounded() -> None:
    assert cut(b"x" * MAX_LINE)
    with pytest.raises(KeyFormatError, match="16385 bytes"):
        cut(b"x" * (MAX_LINE + 1))


def test_numbers_count_every_line() -> None:
    data = "\n# comment\n  \t\none\r\n\ttwo \n   # more\nthree\rfour\n"
    assert list(numbered_lines(data)) == [(4, b"one"), (5, b"two"), (7, b"three\rfour")]
    assert list(numbered_lines(data.encode())) == list(numbered_lines(data))
    assert list(numbered_lines("")) == []


def test_fields() -> None:
    assert take_field(b"a b c") == (b"a", b"b c")
    assert take_field(b"a\t \tb") == (b"a", b"b")
    assert take_field(b"a") == (b"a", b"")
    assert take_field(b"") == (b"", b"")
    assert take_field(b"a b\tc") == (b"a", b"b\tc")
    assert take_field(b"a\tb c") == (b"a", b"b c")


def test_lines_with_their_ends() -> None:
    for data in (b"", b"a", b"a\n", b"\n\n", b"a\r\nb\rc\n\x85d", "é\nf"):
        lines = split_lines(data)
        assert b"".join(lines) == as_bytes(data)
        assert all(line.endswith(b"\n") for line in lines[:-1])
    assert split_lines(b"a\n\nb") == (b"a\n", b"\n", b"b")


def test_what_a_line_says() -> None:
    assert said(b" \ta b\t\r\n") == b"a b"
    assert said(b"a\r\r\n") == b"a\r"
    assert said(b" # a\n") == said(b" \n") == said(b"") == b""


def test_what_reads_like_a_kind() -> None:
    for kind in (b"ssh-rsa", b"ecdsa-sha2-x", b"sk-x", b"webauthn-sk", b"rsa-sha2-256"):
        assert looks_like_kind(kind)
        assert not looks_like_kind(kind + b"=")
    for word in (b"", b"pty", b"ssh", b'ssh-"x"', b"ssh-a,b"):
        assert not looks_like_kind(word)


def test_text_becomes_the_bytes_that_it_was() -> None:
    assert as_bytes("é\udcff") == b"\xc3\xa9\xff"
    assert as_bytes("\ud800") == b"?"
    assert as_bytes(b"\xff") == b"\xff"


def test_a_problem_says_where() -> None:
    assert str(Problem("known_hosts", 3, "why")) == "known_hosts:3: why"
    assert str(Problem("", 3, "why")) == "line:3: why"


@given(line=st.binary(max_size=120))
@settings(deadline=None)
def test_any_line_is_a_key_or_a_format_error(line: bytes) -> None:
    for start in (b"", b"ssh-ed25519 ", b"ssh-rsa AAAAB3NzaC1yc2E"):
        with contextlib.suppress(KeyFormatError):
            parse_public_line(start + line)
