from __future__ import annotations

import pytest

from ssh_auth import (
    AuthAttempt,
    KeyCredential,
    KeySigner,
    NoneCredential,
    Outcome,
    UnusableCredential,
)
from ssh_auth.client.report import attempt
from ssh_auth.client.states import AwaitSignature, ExpectStart, ExpectVerdict, Finished
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_wire import UsageError


def test_a_key_is_told_by_fingerprint_and_algorithm(key: PrivateKey) -> None:
    exchange = AwaitSignature(KeyCredential(KeySigner(key, "file k")), "ssh-ed25519")

    assert attempt(exchange, Outcome.SIGNING_FAILED, ("publickey",), "no") == AuthAttempt(
        method="publickey",
        source="file k",
        fingerprint=key.public_key.fingerprint(),
        algorithm="ssh-ed25519",
        outcome=Outcome.SIGNING_FAILED,
        remaining=("publickey",),
        detail="no",
    )


def test_a_certificate_is_told_by_its_key_id(key: PrivateKey, other: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="me@work", principals=("me",))
    certificate = issue(other, key.public_key, spec=spec, random=bytes)
    exchange = ExpectVerdict(KeyCredential(KeySigner(key), certificate=certificate), "x")

    told = attempt(exchange, Outcome.REJECTED, None, "")
    assert told.certificate == "me@work"
    assert "certificate 'me@work'" in str(told)


def test_what_cannot_be_used_is_told_with_its_reason() -> None:
    credential = UnusableCredential("publickey", "file k", "it is a directory")

    told = attempt(ExpectVerdict(credential), Outcome.UNUSABLE, None, "")
    assert str(told) == "publickey (file k) could not be used: it is a directory"


def test_other_methods_have_neither() -> None:
    told = attempt(ExpectVerdict(NoneCredential()), Outcome.REJECTED, None, "")

    assert told == AuthAttempt(method="none", outcome=Outcome.REJECTED)


@pytest.mark.parametrize("exchange", [ExpectStart(), Finished()])
def test_there_is_nothing_to_tell_before_or_after(exchange: ExpectStart | Finished) -> None:
    with pytest.raises(UsageError):
        attempt(exchange, Outcome.REJECTED, None, "")
