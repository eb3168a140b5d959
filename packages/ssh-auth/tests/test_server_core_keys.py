"""What a server makes of certificates and of keys in FIDO tokens."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from server_talk import BOTH, KEYS, SERVICE, SESSION, SUCCESS, failure, query, signed, talk_of
from ssh_auth import (
    Accept,
    Authenticated,
    CompletedMethod,
    KeyOffered,
    KeyVerified,
    LoginRefused,
    Partial,
    ServerPolicy,
    SignedRequest,
)
from ssh_keys import (
    Certificate,
    CertificateSpec,
    FidoPolicy,
    PrivateKey,
    PublicKey,
    certified_name,
    issue,
)
from ssh_wire.messages.auth import PublicKeyOk, PublicKeyQuery, PublicKeyRequest
from tokens import KIND, signed_by_token, token_key

CA = PrivateKey.generate("ed25519")
CERTIFICATES = ServerPolicy(certificates=True)
TOKEN = KIND.replace("@", "-cert-v01@")


def certified(key: PublicKey, critical: Sequence[str] = ()) -> Certificate:
    options = dict.fromkeys(critical, b"")
    spec = CertificateSpec(
        role="user", key_id="ops@x", principals=("ops",), critical_options=options
    )
    return issue(CA, key, spec=spec, random=os.urandom)


def presented(certificate: Certificate, algorithm: str) -> PublicKeyQuery:
    return PublicKeyQuery(user="ops", service=SERVICE, algorithm=algorithm, key=certificate.blob)


def signed_with(key: PrivateKey, certificate: Certificate, algorithm: str) -> PublicKeyRequest:
    data = SignedRequest(
        session_id=SESSION, user="ops", service=SERVICE, algorithm=algorithm, key=certificate.blob
    )
    plain = key.public_key.algorithms[certificate.algorithms.index(algorithm)]
    return PublicKeyRequest(
        user="ops",
        service=SERVICE,
        algorithm=algorithm,
        key=certificate.blob,
        signature=key.sign(data.encode(), plain),
    )


# ------------------------------------------------------------- certificates


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_certificate_is_asked_about_with_its_key(kind: str) -> None:
    key = PrivateKey.generate(kind)
    certificate = certified(key.public_key)
    for algorithm in certificate.algorithms:
        talk = talk_of(CERTIFICATES)
        talk.receive(presented(certificate, algorithm))
        offered = talk.event(KeyOffered)
        assert (offered.key, offered.credential) == (key.public_key, certificate)
        talk.auth.answer(offered.request, Accept())
        talk.expect_sent(PublicKeyOk(algorithm=algorithm, key=certificate.blob))

        talk.receive(signed_with(key, certificate, algorithm))
        verified = talk.event(KeyVerified)
        assert (verified.key, verified.credential) == (key.public_key, certificate)
        talk.auth.answer(verified.request, Accept())
        talk.expect_sent(SUCCESS)
        done = talk.event(Authenticated)
        assert (done.key, done.credential) == (key.public_key, certificate)


@pytest.mark.row("A06")
def test_certificate_is_refused_where_certificates_are_not_enabled() -> None:
    talk = talk_of(ServerPolicy())
    certificate = certified(KEYS[0].public_key)
    (algorithm,) = certificate.algorithms

    talk.receive(presented(certificate, algorithm), signed_with(KEYS[0], certificate, algorithm))

    talk.assert_idle()
    talk.expect_sent(failure("publickey"), failure("publickey"))


@pytest.mark.row("A06")
@pytest.mark.parametrize(
    "damage", ["its signature", "another key's", "the plain algorithm", "another's algorithm"]
)
def test_invalid_certificate_is_not_asked_about(damage: str) -> None:
    certificate = certified(KEYS[0].public_key)
    (algorithm,) = certificate.algorithms
    signer, blob = KEYS[0], certificate.blob
    if damage == "its signature":
        blob = blob[:-1] + bytes([blob[-1] ^ 1])
    elif damage == "another key's":
        signer = KEYS[1]
    elif damage == "the plain algorithm":
        algorithm = "ssh-ed25519"
    else:
        algorithm = certified_name("rsa-sha2-512")
    data = SignedRequest(
        session_id=SESSION, user="ops", service=SERVICE, algorithm=algorithm, key=blob
    )
    talk = talk_of(CERTIFICATES)
    talk.receive(
        PublicKeyRequest(
            user="ops",
            service=SERVICE,
            algorithm=algorithm,
            key=blob,
            signature=signer.sign(data.encode()),
        )
    )

    talk.assert_idle()
    talk.expect_sent(failure("publickey"))


@pytest.mark.row("A08")
def test_key_completes_publickey_once_with_or_without_certificate() -> None:
    certificate = certified(KEYS[0].public_key)
    (algorithm,) = certificate.algorithms
    talk = talk_of(CERTIFICATES)
    talk.receive(signed(KEYS[0]))
    talk.auth.answer(talk.event(KeyVerified).request, Partial(("publickey",)))
    talk.expect_sent(failure("publickey", partial=True))

    talk.receive(presented(certificate, algorithm), signed_with(KEYS[0], certificate, algorithm))

    talk.assert_idle()
    talk.expect_sent(failure("publickey"), failure("publickey"))


def test_algorithms_of_a_user_name_those_of_certificates_apart() -> None:
    def algorithms(user: str) -> tuple[str, ...]:
        both = ("ssh-ed25519", certified_name("ssh-ed25519"))
        return both if user == "ops" else both[:1]

    certificate = certified(KEYS[0].public_key)
    (algorithm,) = certificate.algorithms
    for user, taken in (("ops", True), ("root", False)):
        talk = talk_of(ServerPolicy(certificates=True, algorithms=algorithms))
        offer = PublicKeyQuery(
            user=user, service=SERVICE, algorithm=algorithm, key=certificate.blob
        )
        talk.receive(offer)
        assert talk.auth.take_server_sig_algs() == ("ssh-ed25519",)  # as sshd lists them
        assert isinstance(talk.auth.next_event(), KeyOffered) is taken


def test_completed_methods_are_listed_in_order() -> None:
    talk = talk_of(BOTH)
    talk.receive(query(KEYS[0]))
    talk.auth.answer(talk.event(KeyOffered).request, Accept())
    assert not talk.auth.context.completed
    talk.receive(signed(KEYS[0]))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert talk.auth.context.completed == (CompletedMethod("publickey", KEYS[0].public_key),)


# ------------------------------------------------------------- tokens

INNER = PrivateKey.generate("ed25519")
ALONE = FidoPolicy(touch=False)
PIN = FidoPolicy(verification=True)


@pytest.mark.row("K12")
@pytest.mark.parametrize(
    ("flags", "accept", "enough"),
    [
        (1, Accept(), True),
        (0, Accept(), False),
        (4, Accept(), False),
        (0, Accept(fido=ALONE), True),
        (1, Accept(fido=PIN), False),
        (5, Accept(fido=PIN), True),
    ],
)
def test_token_needs_a_touch_unless_the_backend_waives_it(
    flags: int, accept: Accept, *, enough: bool
) -> None:
    talk = talk_of()
    talk.receive(signed_by_token(INNER, SESSION, flags=flags))
    verified = talk.event(KeyVerified)
    assert verified.key == token_key(INNER)

    talk.auth.answer(verified.request, accept)

    if enough:
        talk.expect_sent(SUCCESS)
        assert talk.event(Authenticated).key == token_key(INNER)
    else:
        talk.expect_sent(failure("publickey"))
        refused = talk.event(LoginRefused)
        assert refused.user == "ops"
        assert f"flags {flags:#04x}" in refused.problem
    assert talk.auth.succeeded is enough


@pytest.mark.row("K12")
def test_signature_of_a_token_over_other_data_is_not_asked_about() -> None:
    good = signed_by_token(INNER, b"another session")
    talk = talk_of()
    talk.receive(good)

    talk.assert_idle()
    talk.expect_sent(failure("publickey"))


@pytest.mark.row("K12")
def test_partial_success_needs_the_touch_too() -> None:
    talk = talk_of()
    talk.receive(signed_by_token(INNER, SESSION, flags=0))
    talk.auth.answer(talk.event(KeyVerified).request, Partial(("password",)))

    talk.expect_sent(failure("publickey"))
    assert talk.auth.context.completed == ()


@pytest.mark.row("K12")
@pytest.mark.parametrize(("flags", "enough"), [(1, False), (5, True)])
def test_pin_that_a_certificate_requires_cannot_be_waived(flags: int, *, enough: bool) -> None:
    certificate = certified(token_key(INNER), ["verify-required"])
    talk = talk_of(CERTIFICATES)
    talk.receive(
        signed_by_token(INNER, SESSION, flags=flags, blob=certificate.blob, algorithm=TOKEN)
    )

    talk.auth.answer(talk.event(KeyVerified).request, Accept(fido=ALONE))

    assert talk.auth.succeeded is enough
