from __future__ import annotations

import pytest

from ssh_keys import (
    CertificateRefused,
    KeyDecryptError,
    KeyFormatError,
    PassphraseNeeded,
    PublicKey,
    SigningFailed,
    TokenNeeded,
    TooCostly,
    UnsupportedKey,
)
from ssh_keys.errors import quoted_name
from ssh_wire import SSHError


@pytest.mark.parametrize("kind", [KeyFormatError, KeyDecryptError, PassphraseNeeded, TooCostly])
def test_key_format_error_is_a_value_error(kind: type[KeyFormatError]) -> None:
    with pytest.raises(ValueError, match="bad"):
        raise kind("bad")


def test_every_error_is_an_ssh_error() -> None:
    assert issubclass(KeyFormatError, SSHError)
    assert issubclass(SigningFailed, SSHError)
    assert issubclass(TokenNeeded, SSHError)


def test_refused_certificate_has_a_reason() -> None:
    refused = CertificateRefused("expired", "the certificate has expired")
    assert isinstance(refused, KeyFormatError)
    assert refused.reason == "expired"
    assert str(refused) == "the certificate has expired"


def test_unsupported_key_names_the_kind() -> None:
    with pytest.raises(UnsupportedKey) as caught:
        PublicKey.from_blob(b"\0\0\0\x07ssh-dss")
    assert caught.value.kind == "ssh-dss"


def test_passphrase_needed_may_know_the_public_key() -> None:
    assert PassphraseNeeded("locked").public_key is None


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("ssh-tomorrow", " 'ssh-tomorrow'"),
        ("ecdsa-sha2-nistp256", " 'ecdsa-sha2-nistp256'"),
        ("", " ''"),
        (b"1024", " '1024'"),
        (b"permitinterpreter", " 'permitinterpreter'"),
        (b"\x1b[2J", " '\\x1b[2J'"),
        ("MHcCAQEEIGaa7cdyuB0gQvH62a", ""),
        ("5f20d441cb56f877f6d9207f48eaad802950ed6d", ""),
        ("no-AAAAC3NzaC1lZDI1", ""),
    ],
)
def test_possible_part_of_a_key_is_not_quoted(text: str | bytes, quoted: str) -> None:
    assert quoted_name(text) == quoted
