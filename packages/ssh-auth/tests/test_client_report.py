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
from ssh_auth.client.methods.publickey import AwaitSignature, SignatureNeeded
from ssh_auth.client.report import attempt
from ssh_auth.client.states import ExpectStart, ExpectVerdict, Finished
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_wire import UsageError


def test_attempt_of_a_key_has_its_fingerprint_and_algorithm(key: PrivateKey) -> None:
    credential = KeyCredential(KeySigner(key, "file k"))
    question = SignatureNeeded(credential, "ssh-ed25519", b"")
    state = AwaitSignature(credential, question, algorithm="ssh-ed25519")

    assert attempt(state, Outcome.SIGNING_FAILED, ("publickey",), "no") == AuthAttempt(
        method="publickey",
        source="file k",
        fingerprint=key.public_key.fingerprint(),
        algorithm="ssh-ed25519",
        outcome=Outcome.SIGNING_FAILED,
        remaining=("publickey",),
        detail="no",
    )


def test_attempt_of_a_certificate_has_its_key_id(key: PrivateKey, other: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="me@work", principals=("me",))
    certificate = issue(other, key.public_key, spec=spec, random=bytes)
    state = ExpectVerdict(KeyCredential(KeySigner(key), certificate=certificate), algorithm="x")

    told = attempt(state, Outcome.REJECTED, None, "")
    assert told.certificate == "me@work"
    assert "certificate 'me@work'" in str(told)


def test_unusable_credential_is_reported_with_its_reason() -> None:
    credential = UnusableCredential("publickey", "file k", "it is a directory")

    told = attempt(ExpectVerdict(credential), Outcome.UNUSABLE, None, "")
    assert str(told) == "publickey (file k) could not be used: it is a directory"


def test_attempts_of_other_methods_have_no_fingerprint_or_algorithm() -> None:
    told = attempt(ExpectVerdict(NoneCredential()), Outcome.REJECTED, None, "")

    assert told == AuthAttempt(method="none", outcome=Outcome.REJECTED)


@pytest.mark.parametrize("state", [ExpectStart(), Finished()])
def test_report_before_the_start_or_after_the_end_is_a_usage_error(
    state: ExpectStart | Finished,
) -> None:
    with pytest.raises(UsageError):
        attempt(state, Outcome.REJECTED, None, "")
