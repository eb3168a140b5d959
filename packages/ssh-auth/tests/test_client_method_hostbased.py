from __future__ import annotations

import pytest

from client_talk import SESSION, SUCCESS, failure, outcomes, reply, talk_of
from ssh_auth import (
    AuthRejected,
    AuthSucceeded,
    ClientAuth,
    ClientPolicy,
    HostbasedCredential,
    HostSignatureNeeded,
    KeySigner,
    Outcome,
    SignedHostbasedRequest,
    Unsigned,
)
from ssh_auth.testing import Talk, finish
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_wire import SSHError, UsageError
from ssh_wire.messages.auth import HostbasedRequest, PublicKeyOk


def hostbased(key: PrivateKey, host: str = "client.example") -> HostbasedCredential:
    return HostbasedCredential(KeySigner(key, "file host_key"), host, "me")


@pytest.mark.parametrize("host", ["client.example", "client.example."])
def test_request_names_host_and_user_and_is_signed_by_the_hosts_key(
    key: PrivateKey, host: str
) -> None:
    talk = talk_of(hostbased(key, host))
    question = talk.event(HostSignatureNeeded)
    talk.auth.answer(question, finish(question.obtain()))

    request = talk.message(HostbasedRequest)

    assert (request.user, request.service) == ("ops", "ssh-connection")
    assert (request.client_host, request.client_user) == ("client.example.", "me")
    assert request.host_key == key.public_key.blob
    covered = SignedHostbasedRequest(
        session_id=SESSION,
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        host_key=key.public_key.blob,
        client_host="client.example.",
        client_user="me",
    ).encode()
    assert key.public_key.verify(covered, request.signature, "ssh-ed25519")
    talk.receive(SUCCESS)
    (attempt,) = talk.event(AuthSucceeded).attempts
    assert attempt.method == "hostbased"
    assert (attempt.source, attempt.algorithm) == ("file host_key", "ssh-ed25519")
    assert attempt.fingerprint == key.public_key.fingerprint()


def test_certificate_of_the_host_is_shown_and_the_key_signs(
    key: PrivateKey, other: PrivateKey
) -> None:
    spec = CertificateSpec(role="host", key_id="client", principals=("client.example",))
    certificate = issue(other, key.public_key, spec=spec, random=bytes)
    credential = HostbasedCredential(KeySigner(key), "client.example", "me", certificate)
    talk = talk_of(credential)
    question = talk.event(HostSignatureNeeded)
    talk.auth.answer(question, finish(question.obtain()))

    request = talk.message(HostbasedRequest)

    assert request.host_key == certificate.blob
    assert request.algorithm == "ssh-ed25519-cert-v01@openssh.com"
    with pytest.raises(UsageError):
        HostbasedCredential(KeySigner(other), "client.example", "me", certificate)


@pytest.mark.parametrize("part", ["name", "signature"])
def test_name_or_signature_that_is_missing_leaves_the_next_key(
    key: PrivateKey, other: PrivateKey, part: str
) -> None:
    class Locked(KeySigner):
        async def sign(self, data: bytes, algorithm: str) -> bytes:
            problem = f"no {algorithm} for {len(data)} bytes"
            raise SSHError(problem)

    async def unknown() -> str:
        problem = "this host has no name"
        raise SSHError(problem)

    signer = Locked(key) if part == "signature" else KeySigner(key)
    first = HostbasedCredential(signer, unknown if part == "name" else "host", "me")
    talk = talk_of(first, hostbased(other))
    question = talk.event(HostSignatureNeeded)
    value = finish(question.obtain())
    assert isinstance(value, Unsigned)

    talk.auth.answer(question, value)

    assert outcomes(talk) == [Outcome.SIGNING_FAILED]
    assert talk.event(HostSignatureNeeded).credential.offered == other.public_key


@pytest.mark.parametrize("value", [None, b"signature", "", PublicKeyOk(algorithm="", key=b"")])
def test_answer_that_is_no_request_is_the_callers_error(key: PrivateKey, value: object) -> None:
    talk = talk_of(hostbased(key))

    with pytest.raises(UsageError):
        reply(talk.auth, value)


def test_key_without_an_algorithm_that_may_be_used_is_reported(key: PrivateKey) -> None:
    policy = ClientPolicy(hostbased_algorithms=("rsa-sha2-256",))
    auth = ClientAuth("ops", SESSION, [hostbased(key)], policy=policy)
    auth.start()

    talk = Talk(auth)
    talk.receive(failure("hostbased"))
    (attempt,) = talk.event(AuthRejected).error.attempts
    assert attempt.outcome is Outcome.NO_ALGORITHM


def test_refused_rsa_key_is_tried_with_the_algorithm_that_the_server_lists(
    rsa: PrivateKey,
) -> None:
    talk = talk_of(hostbased(rsa))
    question = talk.event(HostSignatureNeeded)
    assert question.algorithm == "rsa-sha2-512"
    talk.auth.answer(question, finish(question.obtain()))
    talk.auth.server_sig_algs = ("rsa-sha2-256",)

    talk.receive(failure("hostbased"))

    assert talk.event(HostSignatureNeeded).algorithm == "rsa-sha2-256"
