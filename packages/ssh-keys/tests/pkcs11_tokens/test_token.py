"""Keys in SoftHSM: listed, used, and refused without the PIN."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, CertificateType, ObjectClass

from ssh_keys import (
    CertificateSpec,
    PinNeeded,
    PrivateKey,
    TokenFailed,
    issue,
    load_public_key,
)
from ssh_keys.pkcs11 import Token, TokenPrivateKey, open_tokens
from ssh_wire import UsageError
from tests.soft_token import PIN, generate, library, make_token

ALGORITHMS = {
    "rsa": ("rsa-sha2-512", "rsa-sha2-256"),
    "p256": ("ecdsa-sha2-nistp256",),
    "p384": ("ecdsa-sha2-nistp384",),
    "p521": ("ecdsa-sha2-nistp521",),
    "ed": ("ssh-ed25519",),
    "asks": ("ssh-ed25519",),
}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SoftHSM with two tokens: one with keys, one with nothing but a certificate."""
    path = library()
    folder = tmp_path_factory.mktemp("softhsm")
    make_token(folder, "keys")
    make_token(folder, "card")
    patch = pytest.MonkeyPatch()
    patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    tokens = {token.label: token for token in pkcs11.lib(path).get_tokens()}
    with tokens["keys"].open(rw=True, user_pin=PIN) as session:
        kinds = {"rsa": "rsa", "p256": "secp256r1", "p384": "secp384r1", "p521": "secp521r1"}
        for number, (label, kind) in enumerate({**kinds, "ed": "ed25519"}.items()):
            generate(session, kind, bytes([number]), label)
        generate(session, "ed25519", b"asks", "asks", ALWAYS_AUTHENTICATE=True)
        generate(session, "ed25519", b"other", "decrypts", SIGN=False)
        generate(session, "secp256k1", b"odd", "no curve of SSH")
    with tokens["card"].open(rw=True, user_pin=PIN) as session:
        session.create_object(_certificate())
    yield path
    patch.undo()
    pkcs11.unload(path)


CARD_KEY = ec.generate_private_key(ec.SECP256R1())


def _certificate() -> dict[Any, Any]:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "card")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(CARD_KEY.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(CARD_KEY, hashes.SHA256())
    )
    return {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.LABEL: "card",
        Attribute.ID: b"card",
        Attribute.SUBJECT: name.public_bytes(),
        Attribute.VALUE: made.public_bytes(Encoding.DER),
    }


@pytest.fixture
def tokens(module: str) -> Iterator[dict[str, Token]]:
    found = open_tokens(module)
    yield {token.label: token for token in found}
    for token in found:
        token.close()


@pytest.fixture
def token(tokens: dict[str, Token]) -> Token:
    return tokens["keys"]


def by_comment(token: Token) -> dict[str, TokenPrivateKey]:
    return {key.comment: key for key in token.keys}


def test_keys_are_listed_before_login(token: Token) -> None:
    keys = by_comment(token)

    assert set(ALGORITHMS) < set(keys)
    assert "no curve of SSH" not in keys
    assert token.needs_pin
    for comment, algorithms in ALGORITHMS.items():
        assert keys[comment].public_key.algorithms == algorithms


@pytest.mark.parametrize("comment", ALGORITHMS)
def test_signature_of_each_kind_verifies(token: Token, comment: str) -> None:
    token.log_in(PIN)
    key = by_comment(token)[comment]

    assert not token.needs_pin
    for algorithm in (*ALGORITHMS[comment], *key.public_key.sha1_algorithms):
        signature = key.sign(b"data", algorithm)
        assert key.public_key.verify(b"data", signature, algorithm, allow_sha1=True)
        assert not key.public_key.verify(b"other", signature, algorithm, allow_sha1=True)


def test_signature_without_login_needs_pin(token: Token) -> None:
    with pytest.raises(PinNeeded, match="the PKCS#11 token 'keys' needs its PIN"):
        by_comment(token)["rsa"].sign(b"data")


def test_wrong_pin_is_refused_and_not_named(token: Token) -> None:
    with pytest.raises(TokenFailed, match="'keys' refuses the PIN") as caught:
        token.log_in("9999")
    assert "9999" not in str(caught.value)
    assert token.needs_pin


def test_login_of_other_session_counts(module: str, token: Token) -> None:
    token.log_in(PIN)
    (again,) = (each for each in open_tokens(module) if each.label == "keys")
    with again:
        again.log_in(PIN)
        assert by_comment(again)["ed"].sign(b"data")


def test_threads_take_turns(token: Token) -> None:
    def sign(key: TokenPrivateKey) -> bytes:
        return key.sign(b"data")

    token.log_in(PIN)
    keys = [by_comment(token)[name] for name in ("rsa", "p256", "ed")] * 4
    with ThreadPoolExecutor(4) as threads:
        signatures = list(threads.map(sign, keys))

    for key, signature in zip(keys, signatures, strict=True):
        assert key.public_key.verify(b"data", signature)


def test_key_that_may_not_sign_is_refused(token: Token) -> None:
    token.log_in(PIN)

    with pytest.raises(TokenFailed, match="no such private key to sign with"):
        by_comment(token)["decrypts"].sign(b"data")


def test_mechanism_that_token_lacks_is_reported(token: Token) -> None:
    token.log_in(PIN)
    key = by_comment(token)["rsa"]

    with pytest.raises(TokenFailed, match="the PKCS#11 token 'keys' failed: "):
        token.sign(key.key_id, "ECDSA", b"data")


def test_certificate_of_card_gives_its_key(tokens: dict[str, Token]) -> None:
    (key,) = tokens["card"].keys

    pem = CARD_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key == load_public_key(pem)
    assert key.comment == "card"


def test_token_can_be_an_authority(token: Token) -> None:
    token.log_in(PIN)
    user = PrivateKey.generate("ed25519").public_key
    spec = CertificateSpec(role="user", key_id="id", principals=("me",))

    made = issue(by_comment(token)["p256"], user, spec=spec, random=bytes)

    made.check(role="user", principal="me", now=2**40)


def test_secret_stays_in_token(token: Token) -> None:
    key = by_comment(token)["ed"]

    for use in (key.private_fields, key.to_cryptography, key.to_openssh):
        with pytest.raises(UsageError, match="is in the PKCS#11 token 'keys' and stays"):
            use()
    assert repr(token) == "<Token 'keys'>"
    assert "ssh-ed25519" in repr(key)


def test_closed_token_is_reported(module: str) -> None:
    (token,) = (each for each in open_tokens(module) if each.label == "keys")
    token.log_in(PIN)
    key = token.keys[0]
    with token:
        pass
    token.close()

    for use in (lambda: token.keys, lambda: key.sign(b"data"), lambda: token.log_in(PIN)):
        with pytest.raises(TokenFailed, match="the PKCS#11 token 'keys' was closed"):
            use()


@pytest.mark.parametrize("content", [None, b"no library"])
def test_library_that_cannot_be_loaded_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "library.so"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(TokenFailed, match=r"library .*library\.so cannot be loaded") as caught:
        open_tokens(path)
    assert "\n" not in str(caught.value)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)

    with pytest.raises(UsageError, match=r"pip install 'ssh-keys\[pkcs11\]'"):
        open_tokens("/lib.so")
