from __future__ import annotations

import pytest

from ssh_keys import (
    Certificate,
    CertificateSpec,
    KeyFormatError,
    KeyPolicy,
    PrivateKey,
    PublicKey,
    UnsupportedKey,
    credential_from_blob,
    issue,
    plain_key,
)
from ssh_wire.primitives import string


def certificate(key: PublicKey) -> Certificate:
    spec = CertificateSpec(role="user", key_id="", principals=("alice",))
    return issue(PrivateKey.generate("ed25519"), key, spec=spec, random=bytes)


def test_blob_of_a_key_gives_the_key(signing: PrivateKey) -> None:
    found = credential_from_blob(signing.public_key.blob, "beside it")
    assert isinstance(found, PublicKey)
    assert (found, found.comment) == (signing.public_key, "beside it")
    assert plain_key(found) is found


def test_blob_of_a_certificate_gives_the_certificate_with_its_key(signing: PrivateKey) -> None:
    made = certificate(signing.public_key)
    found = credential_from_blob(memoryview(made.blob), "beside it")
    assert isinstance(found, Certificate)
    assert (found, found.comment) == (made, "beside it")
    assert plain_key(found) == signing.public_key


@pytest.mark.row("K15")
@pytest.mark.parametrize("blob", [b"", b"\0", b"\0\0\0\x09ssh", string(b"\xff")])
def test_blob_without_a_kind_is_refused(blob: bytes) -> None:
    with pytest.raises(KeyFormatError, match="not a public key"):
        credential_from_blob(blob)


def test_blob_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnsupportedKey):
        credential_from_blob(string("ssh-new") + string("x"))


def test_policy_applies_to_the_key_in_a_certificate(keys: dict[str, PrivateKey]) -> None:
    key = keys["ssh-rsa"].public_key
    for blob in (key.blob, certificate(key).blob):
        assert plain_key(credential_from_blob(blob)) == key
        with pytest.raises(KeyFormatError, match="bits"):
            credential_from_blob(blob, policy=KeyPolicy(min_rsa_bits=4096))
