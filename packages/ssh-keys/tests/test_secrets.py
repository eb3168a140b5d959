"""No error quotes a byte of a key file: not in its text, and not in what lies behind it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Program
from ssh_keys import (
    AllowedSigners,
    AuthorizedKeysFile,
    KnownHosts,
    PrivateKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.files import read_private_key, read_public_key
from ssh_keys.formats.armor import enclose
from ssh_keys.formats.key_text import find_block, open_block
from ssh_keys.trust.krl_text import parse_revoked
from ssh_wire import SSHError, UsageError

MARKERS = (b"S3cretMarker", b"s3cret-marker", b"\x1bS3cretMark")
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


def told(error: BaseException) -> str:
    """Everything that an error can show of itself and of what lies behind it."""
    texts = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        texts += [str(each), repr(each), repr(each.args), repr(getattr(each, "__notes__", []))]
        texts += [repr(value) for value in vars(each).values()]
        assert not hasattr(each, "object"), each  # a UnicodeError keeps its input
    return "\n".join(texts)


def try_all(data: bytes, passphrase: str | None = None) -> Iterator[str]:
    """What the readers of keys say of the data, where they refuse it."""
    for read in (
        lambda: load_private_key(data, passphrase),
        lambda: load_private_key(data.decode("latin-1"), passphrase),
        lambda: load_public_key(data),
    ):
        try:
            read()
        except SSHError as error:
            yield told(error)


def misplaced(data: bytes) -> Iterator[str]:
    """What the readers of trust files say of a private key in their place."""
    try:
        parse_revoked(data)
    except SSHError as error:
        yield told(error)
    known, signers = KnownHosts.parse(data), AllowedSigners.parse(data)
    for problem in (*known.problems, *AuthorizedKeysFile.parse(data).problems, *signers.problems):
        yield str(problem)


def refuses(data: bytes, *secrets: bytes, passphrase: str | None = None) -> None:
    for text in try_all(data, passphrase):
        for secret in secrets:
            assert secret.decode("latin-1") not in text
            assert repr(secret)[2:-1] not in text


def files(keys: dict[str, PrivateKey], passphrase: str | None = None) -> dict[str, bytes]:
    ed25519, rsa, ecdsa = (keys[k] for k in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"))
    return {
        "openssh": ed25519.to_openssh(passphrase, rounds=1),
        "pkcs8": ecdsa.to_pem(passphrase),
        "pkcs1": rsa.to_pem(passphrase, form="traditional"),
        "sec1": ecdsa.to_pem(passphrase, form="traditional"),
        "ppk 2": ed25519.to_ppk(passphrase, version=2),
        "ppk 3": ed25519.to_ppk(passphrase) if passphrase is None else ed25519.to_ppk("x"),
    }


FORMATS = ["openssh", "pkcs8", "pkcs1", "sec1", "ppk 2", "ppk 3"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_error_quotes_no_part_of_the_text(
    form: str, marker: bytes, passphrase: str | None, keys: dict[str, PrivateKey]
) -> None:
    text = files(keys, passphrase)[form]
    step = max(1, len(text) // 25)
    given = None if form == "ppk 3" else passphrase
    for at in range(0, len(text), step):
        refuses(text[:at] + marker + text[at:], marker, passphrase=given)
        refuses(text[:at] + marker + text[at + len(marker) :], marker, passphrase=given)


@pytest.mark.parametrize("form", ["openssh", "pkcs8", "pkcs1", "sec1"])
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_error_quotes_no_part_of_the_content(
    form: str, marker: bytes, passphrase: str | None, keys: dict[str, PrivateKey]
) -> None:
    text = files(keys, passphrase)[form]
    block = find_block(text, ())
    assert block is not None
    if passphrase is not None and b"DEK-Info" in text:
        return
    body = open_block(block).body
    for at in range(0, len(body), max(1, len(body) // 40)):
        damaged = body[:at] + marker + body[at + len(marker) :]
        refuses(enclose(block.label, damaged), marker, passphrase=passphrase)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("cut", ["front", "back", "headers", "label", "line breaks", "dashes"])
def test_error_quotes_nothing_of_a_damaged_file(
    form: str, cut: str, keys: dict[str, PrivateKey]
) -> None:
    text = files(keys)[form]
    first, *rest = text.split(b"\n")
    secrets = [line[at : at + 12] for line in rest for at in range(0, len(line) - 11, 6)]
    secrets = [each for each in secrets if not each.strip(BASE64)]
    damaged = {
        "front": [text[at:] for at in range(1, len(text), 23)],
        "back": [text[:-at] for at in range(1, len(text), 23)],
        "headers": [b"\n".join([first, b"Proc-Type: 4,ENCRYPTED", b"DEK-Info: S,T", *rest])],
        "label": [text.replace(b"PRIVATE", word) for word in (b"", b"PUBLIC", b"Secret", b"X")],
        "line breaks": [text.replace(b"\n", word) for word in (b"", b" ", b"\\x", b",", b"\t")],
        "dashes": [text.replace(b"-----", word) for word in (b"", b"----", b"----- ", b"- ")],
    }
    for data in damaged[cut]:
        for message in (*try_all(data), *misplaced(data)):
            for secret in secrets:
                assert secret.decode() not in message


@pytest.mark.parametrize("cipher", ["-aes192", "-des3"])
def test_error_quotes_no_header_of_an_encrypted_file(
    cipher: str, rsa: PrivateKey, openssl: Program
) -> None:
    text = rsa.to_pem(form="traditional")
    locked = openssl("rsa", "-traditional", cipher, "-passout", "pass:x", data=text)
    for marker in MARKERS:
        for word in (b"RSA PRIVATE", b"4,ENCRYPTED", b"AES-192-CBC", b"DES-EDE3-CBC", b","):
            refuses(locked.replace(word, marker), marker, passphrase="x")


def test_error_quotes_no_passphrase(keys: dict[str, PrivateKey]) -> None:
    for form, text in files(keys, "pass").items():
        for wrong in ("S3cretMarker", "S3cretMarker" * 100, "S3cretMarker\0", "\udcffS3cret"):
            if form == "ppk 3":
                continue
            refuses(text, b"S3cret", passphrase=wrong)


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_error_quotes_no_passphrase_that_no_format_accepts(
    form: Literal["pkcs8", "traditional"], rsa: PrivateKey
) -> None:
    passphrase = "Marker" * 200
    with pytest.raises(UsageError) as caught:
        rsa.to_pem(passphrase, form=form)
    assert "Marker" not in told(caught.value)


@pytest.mark.parametrize("read", [read_private_key, read_public_key])
def test_error_quotes_no_key_in_the_place_of_a_path(
    read: object, keys: dict[str, PrivateKey], tmp_path: Path
) -> None:
    assert callable(read)
    for text in files(keys).values():
        for path in (text.decode(), text.decode().replace("\n", "\\n"), f" {text.decode()}"):
            with pytest.raises(SSHError, match="where the path of its file is expected") as caught:
                read(path)
            assert "AAAA" not in told(caught.value)


@given(data=st.binary(max_size=100))
@settings(deadline=None)
def test_error_quotes_nothing_that_is_not_a_key(data: bytes) -> None:
    text = b"-----BEGIN " + data + b"S3cretMarker" + data
    refuses(text, b"S3cretMarker")
    refuses(data + b"S3cretMarker", b"S3cretMarker")
