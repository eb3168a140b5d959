from __future__ import annotations

import pytest

from ssh_agent.errors import AgentMisbehaved, WrongReply
from ssh_agent.messages import AgentSuccess, IdentitiesAnswer, RequestIdentities, SignResponse
from ssh_agent.requests import IdentitiesRequest, SignatureRequest
from ssh_keys import CertificateSpec, PrivateKey, PublicKey, issue
from ssh_keys.fido import Assertion
from ssh_wire import UsageError
from ssh_wire.primitives import read_string, string


def test_the_list_of_keys_is_asked_for() -> None:
    request = IdentitiesRequest()

    assert request.message == RequestIdentities()
    assert request.answer(IdentitiesAnswer(identities=())) == ()


@pytest.mark.parametrize(("algorithm", "flags"), [("rsa-sha2-256", 2), ("rsa-sha2-512", 4)])
def test_an_rsa_algorithm_is_a_flag(rsa: PrivateKey, algorithm: str, flags: int) -> None:
    message = SignatureRequest(rsa.public_key, b"data", algorithm).message

    assert (message.key, message.data, message.flags) == (rsa.public_key.blob, b"data", flags)


def test_other_keys_need_no_flag(ed25519: PrivateKey) -> None:
    assert SignatureRequest(ed25519.public_key, b"", "ssh-ed25519").message.flags == 0


@pytest.mark.parametrize("algorithm", ["ssh-rsa", "rsa-sha2-512", ""])
def test_an_algorithm_of_another_key_is_the_callers_error(
    ed25519: PrivateKey, algorithm: str
) -> None:
    with pytest.raises(UsageError):
        SignatureRequest(ed25519.public_key, b"", algorithm)


def test_sha1_is_asked_for_only_by_its_name(rsa: PrivateKey) -> None:
    request = SignatureRequest(rsa.public_key, b"data", "ssh-rsa")
    signature = rsa.sign(b"data", "ssh-rsa")

    assert request.message.flags == 0
    assert request.answer(SignResponse(signature=signature)) == signature
    with pytest.raises(AgentMisbehaved):  # an old agent that knows no flags
        SignatureRequest(rsa.public_key, b"data", "rsa-sha2-512").answer(
            SignResponse(signature=signature)
        )


def test_a_certificate_names_the_key_and_its_key_signs(rsa: PrivateKey, other: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="me", principals=("me",))
    certificate = issue(other, rsa.public_key, spec=spec, random=bytes)
    request = SignatureRequest(certificate, b"data", "rsa-sha2-256")

    assert (request.message.key, request.message.flags) == (certificate.blob, 2)
    signature = rsa.sign(b"data", "rsa-sha2-256")
    assert request.answer(SignResponse(signature=signature)) == signature
    with pytest.raises(AgentMisbehaved):
        request.answer(SignResponse(signature=other.sign(b"data")))
    with pytest.raises(UsageError):
        SignatureRequest(certificate, b"data", "rsa-sha2-256-cert-v01@openssh.com")


def test_a_signature_that_verifies_is_returned(rsa: PrivateKey) -> None:
    signature = rsa.sign(b"data", "rsa-sha2-256")
    request = SignatureRequest(rsa.public_key, b"data", "rsa-sha2-256")

    assert request.answer(SignResponse(signature=signature)) == signature


@pytest.mark.parametrize("flags", [0x00, 0x01])
def test_what_a_token_saw_is_for_the_server_to_judge(ed25519: PrivateKey, flags: int) -> None:
    kind = "sk-ssh-ed25519@openssh.com"
    plain = ed25519.public_key.blob
    _, pos = read_string(plain, 0)
    key = PublicKey.from_blob(string(kind) + plain[pos:] + string("ssh:"))
    assertion = Assertion(algorithm=kind, blob=b"", flags=flags, counter=7)
    signed = assertion.signed("ssh:", b"data")
    assert signed is not None
    made = ed25519.sign(signed)
    blob, _ = read_string(made, read_string(made, 0)[1])
    signature = assertion.replace(blob=bytes(blob)).encode()

    reply = SignResponse(signature=signature)

    assert SignatureRequest(key, b"data", kind).answer(reply) == signature
    with pytest.raises(AgentMisbehaved):
        SignatureRequest(key, b"other", kind).answer(reply)


@pytest.mark.row("G03")
def test_a_signature_by_another_key_is_refused(ed25519: PrivateKey, other: PrivateKey) -> None:
    request = SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519")

    with pytest.raises(AgentMisbehaved, match="SHA256:"):
        request.answer(SignResponse(signature=other.sign(b"data", "ssh-ed25519")))


@pytest.mark.row("G03")
def test_a_signature_with_another_algorithm_is_refused(rsa: PrivateKey) -> None:
    request = SignatureRequest(rsa.public_key, b"data", "rsa-sha2-512")

    with pytest.raises(AgentMisbehaved):
        request.answer(SignResponse(signature=rsa.sign(b"data", "rsa-sha2-256")))


@pytest.mark.row("G03")
@pytest.mark.parametrize("signature", [b"", b"\0", bytes(80)])
def test_a_signature_that_is_none_is_refused(ed25519: PrivateKey, signature: bytes) -> None:
    with pytest.raises(AgentMisbehaved):
        SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519").answer(
            SignResponse(signature=signature)
        )


def test_a_verification_that_returns_no_boolean_verifies_nothing(
    ed25519: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ed25519.public_key

    def verify(*_args: object, **_options: object) -> None:
        return None

    monkeypatch.setattr(type(key), "verify", verify)

    with pytest.raises(AgentMisbehaved):
        SignatureRequest(key, b"data", "ssh-ed25519").answer(SignResponse(signature=b"?"))


@pytest.mark.row("G03")
def test_a_reply_to_another_request_is_told_apart(ed25519: PrivateKey) -> None:
    signing = SignatureRequest(ed25519.public_key, b"", "ssh-ed25519")

    for request, reply in (
        (signing, IdentitiesAnswer(identities=())),
        (IdentitiesRequest(), SignResponse(signature=b"")),
        (signing, AgentSuccess()),
    ):
        with pytest.raises(WrongReply):
            request.answer(reply)
