from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa as weak_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssh_auth import ACCEPTED_ALGORITHMS, AuthContext, SignedRequest
from ssh_auth.server.verification import check_host_key, offered_key, signature_is_valid
from ssh_keys import CertificateSpec, KeyPolicy, PrivateKey, issue, load_private_key
from ssh_wire import ProtocolError
from ssh_wire.messages.auth import PublicKeyRequest
from ssh_wire.primitives import string


def signed(key: PrivateKey, algorithm: str, session_id: bytes, **changed: str) -> PublicKeyRequest:
    """A request whose signature covers it, but for what was changed behind it."""
    fields = {"user": "ops", "service": "ssh-connection", "signed_for": algorithm, **changed}
    blob = key.public_key.blob
    data = SignedRequest(
        session_id=session_id,
        user=fields["user"],
        service=fields["service"],
        algorithm=fields["signed_for"],
        key=blob,
    ).encode()
    return PublicKeyRequest(
        user="ops",
        service="ssh-connection",
        algorithm=algorithm,
        key=blob,
        signature=key.sign(data, fields.get("signed_with", algorithm)),
    )


def test_offered_key_is_read(key: PrivateKey, rsa: PrivateKey) -> None:
    for each, algorithm in ((key, "ssh-ed25519"), (rsa, "rsa-sha2-256")):
        blob = each.public_key.blob
        assert offered_key(algorithm, blob, ACCEPTED_ALGORITHMS) == each.public_key


@pytest.mark.row("A06")
def test_algorithm_of_another_key_type_is_refused(key: PrivateKey, rsa: PrivateKey) -> None:
    for each, algorithm in ((key, "rsa-sha2-512"), (rsa, "ssh-rsa"), (rsa, "ssh-ed25519")):
        assert offered_key(algorithm, each.public_key.blob, ACCEPTED_ALGORITHMS) is None


def test_algorithm_that_is_not_accepted_is_refused(rsa: PrivateKey) -> None:
    assert offered_key("rsa-sha2-256", rsa.public_key.blob, {"rsa-sha2-512"}) is None


@pytest.mark.parametrize("blob", [b"", string("ssh-ed25519"), bytes(80)])
def test_malformed_key_blob_is_refused(blob: bytes) -> None:
    assert offered_key("ssh-ed25519", blob, ACCEPTED_ALGORITHMS) is None


def test_signature_over_session_and_request_is_valid(
    session_id: bytes, key: PrivateKey, rsa: PrivateKey
) -> None:
    for each, algorithm in ((key, "ssh-ed25519"), (rsa, "rsa-sha2-256"), (rsa, "rsa-sha2-512")):
        request = signed(each, algorithm, session_id)
        assert signature_is_valid(AuthContext(session_id=session_id), request, each.public_key)


@pytest.mark.row("A06")
@pytest.mark.parametrize(
    "changed",
    [
        {"user": "root"},
        {"service": "ssh-userauth"},
        {"signed_for": "rsa-sha2-512"},
        {"signed_with": "rsa-sha2-512"},
    ],
)
def test_signature_over_a_changed_request_is_not_valid(
    session_id: bytes, rsa: PrivateKey, changed: dict[str, str]
) -> None:
    request = signed(rsa, "rsa-sha2-256", session_id, **changed)

    assert not signature_is_valid(AuthContext(session_id=session_id), request, rsa.public_key)


@pytest.mark.row("A06")
def test_signature_of_another_session_is_not_valid(session_id: bytes, key: PrivateKey) -> None:
    request = signed(key, "ssh-ed25519", b"another session")

    assert not signature_is_valid(AuthContext(session_id=session_id), request, key.public_key)


@pytest.mark.row("A06")
def test_signature_by_another_key_is_not_valid(
    session_id: bytes, key: PrivateKey, other: PrivateKey
) -> None:
    request = signed(key, "ssh-ed25519", session_id)

    assert not signature_is_valid(AuthContext(session_id=session_id), request, other.public_key)


@pytest.mark.row("A06")
def test_signature_with_any_bit_flipped_is_not_valid(session_id: bytes, key: PrivateKey) -> None:
    request = signed(key, "ssh-ed25519", session_id)
    for index in range(len(request.signature)):
        broken = bytearray(request.signature)
        broken[index] ^= 1 << index % 8
        changed = PublicKeyRequest(
            user=request.user,
            service=request.service,
            algorithm=request.algorithm,
            key=request.key,
            signature=bytes(broken),
        )
        assert not signature_is_valid(AuthContext(session_id=session_id), changed, key.public_key)


@pytest.mark.row("A25")
@pytest.mark.parametrize("result", [None, 1, "yes", NotImplemented, ValueError()])
def test_verification_that_does_not_return_true_is_not_valid(
    session_id: bytes, key: PrivateKey, monkeypatch: pytest.MonkeyPatch, result: object
) -> None:
    def verify(*_args: object, **_options: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(type(key.public_key), "verify", verify)
    request = signed(key, "ssh-ed25519", session_id)

    assert not signature_is_valid(AuthContext(session_id=session_id), request, key.public_key)


# ------------------------------------------------------------- signatures bound to a server


@pytest.mark.row("A06")
def test_request_is_bound_to_the_key_or_the_certificate_of_this_server(
    key: PrivateKey, rsa: PrivateKey
) -> None:
    spec = CertificateSpec(role="host", key_id="here", principals=("here",))
    certificate = issue(rsa, key.public_key, spec=spec, random=bytes)

    check_host_key(key.public_key.blob, key.public_key)
    check_host_key(certificate.blob, key.public_key)
    for blob in (rsa.public_key.blob, b"", key.public_key.blob[:-1], key.public_key.blob + b"\0"):
        with pytest.raises(ProtocolError):
            check_host_key(blob, key.public_key)
    with pytest.raises(ProtocolError):
        check_host_key(key.public_key.blob, None)


def test_request_is_bound_to_a_short_key_of_a_server_that_has_one() -> None:
    made = weak_rsa.generate_private_key(65537, 1024)  # noqa: S505 (what old servers have)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    short = load_private_key(pem, policy=KeyPolicy.LEGACY).public_key

    check_host_key(short.blob, short)
