from __future__ import annotations

import binascii
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, x25519
from cryptography.hazmat.primitives.asymmetric import rsa as provider
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    KeyDecryptError,
    KeyFormatError,
    KeyPolicy,
    PassphraseNeeded,
    PrivateKey,
    UnsupportedKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.formats.armor import enclose, open_armor
from ssh_keys.formats.pem import PRIVATE_LABELS, PUBLIC_LABELS
from ssh_wire import UsageError

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
Form = Literal["pkcs8", "traditional"]
FORMS: tuple[Form, ...] = ("pkcs8", "traditional")


def has_form(key: PrivateKey, form: Form) -> bool:
    return form == "pkcs8" or key.public_key.kind != "ssh-ed25519"


@pytest.mark.parametrize("passphrase", [None, "pass", b"\xff\1"])
@pytest.mark.parametrize("form", FORMS)
def test_private_key_is_read_back(
    key: PrivateKey, form: Form, passphrase: str | bytes | None
) -> None:
    if not has_form(key, form):
        with pytest.raises(UsageError, match="traditional"):
            key.to_pem(passphrase, form=form)
        return
    text = key.to_pem(passphrase, form=form)
    again = load_private_key(text, passphrase, comment="mine")
    assert again.public_key == key.public_key
    assert again.comment == "mine"
    assert key.public_key.verify(b"data", again.sign(b"data"))
    if passphrase is None:
        assert load_private_key(text, "any").public_key == key.public_key
        return
    for wrong in ("wrong", b"\xff"):
        with pytest.raises(KeyDecryptError, match="wrong"):
            load_private_key(text, wrong)
    for missing in (None, ""):
        with pytest.raises(PassphraseNeeded) as caught:
            load_private_key(text, missing)
        assert caught.value.public_key is None


def test_label_is_that_of_the_form(keys: dict[str, PrivateKey]) -> None:
    assert b"BEGIN PRIVATE KEY" in keys["ssh-ed25519"].to_pem()
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in keys["ssh-ed25519"].to_pem("pass")
    assert b"BEGIN RSA PRIVATE KEY" in keys["ssh-rsa"].to_pem(form="traditional")
    assert b"BEGIN EC PRIVATE KEY" in keys["ecdsa-sha2-nistp384"].to_pem(form="traditional")


def test_empty_passphrase_is_not_written(ed25519: PrivateKey) -> None:
    with pytest.raises(UsageError):
        ed25519.to_pem("")


def test_public_key_is_read_back(portable: PrivateKey) -> None:
    assert load_public_key(portable.public_key.to_pem()) == portable.public_key


# ------------------------------------------------------------- openssl and ssh-keygen

COMMANDS = [
    ("genpkey", "-algorithm", "ed25519"),
    ("genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"),
    ("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
    ("genrsa", "-traditional", "2048"),
    ("ecparam", "-genkey", "-name", "prime256v1"),
    ("ecparam", "-genkey", "-noout", "-name", "secp521r1"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command[:3]))
def test_key_of_openssl_is_read(command: tuple[str, ...], openssl: Program) -> None:
    text = openssl(*command)
    key = load_private_key(text)
    public = load_public_key(openssl("pkey", "-pubout", data=text))
    assert key.public_key == public
    locked = openssl("pkcs8", "-topk8", "-passout", "pass:secret", data=text)
    assert load_private_key(locked, "secret").public_key == public


@pytest.mark.parametrize("passphrase", [None, "secret"])
def test_ed448_key_is_exchanged_with_openssl(
    passphrase: str | None, keys: dict[str, PrivateKey], openssl: Program
) -> None:
    key = keys["ssh-ed448"]
    opened = openssl("pkey", "-passin", "pass:secret", data=key.to_pem(passphrase))
    assert load_private_key(opened).private_fields() == key.private_fields()
    options = ("-aes-256-cbc", "-pass", f"pass:{passphrase}") if passphrase else ()
    theirs = openssl("genpkey", "-algorithm", "ed448", *options)
    made = load_private_key(theirs, passphrase)
    public = openssl("pkey", "-pubout", "-passin", "pass:secret", data=theirs)
    assert load_public_key(public) == made.public_key
    assert made.public_key.kind == "ssh-ed448"


def test_scrypt_of_openssl_is_read(ed25519: PrivateKey, openssl: Program) -> None:
    locked = openssl("pkcs8", "-topk8", "-scrypt", "-passout", "pass:x", data=ed25519.to_pem())
    assert load_private_key(locked, "x").public_key == ed25519.public_key


@pytest.mark.parametrize("cipher", ["-aes128", "-aes256", "-des3"])
def test_traditional_encryption_of_openssl_is_read(
    cipher: str, rsa: PrivateKey, openssl: Program
) -> None:
    text = rsa.to_pem(form="traditional")
    locked = openssl("rsa", "-traditional", cipher, "-passout", "pass:x", data=text)
    assert b"Proc-Type: 4,ENCRYPTED" in locked
    assert load_private_key(locked, "x").public_key == rsa.public_key
    with pytest.raises(KeyDecryptError):
        load_private_key(locked, "y")


@pytest.mark.parametrize("passphrase", [None, "secret"])
@pytest.mark.parametrize("form", FORMS)
def test_our_key_is_read_by_openssl(
    key: PrivateKey, form: Form, passphrase: str | None, openssl: Program
) -> None:
    if has_form(key, form):
        text = key.to_pem(passphrase, form=form)
        public = openssl("pkey", "-pubout", "-passin", f"pass:{passphrase}", data=text)
        assert load_public_key(public) == key.public_key


def test_pkcs1_public_key_of_openssl_is_read(rsa: PrivateKey, openssl: Program) -> None:
    text = openssl("rsa", "-RSAPublicKey_out", data=rsa.to_pem())
    assert b"BEGIN RSA PUBLIC KEY" in text
    assert load_public_key(text) == rsa.public_key


@pytest.mark.parametrize("form", FORMS)
def test_our_pem_is_read_by_ssh_keygen(
    key: PrivateKey, form: Form, keygen: Program, tmp_path: Path
) -> None:
    if key.public_key.kind == "ssh-ed25519":
        return  # ssh-keygen 9.2 reads no Ed25519 from PKCS#8
    path = tmp_path / "key"
    path.write_bytes(key.to_pem("pass", form=form))
    path.chmod(0o600)
    assert load_public_key(keygen("-y", "-P", "pass", "-f", path)) == key.public_key


@pytest.mark.parametrize("passphrase", ["", "secret"])
@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_pem_of_ssh_keygen_is_read(
    kind: str, form: str, passphrase: str, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    bits = {"rsa": "2048", "ecdsa": "256"}[kind]
    keygen("-q", "-t", kind, "-b", bits, "-m", form, "-N", passphrase, "-f", path)
    key = load_private_key(path.read_bytes(), passphrase or None)
    assert key.public_key == load_public_key(path.with_suffix(".pub").read_bytes())


# ------------------------------------------------------------- what is refused


def pkcs8(
    key: mldsa.MLDSA65PrivateKey | x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey,
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def spki(key: mldsa.MLDSA65PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_unsupported_kind_is_named() -> None:
    key = mldsa.MLDSA65PrivateKey.generate()
    with pytest.raises(UnsupportedKey, match="MLDSA65 keys are not keys of SSH"):
        load_private_key(pkcs8(key))
    with pytest.raises(UnsupportedKey, match="MLDSA65 keys are not keys of SSH"):
        load_public_key(spki(key.public_key()))
    with pytest.raises(UnsupportedKey, match="X25519"):
        load_private_key(pkcs8(x25519.X25519PrivateKey.generate()))
    with pytest.raises(UnsupportedKey, match="secp256k1"):
        load_private_key(pkcs8(ec.generate_private_key(ec.SECP256K1())))


@pytest.mark.row("K01")
@pytest.mark.parametrize("algorithm", [0x70, 0x71], ids=["ed25519", "ed448"])
@pytest.mark.parametrize("size", [0, 1, 31, 33, 56, 58, 64])
def test_eddsa_key_of_another_length_is_refused(algorithm: int, size: int) -> None:
    oid = bytes([0x30, 5, 6, 3, 0x2B, 0x65, algorithm])
    inner = bytes([2, 1, 0, *oid, 4, size + 2, 4, size, *bytes(size)])
    with pytest.raises(KeyFormatError, match="not a private key"):
        load_private_key(enclose("PRIVATE KEY", bytes([0x30, len(inner)]) + inner))
    outer = bytes([*oid, 3, size + 1, 0, *bytes(size)])
    with pytest.raises(KeyFormatError, match="not a public key"):
        load_public_key(enclose("PUBLIC KEY", bytes([0x30, len(outer)]) + outer))


def test_unknown_curve_is_refused(openssl: Program) -> None:
    text = openssl("ecparam", "-genkey", "-noout", "-name", "sect113r1")
    with pytest.raises(KeyFormatError, match="not a supported private key"):
        load_private_key(text)
    with pytest.raises(KeyFormatError, match="not a public key"):
        load_public_key(openssl("ec", "-pubout", data=text))


@pytest.mark.row("K03")
def test_dsa_is_refused(openssl: Program, tmp_path: Path) -> None:
    parameters = tmp_path / "dsa"
    parameters.write_bytes(openssl("dsaparam", "1024"))
    text = openssl("gendsa", parameters)
    with pytest.raises(UnsupportedKey, match="DSA keys are refused"):
        load_private_key(text)
    with pytest.raises(UnsupportedKey, match="DSA keys are refused"):
        load_public_key(openssl("pkey", "-pubout", data=text))


@pytest.mark.row("K02")
def test_short_rsa_key_needs_the_legacy_policy() -> None:
    key = provider.generate_private_key(65537, 1024)  # noqa: S505 (it is to be refused)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(
        Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert load_private_key(text, policy=KeyPolicy.LEGACY).public_key == load_public_key(
        public, policy=KeyPolicy.LEGACY
    )
    with pytest.raises(KeyFormatError, match="1024 bits is outside 2048"):
        load_private_key(text)
    with pytest.raises(KeyFormatError, match="1024 bits is outside 2048"):
        load_public_key(public)


@pytest.mark.row("K02")
@pytest.mark.parametrize("bits", [16385, 65536])
def test_huge_rsa_key_is_refused_at_once(bits: int) -> None:
    key = provider.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key()
    text = key.public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyFormatError, match="outside 2048"):
        load_public_key(text)


@pytest.mark.row("K08")
@pytest.mark.row("W09")
def test_long_structure_is_refused() -> None:
    nested = b""
    while len(nested) < 100 * 1024:
        size = len(nested).to_bytes(3)
        nested = b"\x30\x83" + size + nested
    for label in sorted(PRIVATE_LABELS):
        with pytest.raises(KeyFormatError, match="longer than 16384"):
            load_private_key(enclose(label, nested), "pass")
    for label in sorted(PUBLIC_LABELS):
        with pytest.raises(KeyFormatError, match="longer than 16384"):
            load_public_key(enclose(label, nested))


@pytest.mark.row("W09")
def test_nesting_is_bounded() -> None:
    nested = b""
    while len(nested) < 16_000:
        nested = b"\x30\x83" + len(nested).to_bytes(3) + nested
    for label in sorted(PRIVATE_LABELS):
        with pytest.raises(KeyFormatError):
            load_private_key(enclose(label, nested), "pass")
    for label in sorted(PUBLIC_LABELS):
        with pytest.raises(KeyFormatError):
            load_public_key(enclose(label, nested))


@given(junk=st.binary(max_size=200), label=st.sampled_from(sorted(PRIVATE_LABELS | PUBLIC_LABELS)))
@settings(deadline=None)
def test_any_bytes_are_a_key_or_a_format_error(junk: bytes, label: str) -> None:
    text = enclose(label, junk)
    for load in (load_private_key, load_public_key):
        with pytest.raises(KeyFormatError):
            load(text)


@pytest.mark.row("K08")
def test_truncated_or_changed_file_is_a_key_or_a_format_error(keys: dict[str, PrivateKey]) -> None:
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        text = keys[kind].to_pem()
        label = text.split(b"-----")[1].removeprefix(b"BEGIN ").decode()
        body = open_armor(text).body
        for position in range(len(body)):
            with pytest.raises(KeyFormatError):
                load_private_key(enclose(label, body[:position]))
            damaged = bytearray(body)
            damaged[position] ^= 1 << position % 8
            with contextlib.suppress(KeyFormatError):
                load_private_key(enclose(label, bytes(damaged)))


@pytest.mark.row("K08")
def test_costly_key_derivation_is_refused_before_it_begins(ed25519: PrivateKey) -> None:
    text = ed25519.to_pem("pass")
    body = open_armor(text).body
    cheap = binascii.unhexlify("02020800")  # openssl and cryptography write 2048 or 20000
    for number in (cheap, bytes.fromhex("02024e20")):
        if number in body:
            dear = body.replace(number, b"\x02\x02\x7f\xff")
            with pytest.raises(KeyDecryptError):
                load_private_key(enclose("ENCRYPTED PRIVATE KEY", dear), "pass")
            return
    pytest.fail("the iterations of the file were not found")
