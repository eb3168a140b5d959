from __future__ import annotations

import pytest

from ssh_agent.errors import AgentMisbehaved, WrongReply
from ssh_agent.messages import (
    AgentSuccess,
    Extension,
    ExtensionResponse,
    IdentitiesAnswer,
    QueryExtension,
    RemoveAllIdentities,
    RequestIdentities,
    SignResponse,
)
from ssh_agent.requests import (
    ActionRequest,
    ExtensionNamesRequest,
    ExtensionRequest,
    IdentitiesRequest,
    SignatureRequest,
)
from ssh_keys import CertificateSpec, PrivateKey, PublicKey, issue
from ssh_keys.fido import Assertion
from ssh_wire import Message, UsageError, WireError
from ssh_wire.primitives import read_string, string


def test_identities_request_has_its_message_and_answer() -> None:
    request = IdentitiesRequest()

    assert request.message == RequestIdentities()
    assert request.answer(IdentitiesAnswer(identities=())) == ()


@pytest.mark.parametrize(("algorithm", "flags"), [("rsa-sha2-256", 2), ("rsa-sha2-512", 4)])
def test_rsa_algorithm_is_sent_as_flag(rsa: PrivateKey, algorithm: str, flags: int) -> None:
    message = SignatureRequest(rsa.public_key, b"data", algorithm).message

    assert (message.key, message.data, message.flags) == (rsa.public_key.blob, b"data", flags)


def test_other_keys_need_no_flag(ed25519: PrivateKey) -> None:
    assert SignatureRequest(ed25519.public_key, b"", "ssh-ed25519").message.flags == 0


@pytest.mark.parametrize("algorithm", ["ssh-rsa", "rsa-sha2-512", ""])
def test_algorithm_of_other_key_raises_usage_error(ed25519: PrivateKey, algorithm: str) -> None:
    with pytest.raises(UsageError):
        SignatureRequest(ed25519.public_key, b"", algorithm)


def test_sha1_is_requested_only_by_its_name(rsa: PrivateKey) -> None:
    request = SignatureRequest(rsa.public_key, b"data", "ssh-rsa")
    signature = rsa.sign(b"data", "ssh-rsa")

    assert request.message.flags == 0
    assert request.answer(SignResponse(signature=signature)) == signature
    with pytest.raises(AgentMisbehaved):  # an old agent that knows no flags
        SignatureRequest(rsa.public_key, b"data", "rsa-sha2-512").answer(
            SignResponse(signature=signature)
        )


def test_certificate_names_key_and_signature_is_by_its_key(
    rsa: PrivateKey, other: PrivateKey
) -> None:
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


def test_valid_signature_is_returned(rsa: PrivateKey) -> None:
    signature = rsa.sign(b"data", "rsa-sha2-256")
    request = SignatureRequest(rsa.public_key, b"data", "rsa-sha2-256")

    assert request.answer(SignResponse(signature=signature)) == signature


@pytest.mark.parametrize("flags", [0x00, 0x01])
def test_flags_of_token_signature_are_not_judged(ed25519: PrivateKey, flags: int) -> None:
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
def test_signature_by_other_key_is_refused(ed25519: PrivateKey, other: PrivateKey) -> None:
    request = SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519")

    with pytest.raises(AgentMisbehaved, match="SHA256:"):
        request.answer(SignResponse(signature=other.sign(b"data", "ssh-ed25519")))


@pytest.mark.row("G03")
def test_signature_with_other_algorithm_is_refused(rsa: PrivateKey) -> None:
    request = SignatureRequest(rsa.public_key, b"data", "rsa-sha2-512")

    with pytest.raises(AgentMisbehaved):
        request.answer(SignResponse(signature=rsa.sign(b"data", "rsa-sha2-256")))


@pytest.mark.row("G03")
@pytest.mark.parametrize("signature", [b"", b"\0", bytes(80)])
def test_malformed_signature_is_refused(ed25519: PrivateKey, signature: bytes) -> None:
    with pytest.raises(AgentMisbehaved):
        SignatureRequest(ed25519.public_key, b"data", "ssh-ed25519").answer(
            SignResponse(signature=signature)
        )


def test_verification_without_boolean_result_refuses_signature(
    ed25519: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ed25519.public_key

    def verify(*_args: object, **_options: object) -> None:
        return None

    monkeypatch.setattr(type(key), "verify", verify)

    with pytest.raises(AgentMisbehaved):
        SignatureRequest(key, b"data", "ssh-ed25519").answer(SignResponse(signature=b"?"))


@pytest.mark.row("G03")
def test_reply_to_other_request_raises_wrong_reply(ed25519: PrivateKey) -> None:
    signing = SignatureRequest(ed25519.public_key, b"", "ssh-ed25519")

    for request, reply in (
        (signing, IdentitiesAnswer(identities=())),
        (IdentitiesRequest(), SignResponse(signature=b"")),
        (signing, AgentSuccess()),
    ):
        with pytest.raises(WrongReply):
            request.answer(reply)


# --------------------------------------------------- success, and extensions


def test_action_sends_its_message_and_is_answered_by_success_alone() -> None:
    request = ActionRequest(RemoveAllIdentities())

    assert request.message == RemoveAllIdentities()
    assert request.answer(AgentSuccess()) is None  # type: ignore[func-returns-value]
    for reply in (IdentitiesAnswer(identities=()), AgentSuccess(contents=b"x")):
        with pytest.raises(WrongReply, match="where success was due"):
            request.answer(reply)


@pytest.mark.parametrize(
    "reply",
    [
        ExtensionResponse(name="query", contents=string("a@b") + string("\x1b")),
        AgentSuccess(contents=string("a@b") + string("\x1b")),  # as early drafts have it
    ],
)
def test_names_of_extensions_are_returned_escaped(reply: Message) -> None:
    request = ExtensionNamesRequest()

    assert request.message.encode() == QueryExtension().encode()
    assert request.answer(reply) == ("a@b", "\\x1b")


def test_answer_to_extension_is_its_contents() -> None:
    request = ExtensionRequest("a@b", b"in")

    assert request.message == Extension(name="a@b", contents=b"in")
    assert request.answer(AgentSuccess()) == b""
    assert request.answer(ExtensionResponse(name="a@b", contents=b"out")) == b"out"


@pytest.mark.row("G03")
@pytest.mark.parametrize("reply", [ExtensionResponse(name="c@d"), IdentitiesAnswer(identities=())])
def test_answer_to_other_request_is_not_one_to_extension(reply: Message) -> None:
    with pytest.raises(WrongReply, match="an answer to 'a@b'"):
        ExtensionRequest("a@b").answer(reply)


@pytest.mark.row("G03")
def test_malformed_names_of_extensions_are_refused() -> None:
    with pytest.raises(WireError):
        ExtensionNamesRequest().answer(ExtensionResponse(name="query", contents=b"\0\0\0\5a"))
