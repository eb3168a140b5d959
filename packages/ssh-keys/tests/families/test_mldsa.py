from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mldsa as provider

from ssh_keys import (
    KeyFormatError,
    KeyPolicy,
    PrivateKey,
    PublicKey,
    Signature,
    UnsupportedKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.families.mldsa import FAMILY, MLDSAEd25519PrivateKey, MLDSAEd25519PublicKey
from ssh_wire import UsageError
from ssh_wire.primitives import string

KINDS = ("ssh-mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com")
VECTOR = json.loads((Path(__file__).parents[1] / "data" / "mldsa44-ed25519.json").read_text())
MESSAGE, POINTS, SEEDS, SIGNATURE = (b64decode(VECTOR[name]) for name in ("m", "pk", "sk", "s"))


def section(points: bytes = POINTS, seeds: bytes = SEEDS, kind: str = KINDS[0]) -> bytes:
    return string(kind) + string(points) + string(seeds)


@pytest.mark.parametrize("kind", KINDS)
def test_vector_of_the_draft_verifies(kind: str) -> None:
    data = section(kind=kind)
    key, end = FAMILY.read_private(data + b"more", 0, policy=KeyPolicy.DEFAULT)
    assert end == len(data)
    assert key.private_fields().encode() == data
    assert key.public_key.blob == string(kind) + string(POINTS)
    assert key.public_key.verify(MESSAGE, Signature(algorithm=kind, blob=SIGNATURE).encode())
    assert key.public_key.verify(MESSAGE, key.sign(MESSAGE))


@pytest.mark.parametrize(("kind", "bits"), [(KINDS[0], 512), (KINDS[1], 256)])
def test_keys_have_the_classes_of_the_family(
    kind: str, bits: int, keys: dict[str, PrivateKey]
) -> None:
    key = keys[kind]
    assert isinstance(key, MLDSAEd25519PrivateKey)
    assert isinstance(key.public_key, MLDSAEd25519PublicKey)
    assert key.public_key.bits == bits
    assert key.public_key.algorithms == (kind,)
    assert Signature.decode(key.sign(b"data")).algorithm == kind
    assert load_public_key(key.public_key.to_rfc4716()) == key.public_key


def test_both_names_are_kinds_of_their_own() -> None:
    old, new = (PublicKey.from_blob(string(kind) + string(POINTS)) for kind in reversed(KINDS))
    assert old != new
    assert old.fingerprint() != new.fingerprint()
    signature = Signature(algorithm=KINDS[0], blob=SIGNATURE).encode()
    assert new.verify(MESSAGE, signature)
    assert not old.verify(MESSAGE, signature)


@pytest.mark.parametrize(
    ("kind", "made"), [("mldsa44-ed25519", KINDS[0]), *((kind, kind) for kind in KINDS)]
)
def test_key_is_generated_for_each_name(kind: str, made: str) -> None:
    key = PrivateKey.generate(kind, comment="new")
    assert key.public_key.kind == made
    assert key.comment == "new"
    with pytest.raises(UsageError, match="has one size only, not 1024 bits"):
        PrivateKey.generate(kind, 1024)


@pytest.mark.parametrize("at", [0, 1000, 2419, 2420, 2483])
def test_signature_with_one_part_alone_is_wrong(at: int) -> None:
    public = PublicKey.from_blob(string(KINDS[0]) + string(POINTS))
    wrong = SIGNATURE[:at] + bytes([SIGNATURE[at] ^ 1]) + SIGNATURE[at + 1 :]
    assert public.verify_blob(MESSAGE, KINDS[0], SIGNATURE)
    assert not public.verify_blob(MESSAGE, KINDS[0], wrong)
    assert not public.verify_blob(MESSAGE + b"x", KINDS[0], SIGNATURE)


def test_signature_with_parts_of_two_signatures_is_wrong(keys: dict[str, PrivateKey]) -> None:
    key = keys[KINDS[0]]
    first, second = (key.sign_blob(data, KINDS[0]) for data in (b"one", b"two"))
    mixed = first[:2420] + second[2420:]
    for data in (b"one", b"two"):
        assert not key.public_key.verify_blob(data, KINDS[0], mixed)


@pytest.mark.parametrize("size", [0, 64, 2420, 2483, 2485])
def test_signature_of_another_size_is_wrong(size: int) -> None:
    public = PublicKey.from_blob(string(KINDS[0]) + string(POINTS))
    blob = (SIGNATURE + b"\0")[:size]
    assert not public.verify_blob(MESSAGE, KINDS[0], blob)


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 1312, 1343, 1345])
def test_public_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError, match=f"1344 bytes, not {size}"):
        PublicKey.from_blob(string(KINDS[0]) + string((POINTS + b"\0")[:size]))


@pytest.mark.row("K01")
@pytest.mark.parametrize("point", [bytes(32), b"\xff" * 32])
def test_public_key_with_an_ed25519_point_of_small_order_is_refused(point: bytes) -> None:
    with pytest.raises(KeyFormatError, match="not a point that can sign"):
        PublicKey.from_blob(string(KINDS[0]) + string(POINTS[:1312] + point))


@pytest.mark.row("K01")
@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_private_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError, match=f"64 bytes, not {size}"):
        FAMILY.read_private(section(seeds=(SEEDS + b"\0")[:size]), 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("points", "seeds"),
    [
        (POINTS, SEEDS[::-1]),
        (POINTS, SEEDS[32:] + SEEDS[:32]),
        (POINTS[:1312] + POINTS[1312:][::-1], SEEDS),
        (b"", SEEDS),
    ],
)
def test_private_key_of_another_public_key_is_refused(points: bytes, seeds: bytes) -> None:
    with pytest.raises(KeyFormatError, match="differ"):
        FAMILY.read_private(section(points, seeds), 0, policy=KeyPolicy.DEFAULT)


@pytest.mark.parametrize("passphrase", [None, "pass"])
def test_key_is_saved_in_openssh_format_alone(
    passphrase: str | None, keys: dict[str, PrivateKey]
) -> None:
    key = keys[KINDS[0]]
    text = key.to_openssh(passphrase, rounds=1)
    assert load_private_key(text, passphrase).private_fields() == key.private_fields()
    with pytest.raises(UsageError, match="is saved in OpenSSH's"):
        key.to_pem(passphrase)
    with pytest.raises(UsageError, match="is saved in OpenSSH's"):
        key.public_key.to_pem()
    with pytest.raises(UsageError, match="PuTTY's format has no private keys"):
        key.to_ppk(passphrase)


def test_cryptography_without_mldsa_is_an_unsupported_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object) -> object:
        problem = "not by this OpenSSL"
        raise UnsupportedAlgorithm(problem)

    public = PublicKey.from_blob(string(KINDS[0]) + string(POINTS))
    for name, method in (
        ("MLDSA44PrivateKey", "generate"),
        ("MLDSA44PrivateKey", "from_seed_bytes"),
        ("MLDSA44PublicKey", "from_public_bytes"),
    ):
        monkeypatch.setattr(getattr(provider, name), method, missing)
    for attempt in (
        lambda: PrivateKey.generate("mldsa44-ed25519"),
        lambda: FAMILY.read_private(section(), 0, policy=KeyPolicy.DEFAULT),
        lambda: public.verify_blob(MESSAGE, KINDS[0], SIGNATURE),
    ):
        with pytest.raises(UnsupportedKey, match="ML-DSA is missing from cryptography"):
            attempt()
