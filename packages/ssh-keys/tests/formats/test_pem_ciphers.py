"""How private keys in PEM are encrypted, with OpenSSL as the one who wrote them."""

from __future__ import annotations

import subprocess

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives.ciphers import algorithms

from conftest import Program
from ssh_keys import (
    KeyDecryptError,
    KeyFormatError,
    PassphraseNeeded,
    PrivateKey,
    load_private_key,
)
from ssh_keys.formats import pem_ciphers
from ssh_keys.formats.armor import enclose
from ssh_keys.formats.der import oids_of
from ssh_keys.formats.key_text import find_block, open_block
from ssh_keys.formats.pem_ciphers import check_algorithms, parse_dek_info

PROVIDERS = ("-provider", "legacy", "-provider", "default")
READ = {
    "aes128": "AES-128-CBC",
    "aes192": "AES-192-CBC",
    "aes256": "AES-256-CBC",
    "des3": "DES-EDE3-CBC",
    "des": "DES-CBC",
    "camellia128": "CAMELLIA-128-CBC",
    "camellia192": "CAMELLIA-192-CBC",
    "camellia256": "CAMELLIA-256-CBC",
    "seed": "SEED-CBC",
    "bf": "BF-CBC",
    "cast5-cbc": "CAST5-CBC",
    "rc2": "RC2-CBC",
    "sm4": "SM4-CBC",
}
NOT_READ = {"aria256": "ARIA-256-CBC", "rc2-40-cbc": "RC2-40-CBC", "aes-128-cfb": "AES-128-CFB"}


def encrypted(openssl: Program, *words: str, data: bytes) -> bytes:
    """What OpenSSL makes of a key; a skip where it was built without the cipher."""
    try:
        made = openssl(*words, "-passout", "pass:x", *PROVIDERS, data=data)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this OpenSSL cannot: {error.stderr.decode().splitlines()[-1:]}")
    if not made:
        pytest.skip("this OpenSSL cannot")
    return made


@pytest.mark.parametrize("cipher", READ)
@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256"])
def test_traditional_encryption_of_openssl_is_read(
    cipher: str, kind: str, keys: dict[str, PrivateKey], openssl: Program
) -> None:
    key = keys[kind]
    command = ("rsa", "-traditional") if kind == "ssh-rsa" else ("ec",)
    text = encrypted(openssl, *command, f"-{cipher}", data=key.to_pem(form="traditional"))
    assert f"DEK-Info: {READ[cipher]},".encode() in text
    assert load_private_key(text, "x").private_fields() == key.private_fields()
    for wrong in ("y", "x" * 2000):
        with pytest.raises(KeyDecryptError, match="the passphrase is wrong"):
            load_private_key(text, wrong)
    for none in (None, ""):
        with pytest.raises(PassphraseNeeded):
            load_private_key(text, none)


@pytest.mark.parametrize("cipher", NOT_READ)
def test_unsupported_traditional_cipher_is_named(
    cipher: str, rsa: PrivateKey, openssl: Program
) -> None:
    pem = rsa.to_pem(form="traditional")
    text = encrypted(openssl, "rsa", "-traditional", f"-{cipher}", data=pem)
    refused_by_name(text, NOT_READ[cipher])


def refused_by_name(text: bytes, name: str) -> None:
    for passphrase in (None, "x", "y"):
        with pytest.raises(KeyFormatError, match=f"encrypted with {name}, which is not") as caught:
            load_private_key(text, passphrase)
        assert not isinstance(caught.value, KeyDecryptError)  # no passphrase is asked for


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ("PBE-MD5-DES", None),
        ("PBE-SHA1-3DES", None),
        ("PBE-SHA1-RC4-128", None),
        ("PBE-SHA1-RC2-40", None),
        ("PBE-SHA1-DES", "PBE-SHA1-DES"),
        ("PBE-SHA1-2DES", "PBE-SHA1-2DES"),
        ("PBE-MD5-RC2-64", "PBE-MD5-RC2-64"),
        ("PBE-SHA1-RC4-40", "PBE-SHA1-RC4-40"),
    ],
)
def test_scheme_of_pkcs5_or_pkcs12_is_named(
    scheme: str, name: str | None, rsa: PrivateKey, openssl: Program
) -> None:
    text = encrypted(openssl, "pkcs8", "-topk8", "-v1", scheme, data=rsa.to_pem())
    read_or_refused_by_name(text, name, rsa)


@pytest.mark.parametrize(
    ("cipher", "name"),
    [
        ("aes128", None),
        ("aes192", None),
        ("aes256", None),
        ("des3", None),
        ("rc2", None),
        ("des", "DES-CBC"),
        ("camellia128", "CAMELLIA-128-CBC"),
        ("camellia256", "CAMELLIA-256-CBC"),
        ("aria128", "ARIA-128-CBC"),
        ("aria192", "ARIA-192-CBC"),
        ("aria256", "ARIA-256-CBC"),
        ("bf", "BF-CBC"),
        ("cast5-cbc", "CAST5-CBC"),
        ("seed", "SEED-CBC"),
        ("sm4", "SM4-CBC"),
        ("aes-128-cfb", "AES-128-CFB"),
        ("aes-192-ofb", "AES-192-OFB"),
        ("aes-256-ecb", "AES-256-ECB"),
    ],
)
def test_cipher_of_pbes2_is_named(
    cipher: str, name: str | None, rsa: PrivateKey, openssl: Program
) -> None:
    text = encrypted(openssl, "pkcs8", "-topk8", "-v2", cipher, data=rsa.to_pem())
    read_or_refused_by_name(text, name, rsa)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *((f"hmacWithSHA{size}", None) for size in (1, 224, 256, 384, 512)),
        ("hmacWithMD5", "HMAC-MD5"),
        ("hmacWithSHA512-256", "HMAC-SHA512-256"),
    ],
)
def test_function_of_pbkdf2_is_named(
    function: str, name: str | None, rsa: PrivateKey, openssl: Program
) -> None:
    words = ("pkcs8", "-topk8", "-v2", "aes256", "-v2prf", function)
    read_or_refused_by_name(encrypted(openssl, *words, data=rsa.to_pem()), name, rsa)


def read_or_refused_by_name(text: bytes, name: str | None, key: PrivateKey) -> None:
    if name is not None:
        refused_by_name(text, name)
        return
    assert load_private_key(text, "x").private_fields() == key.private_fields()
    with pytest.raises(KeyDecryptError, match="the passphrase is wrong"):
        load_private_key(text, "y")
    with pytest.raises(PassphraseNeeded):
        load_private_key(text)


# ---------------------------------------------------------------- malformed files


@pytest.mark.parametrize(
    ("dek", "reason"),
    [
        (b"", "a cipher that is not known"),
        (b"S3cret", "a cipher that is not known"),
        (b"AES-128-CBC", "IV"),
        (b"AES-128-CBC,", "IV"),
        (b"AES-128-CBC,00112233", "IV"),
        (b"AES-128-CBC," + b"zz" * 16, "IV"),
        (b"DES-EDE3-CBC," + b"00" * 16, "IV"),
    ],
)
def test_malformed_dek_info_is_refused(dek: bytes, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        parse_dek_info(dek)


def test_text_that_is_not_whole_blocks_is_refused() -> None:
    cipher = parse_dek_info(b"aes-128-cbc," + b"00" * 16)
    for sealed in (b"", bytes(15), bytes(17)):
        with pytest.raises(KeyFormatError, match="not a multiple of 16 bytes"):
            cipher.decrypt(sealed, b"x")


def test_cipher_that_openssl_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (decrepit, algorithms):
        monkeypatch.delattr(module, "CAST5", raising=False)
    with pytest.raises(KeyFormatError, match="CAST5"):
        parse_dek_info(b"CAST5-CBC," + b"00" * 8).decrypt(bytes(8), b"x")


def test_cipher_that_openssl_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        problem = "not in this OpenSSL"
        raise UnsupportedAlgorithm(problem)

    monkeypatch.setattr(pem_ciphers, "Cipher", refuse)
    with pytest.raises(KeyFormatError, match="encrypted with SEED, which is not supported"):
        parse_dek_info(b"SEED-CBC," + b"00" * 16).decrypt(bytes(16), b"x")


def test_object_identifiers_are_read(ed25519: PrivateKey) -> None:
    block = find_block(ed25519.to_pem("x"), ())
    assert block is not None
    body = open_block(block).body
    assert oids_of(body)[:2] == ("1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12")
    check_algorithms(body)


def test_unknown_object_identifier_is_not_quoted(ed25519: PrivateKey) -> None:
    block = find_block(ed25519.to_pem("x"), ())
    assert block is not None
    body = open_block(block).body
    pbes2 = bytes.fromhex("2a864886f70d01050d")
    for other in (b"s3cretkey", bytes(9), b"\xff" * 9, b"\x9a" * 9):
        text = enclose(block.label, body.replace(pbes2, other))
        with pytest.raises(KeyFormatError, match="with a cipher that is not known, which"):
            load_private_key(text, "x")
