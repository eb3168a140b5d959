from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, load_public_key
from ssh_keys.formats.rfc4716 import BEGIN, decode, encode
from ssh_keys.strict_base64 import to_base64

Program = Callable[..., bytes]

END = b"---- END SSH2 PUBLIC KEY ----"


def frame(*lines: bytes, end: bytes = b"\n") -> bytes:
    return end.join([BEGIN, *lines, END, b""])


def test_every_kind_is_read_back(signing: PrivateKey) -> None:
    text = signing.public_key.to_rfc4716()
    again = load_public_key(text)
    assert again == signing.public_key
    assert again.comment == signing.comment
    assert all(len(line) <= 72 for line in text.split("\n"))
    assert load_public_key(text.replace("\n", "\r\n")) == signing.public_key


def test_file_without_headers_is_read(ed25519: PrivateKey) -> None:
    assert encode(ed25519.public_key.blob, "").count("Comment") == 0
    assert decode(encode(ed25519.public_key.blob, "").encode()) == (ed25519.public_key.blob, "")


# after the examples of RFC 4716 section 3.6
CONVERTED = b"1024-bit RSA, converted from OpenSSH by me@example.com"
WORK = b"Comment: This is my public key for use on \\"


@pytest.mark.parametrize(
    ("headers", "comment"),
    [
        (
            (WORK, b"servers which I don't like."),
            "This is my public key for use on servers which I don't like.",
        ),
        ((b'Comment: "' + CONVERTED + b'"',), CONVERTED.decode()),
        ((b"Comment: DSA Public Key for use with MyIsp",), "DSA Public Key for use with MyIsp"),
        ((b"Subject: me", b'Comment: "created by me"'), "created by me"),
        ((b"x-command: /home/me/bin/lock-in-guest.sh",), ""),
        ((b"COMMENT: shouted",), "shouted"),
        ((b"comment:tight",), "tight"),
        ((b'Comment: "',), '"'),
        ((b'Comment: ""',), ""),
        ((b'Comment: "half',), '"half'),
        ((b"Comment: first", b"Comment: second"), "second"),
        ((b"Comment: a\\", b"b\\", b"c"), "abc"),
        ((b"Comment: \xff",), "\udcff"),
    ],
)
def test_comment_is_read_from_its_header(
    headers: tuple[bytes, ...], comment: str, ed25519: PrivateKey
) -> None:
    blob = ed25519.public_key.blob
    for end in (b"\n", b"\r\n"):
        assert decode(frame(*headers, to_base64(blob), end=end)) == (blob, comment)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (BEGIN, "the BEGIN line or the END line"),
        (BEGIN + b"\n", "the BEGIN line or the END line"),
        (BEGIN + b"\nAAAA\n", "the BEGIN line or the END line"),
        (frame(b"AAAA") + b"more", "the BEGIN line or the END line"),
        (b" " + frame(b"AAAA"), "the BEGIN line or the END line"),
        (frame(b"AAAA").replace(b"END", b"END "), "the BEGIN line or the END line"),
        (frame(b"x" * 65 + b": y", b"AAAA"), "is too long"),
        (frame(b"x: " + b"y" * 1025, b"AAAA"), "is too long"),
        (frame(b"x: y\\"), "does not end"),
        (frame(b"!!!!"), "not base64"),
        (frame(b"AAA"), "not base64"),
        (frame(b"AAAA", b"Comment: late"), "not base64"),
    ],
)
def test_malformed_file_is_refused(data: bytes, match: str) -> None:
    with pytest.raises(KeyFormatError, match=match):
        decode(data)


def test_file_of_another_blob_is_refused(ed25519: PrivateKey) -> None:
    for blob in (b"", b"\0", b"\0\0\0\7ssh-dss", ed25519.public_key.blob[:-1]):
        with pytest.raises(KeyFormatError):
            load_public_key(frame(to_base64(blob)))


@pytest.mark.parametrize(
    "comment",
    ["a" * 2000, 'with "quotes"', "ends in \\", "two\nlines", "a: b", " blanks ", "é" * 60],
)
def test_any_comment_is_read_back(comment: str, ed25519: PrivateKey) -> None:
    text = encode(ed25519.public_key.blob, comment)
    blob, found = decode(text.encode())
    assert blob == ed25519.public_key.blob
    assert found == comment.replace("\n", "\\x0a")[:1022]
    assert all(len(line.encode()) <= 72 for line in text.split("\n"))


@given(comment=st.text(max_size=1500), blob=st.binary(max_size=200))
@settings(deadline=None)
def test_written_file_is_read_back(comment: str, blob: bytes) -> None:
    found, _ = decode(encode(blob, comment).encode())
    assert found == blob


@given(lines=st.lists(st.binary(max_size=80), max_size=6))
@settings(deadline=None, max_examples=500)
def test_any_file_is_a_key_or_a_format_error(lines: list[bytes]) -> None:
    try:
        blob, _ = decode(frame(*lines))
    except KeyFormatError:
        return
    assert to_base64(blob) in b"".join(lines).replace(b"\r", b"").replace(b"\n", b"")


def test_our_file_is_read_by_ssh_keygen(key: PrivateKey, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(key.public_key.with_comment("a long comment " * 12).to_rfc4716())
    line = keygen("-i", "-m", "RFC4716", "-f", path).decode().split()
    assert line[1] == key.public_key.to_openssh().split()[1]


def test_file_of_ssh_keygen_is_read(key: PrivateKey, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(key.public_key.to_openssh())
    again = load_public_key(keygen("-e", "-m", "RFC4716", "-f", path))
    assert again == key.public_key
    assert "converted by" in again.comment


def test_file_is_exchanged_with_puttygen(
    portable: PrivateKey, puttygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_text(portable.public_key.to_rfc4716())
    again = load_public_key(puttygen(path, "-O", "public"))
    assert again == portable.public_key
    assert again.comment == portable.comment
