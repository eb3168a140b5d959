from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    KeyFormatError,
    KeyPolicy,
    PrivateKey,
    UnsupportedKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.formats.armor import enclose, open_armor
from ssh_keys.formats.key_text import OPENSSH_LABEL
from ssh_keys.public import MAX_BLOB
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import string


def test_key_is_loaded_from_text_and_from_bytes(signing: PrivateKey) -> None:
    text = signing.to_openssh()
    assert load_private_key(text.decode()).public_key == signing.public_key
    assert load_private_key(text).public_key == signing.public_key
    line = signing.public_key.to_openssh()
    assert load_public_key(line) == load_public_key(line.encode() + b"\r\n") == signing.public_key


def test_given_comment_replaces_a_missing_one(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh()
    assert load_private_key(text, comment="other").comment == ed25519.comment
    bare = ed25519.with_comment("").to_openssh()
    assert load_private_key(bare).comment == ""
    assert load_private_key(bare, comment="other").comment == "other"


def test_private_and_public_keys_are_not_confused(ed25519: PrivateKey) -> None:
    with pytest.raises(KeyFormatError, match="'OPENSSH PRIVATE KEY' is not a public key"):
        load_public_key(ed25519.to_openssh())
    with pytest.raises(KeyFormatError, match="'PRIVATE KEY' is not a public key"):
        load_public_key(ed25519.to_pem())
    with pytest.raises(KeyFormatError, match="'PUBLIC KEY' is not a private key"):
        load_private_key(ed25519.public_key.to_pem())
    with pytest.raises(KeyFormatError, match="not a private key"):
        load_private_key(ed25519.public_key.to_openssh())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "private key of ssh.com"),
        (b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0", "keys of SSH's version 1 are not read"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "the line 'Encryption' is missing"),
        (b"PuTTY-User-Key-File-1: ssh-rsa\n", "not a private key of PuTTY in version 2 or 3"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "CERTIFICATE"),
        (
            b"-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n",
            "'EC PARAMETERS' is not a (private|public) key",
        ),
        (b"-----BEGIN EC PARAMETERS-----\n", "END line"),
        (b"", "not a private|unknown"),
    ],
)
def test_file_of_another_kind_is_named(data: bytes, reason: str) -> None:
    for load in (load_private_key, load_public_key):
        with pytest.raises(KeyFormatError, match=reason):
            load(data)


@pytest.mark.row("K03")
def test_dsa_key_is_refused_in_every_format(ed25519: PrivateKey) -> None:
    blob = string("ssh-dss") + string(b"\1") * 4
    line = b"ssh-dss " + to_base64(blob)
    frame = b"---- BEGIN SSH2 PUBLIC KEY ----\n%b\n---- END SSH2 PUBLIC KEY ----" % to_base64(blob)
    certificate = b"ssh-dss-cert-v01@openssh.com " + to_base64(blob)
    for text in (line, frame, certificate):
        for policy in (KeyPolicy.DEFAULT, KeyPolicy.LEGACY):
            with pytest.raises(UnsupportedKey, match="DSA keys are refused"):
                load_public_key(text, policy=policy)
    body = open_armor(ed25519.to_openssh()).body
    public = string(ed25519.public_key.blob)
    with pytest.raises(UnsupportedKey, match="DSA keys are refused"):
        load_private_key(enclose(OPENSSH_LABEL, body.replace(public, string(blob), 1)))


@pytest.mark.row("K08")
def test_data_longer_than_a_mebibyte_is_refused(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh()
    full = text + b"\n" * (MAX_BLOB - len(text))
    assert load_private_key(full).public_key == ed25519.public_key
    for load in (load_private_key, load_public_key):
        with pytest.raises(KeyFormatError, match="too many for a key"):
            load(text + b"\n" * (MAX_BLOB + 1 - len(text)))


@given(data=st.binary(max_size=300) | st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_any_data_is_a_key_or_a_format_error(data: bytes | str) -> None:
    for load in (load_private_key, load_public_key):
        with pytest.raises(KeyFormatError):
            load(data)


def test_passphrase_with_lone_surrogates_is_encoded(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh(b"\xff", rounds=1)
    assert load_private_key(text, "\udcff").public_key == ed25519.public_key
