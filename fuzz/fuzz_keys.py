"""Public keys, private sections and signatures as they are sent, of every kind."""

from __future__ import annotations

from typing import cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fuzz.keys import PUBLIC, SIGNING, TOKEN_KEYS, VECTOR
from fuzz.target import Target, one_of
from ssh_keys import KeyFormatError, KeyPolicy, PrivateKey, PublicKey, Signature, load_private_key
from ssh_keys.fido import WEBAUTHN, Assertion, WebAuthnAssertion, read_assertion
from ssh_keys.formats.armor import enclose, open_armor
from ssh_keys.formats.key_text import OPENSSH_LABEL
from ssh_wire.primitives import encode_mpint, string

DATA = VECTOR["m"]
KINDS = [public.kind.encode() for public in PUBLIC]


def read_blob(data: bytes) -> None:
    key = PublicKey.from_blob(data)
    assert key.blob == data
    assert key.algorithms
    assert key.bits >= 256
    assert PublicKey.from_blob(data, policy=KeyPolicy.LEGACY) == key


def read_container(data: bytes) -> None:
    """What is in the armour of OpenSSH's format, for the armour lets little pass."""
    key = load_private_key(enclose(OPENSSH_LABEL, data))
    assert load_private_key(key.to_openssh()).private_fields() == key.private_fields()


def read_token(data: bytes) -> None:
    assertion = read_assertion(data)
    assert assertion.encode() == data
    assertion.signed("ssh:", DATA)


def _signature(key: PrivateKey) -> bytes:
    """The same signature in every run, for no signature with a random nonce is."""
    public = key.public_key
    if "mldsa" in public.kind:
        return Signature(algorithm=public.kind, blob=VECTOR["s"]).encode()
    if not public.kind.startswith("ecdsa-"):
        return key.sign(DATA)
    private = cast("ec.EllipticCurvePrivateKey", key.to_cryptography())
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(private.sign(DATA, algorithm))
    blob = string(encode_mpint(r)) + string(encode_mpint(s))
    return Signature(algorithm=public.kind, blob=blob).encode()


def _verify(public: PublicKey, seeds: list[bytes]) -> Target:
    def verify(data: bytes) -> None:
        # a malformed signature is a wrong one, and nothing is raised
        if not public.verify(DATA, data):
            raise KeyFormatError(public.kind)

    return Target(
        name=f"signature-{public.kind.partition('@')[0]}{'-old' if '@' in public.kind else ''}",
        function=verify,
        seeds=seeds,
        allowed=(KeyFormatError,),
        tokens=[public.kind.encode()],
    )


ASSERTIONS = [
    Assertion(algorithm=KINDS[-2].decode(), blob=bytes(64), flags=1, counter=7).encode(),
    WebAuthnAssertion(
        algorithm=WEBAUTHN,
        blob=string(b"\1") + string(b"\1"),
        flags=0x81,
        counter=7,
        origin="https://example.com",
        client_data=b'{"type":"webauthn.get","challenge":"","origin":"https://example.com"}',
        extensions=b"ext",
    ).encode(),
]

TARGETS = [
    Target(
        name="public-key-blob",
        function=read_blob,
        seeds=[public.blob for public in PUBLIC],
        allowed=(KeyFormatError,),
        tokens=KINDS,
    ),
    Target(
        name="openssh-container",
        function=read_container,
        seeds=[open_armor(key.to_openssh()).body for key in (*SIGNING, *TOKEN_KEYS)],
        allowed=(KeyFormatError,),
        tokens=[*KINDS, b"bcrypt", b"none", b"aes256-ctr"],
    ),
    Target(
        name="fido-assertion",
        function=read_token,
        seeds=ASSERTIONS,
        allowed=(KeyFormatError,),
        tokens=[WEBAUTHN.encode(), b'{"type":"webauthn.get","challenge":"', b'","origin":"'],
    ),
    one_of("signature", [_verify(key.public_key, [_signature(key)]) for key in SIGNING]),
]
