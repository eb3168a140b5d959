from __future__ import annotations

import copy
import pickle
from typing import cast

import attrs
import pytest

from ssh_keys import (
    KeyFormatError,
    PrivateKey,
    SigningFailed,
    UnsupportedKey,
    load_private_key,
)
from ssh_keys.families.ecdsa import ECDSAPrivateKey
from ssh_keys.families.rsa import RSAPrivateKey
from ssh_wire import UsageError


@pytest.mark.parametrize(
    ("kind", "bits", "full", "size"),
    [
        ("ed25519", None, "ssh-ed25519", 256),
        ("ssh-ed25519", 256, "ssh-ed25519", 256),
        ("ecdsa", None, "ecdsa-sha2-nistp256", 256),
        ("ecdsa", 384, "ecdsa-sha2-nistp384", 384),
        ("ecdsa", 521, "ecdsa-sha2-nistp521", 521),
        ("ecdsa-sha2-nistp521", None, "ecdsa-sha2-nistp521", 521),
        ("rsa", 2048, "ssh-rsa", 2048),
    ],
)
def test_key_of_each_kind_is_generated(kind: str, bits: int | None, full: str, size: int) -> None:
    key = PrivateKey.generate(kind, bits, "new")
    assert key.public_key.kind == full
    assert key.public_key.bits == size
    assert key.comment == "new"


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        ("ed25519", 255),
        ("ecdsa", 512),
        ("ecdsa-sha2-nistp256", 384),
        ("rsa", 1024),
        ("rsa", 2047),
        ("rsa", 16385),
        ("rsa", 0),
    ],
)
def test_key_of_another_size_is_not_generated(kind: str, bits: int) -> None:
    with pytest.raises(UsageError, match=f"not {bits}"):
        PrivateKey.generate(kind, bits)


@pytest.mark.parametrize("algorithm", ["ssh-dss", "", "rsa-sha2-1024"])
def test_key_signs_with_its_own_algorithms_alone(key: PrivateKey, algorithm: str) -> None:
    with pytest.raises(UsageError, match="does not sign with"):
        key.sign(b"data", algorithm)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _FaultyRSA(RSAPrivateKey):
    def sign_blob(self, data: bytes | bytearray | memoryview, algorithm: str) -> bytes:
        blob = bytearray(super().sign_blob(data, algorithm))
        blob[len(blob) // 2] ^= 1
        return bytes(blob)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _FaultyECDSA(ECDSAPrivateKey):
    def sign_blob(self, data: bytes | bytearray | memoryview, algorithm: str) -> bytes:
        blob = bytearray(super().sign_blob(data, algorithm))
        blob[-1] ^= 1
        return bytes(blob)


@pytest.mark.row("K11")
@pytest.mark.parametrize("algorithm", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"])
def test_faulty_rsa_signature_is_dropped(rsa: PrivateKey, algorithm: str) -> None:
    sound = cast("RSAPrivateKey", rsa)
    faulty = _FaultyRSA(public_key=sound.public_key, secret=sound.secret)
    with pytest.raises(SigningFailed, match="did not verify"):
        faulty.sign(b"data", algorithm)


@pytest.mark.row("K11")
def test_faulty_ecdsa_signature_is_dropped(ecdsa: PrivateKey) -> None:
    sound = cast("ECDSAPrivateKey", ecdsa)
    faulty = _FaultyECDSA(public_key=sound.public_key, curve=sound.curve, secret=sound.secret)
    with pytest.raises(SigningFailed):
        faulty.sign(b"data")


def test_repr_of_a_private_key_has_no_secret(signing: PrivateKey) -> None:
    printed = f"{signing!r} {signing} {signing.private_fields()!r}"
    name = type(signing).__name__
    assert (
        repr(signing) == f"<{name} {signing.public_key.kind} {signing.public_key.fingerprint()}>"
    )
    for line in signing.to_openssh().split(b"\n")[4:-2]:
        assert line.decode() not in printed
    for field in ("secret", "seeds", "d", "iqmp", "p", "q"):
        value = getattr(signing.private_fields(), field, None)
        assert value is None or repr(value) not in printed


def test_private_key_is_neither_pickled_nor_copied(signing: PrivateKey) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            attempt(signing)


def test_private_key_does_not_change(signing: PrivateKey) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(signing, "public_key", signing.public_key)  # noqa: B010 (a checker refuses the plain form)


def test_comment_is_replaced(signing: PrivateKey) -> None:
    other = signing.with_comment("another")
    assert other.comment == other.public_key.comment == "another"
    assert other.public_key == signing.public_key
    assert signing.comment != "another"


@pytest.mark.parametrize(
    ("passphrase", "cipher", "rounds", "problem"),
    [
        ("", "aes256-ctr", 16, "empty"),
        (b"", "aes256-ctr", 16, "empty"),
        ("pass", "aes256", 16, "choose one of"),
        ("pass", "none", 16, "choose one of"),
        ("pass", "aes256-ctr", 0, "outside 1 to"),
        ("pass", "aes256-ctr", 2049, "outside 1 to"),
    ],
)
def test_wrong_argument_of_to_openssh_is_named(
    ed25519: PrivateKey, passphrase: str | bytes, cipher: str, rounds: int, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        ed25519.to_openssh(passphrase, cipher, rounds)


def test_randomness_is_an_argument(ed25519: PrivateKey) -> None:
    first = ed25519.to_openssh("pass", rounds=1, random=bytes)
    assert first == ed25519.to_openssh("pass", rounds=1, random=bytes)
    assert first != ed25519.to_openssh("pass", rounds=1)
    assert load_private_key(first, "pass").public_key == ed25519.public_key


def test_fields_of_private_key_are_read_where_they_begin(signing: PrivateKey) -> None:
    fields = signing.private_fields().encode()

    key, end = PrivateKey.read_fields(b"xx" + fields + b"rest", 2)

    assert key.private_fields() == signing.private_fields()
    assert end == 2 + len(fields)


@pytest.mark.parametrize("data", [b"", bytes(4), b"\0\0\0\x0bssh-ed25519\0\0\0\x09"])
def test_fields_that_are_cut_short_are_no_private_key(data: bytes) -> None:
    with pytest.raises(KeyFormatError):
        PrivateKey.read_fields(data)


def test_fields_of_unknown_kind_are_not_named() -> None:
    with pytest.raises(UnsupportedKey, match="of a kind that is not known"):
        PrivateKey.read_fields(b"\0\0\0\x06secret")
