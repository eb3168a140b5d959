from __future__ import annotations

import contextlib
import subprocess
import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import (
    KeyDecryptError,
    KeyFormatError,
    PassphraseNeeded,
    PrivateKey,
    PublicKey,
    UnsupportedKey,
    load_private_key,
    load_public_key,
)
from ssh_keys.formats.armor import enclose, open_armor
from ssh_keys.formats.key_text import OPENSSH_LABEL
from ssh_keys.formats.openssh_ciphers import CIPHERS
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import read_string, string

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
MAGIC = b"openssh-key-v1\0"


class Parts:
    """The fields of a key file, to be changed one at a time."""

    def __init__(self, text: bytes) -> None:
        body = open_armor(text).body
        self.magic = body[: len(MAGIC)]
        pos = len(MAGIC)
        self.cipher, pos = read_string(body, pos)
        self.kdf, pos = read_string(body, pos)
        self.options, pos = read_string(body, pos)
        self.count, pos = body[pos : pos + 4], pos + 4
        self.public, pos = read_string(body, pos)
        self.private, pos = read_string(body, pos)
        self.tag = body[pos:]

    def text(self, **changes: bytes) -> bytes:
        fields: dict[str, Any] = {**vars(self), **changes}
        strings = [string(fields[name]) for name in ("cipher", "kdf", "options")]
        body = fields["magic"] + b"".join(strings) + fields["count"]
        body += string(fields["public"]) + string(fields["private"]) + fields["tag"]
        return enclose(OPENSSH_LABEL, body)


@pytest.fixture(scope="module")
def plain(ed25519: PrivateKey) -> Parts:
    return Parts(ed25519.to_openssh())


@pytest.fixture(scope="module")
def locked(ed25519: PrivateKey) -> Parts:
    return Parts(ed25519.to_openssh("pass", rounds=1))


def refuse(text: bytes, passphrase: str | None = None, match: str | None = None) -> KeyFormatError:
    with pytest.raises(KeyFormatError, match=match) as caught:
        load_private_key(text, passphrase)
    return caught.value


# ------------------------------------------------------------- reading what was written


def test_unencrypted_key_is_read_back(signing: PrivateKey) -> None:
    again = load_private_key(signing.to_openssh())
    assert again.public_key == signing.public_key
    assert again.comment == signing.comment
    assert signing.public_key.verify(b"data", again.sign(b"data"))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_encrypted_key_is_read_back(cipher: str, ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh("pass", cipher, 1)
    assert load_private_key(text, b"pass").public_key == ed25519.public_key
    error = refuse(text, "Pass", "the passphrase is wrong")
    assert type(error) is not KeyFormatError
    assert isinstance(error, KeyDecryptError)


@given(comment=st.binary(max_size=40), passphrase=st.text(min_size=1, max_size=10))
@settings(deadline=None, max_examples=20)
def test_key_with_any_comment_and_passphrase_is_read_back(
    comment: bytes, passphrase: str, ed25519: PrivateKey
) -> None:
    key = ed25519.with_comment(comment.decode("utf-8", "surrogateescape"))
    again = load_private_key(key.to_openssh(passphrase, rounds=1), passphrase)
    assert again.comment == key.comment


def test_passphrase_of_a_key_without_encryption_is_ignored(ed25519: PrivateKey) -> None:
    assert load_private_key(ed25519.to_openssh(), "any").public_key == ed25519.public_key


def test_encrypted_key_has_a_readable_public_key(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh("pass", rounds=1)
    with pytest.raises(PassphraseNeeded, match="passphrase is needed") as caught:
        load_private_key(text)
    assert caught.value.public_key == ed25519.public_key


def test_empty_passphrase_is_wrong(ed25519: PrivateKey) -> None:
    text = ed25519.to_openssh("pass", rounds=1)
    assert isinstance(refuse(text, "", "empty"), KeyDecryptError)


# ------------------------------------------------------------- ssh-keygen


@pytest.mark.parametrize("cipher", [None, *CIPHERS])
def test_our_key_is_read_by_ssh_keygen(
    cipher: str | None, ed25519: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    passphrase = "" if cipher is None else "pass"
    path.write_bytes(ed25519.to_openssh(passphrase or None, cipher or "aes256-ctr", 1))
    path.chmod(0o600)
    line = keygen("-y", "-P", passphrase, "-f", path).decode()
    assert load_public_key(line) == ed25519.public_key
    assert line.strip().endswith(ed25519.comment)


def test_key_of_every_kind_is_read_by_ssh_keygen(
    key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_bytes(key.to_openssh("pass", rounds=1))
    path.chmod(0o600)
    assert load_public_key(keygen("-y", "-P", "pass", "-f", path)) == key.public_key
    with pytest.raises(subprocess.CalledProcessError):
        keygen("-y", "-P", "wrong", "-f", path)


@pytest.mark.parametrize(
    ("kind", "bits"),
    [("ed25519", 256), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048)],
)
@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_key_of_ssh_keygen_is_read(
    kind: str, bits: int, passphrase: str, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    keygen("-q", "-t", kind, "-b", str(bits), "-N", passphrase, "-a", "1", "-C", "me", "-f", path)
    key = load_private_key(path.read_bytes(), passphrase or None)
    assert key.public_key == load_public_key(path.with_suffix(".pub").read_bytes())
    assert key.comment == "me"
    assert key.public_key.bits == bits
    assert key.public_key.verify(b"data", key.sign(b"data"))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_cipher_of_ssh_keygen_is_read(cipher: str, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "key"
    keygen("-q", "-t", "ed25519", "-N", "pass", "-a", "1", "-Z", cipher, "-f", path)
    key = load_private_key(path.read_bytes(), "pass")
    assert key.public_key == load_public_key(path.with_suffix(".pub").read_bytes())
    assert isinstance(refuse(path.read_bytes(), "wrong"), KeyDecryptError)


# ------------------------------------------------------------- damage


@pytest.mark.row("K08")
def test_prefix_of_a_plain_file_is_refused(plain: Parts) -> None:
    body = open_armor(plain.text()).body
    for size in range(len(body)):
        refuse(enclose(OPENSSH_LABEL, body[:size]))
    refuse(enclose(OPENSSH_LABEL, body + b"\0"), match="tag")
    text = plain.text()
    for size in range(len(text) - 1):
        refuse(text[:size])


@pytest.mark.row("K08")
def test_prefix_of_an_encrypted_file_is_refused(locked: Parts) -> None:
    body = open_armor(locked.text()).body
    for size in range(len(body)):
        refuse(enclose(OPENSSH_LABEL, body[:size]), "pass")


@pytest.mark.row("K08")
def test_prefix_of_a_private_section_is_refused(plain: Parts) -> None:
    padding = plain.private[-1] if plain.private[-1] < 8 else 0
    for size in range(len(plain.private) - padding):
        refuse(plain.text(private=plain.private[:size]))
        refuse(plain.text(private=plain.private[:size] + bytes(-size % 8)))


@pytest.mark.row("K08")
def test_flipped_bit_is_detected_or_harmless(plain: Parts, ed25519: PrivateKey) -> None:
    body = open_armor(plain.text()).body
    for position in range(len(body)):
        damaged = bytearray(body)
        damaged[position] ^= 1 << position % 8
        try:
            key = load_private_key(enclose(OPENSSH_LABEL, bytes(damaged)))
        except KeyFormatError:
            continue
        assert key.public_key == ed25519.public_key  # the comment is all that changed


@pytest.mark.row("K08")
def test_wrong_passphrase_is_not_reported_as_a_damaged_file(plain: Parts, locked: Parts) -> None:
    checks = b"\0\0\0\1\0\0\0\2"
    assert type(refuse(plain.text(private=checks + plain.private[8:]), None, "damaged")) is (
        KeyFormatError
    )
    assert type(refuse(locked.text(), "wrong")) is KeyDecryptError


@pytest.mark.row("K08")
@pytest.mark.parametrize("rounds", [0, 2049, 2**31 - 1, 2**32 - 1])
def test_too_many_rounds_are_refused_before_they_are_computed(rounds: int, locked: Parts) -> None:
    options = string(bytes(16)) + rounds.to_bytes(4)
    refuse(locked.text(options=options), "pass", "rounds")


@pytest.mark.row("K08")
@pytest.mark.parametrize("count", [0, 2, 2**32 - 1])
def test_file_with_another_number_of_keys_is_refused(count: int, plain: Parts) -> None:
    refuse(plain.text(count=count.to_bytes(4)), None, "keys is not supported")


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"cipher": b"aes256-xts"}, "unknown cipher"),
        ({"cipher": b"\x1b"}, "an unknown cipher"),
        ({"cipher": b"blowfish-cbc"}, "encrypted with blowfish-cbc, which is not supported"),
        ({"cipher": b"\xff"}, "not an OpenSSH private key"),
        ({"kdf": b"scrypt"}, "unknown key derivation"),
        ({"kdf": b"none"}, "unknown key derivation"),
        ({"options": b""}, "ends inside"),
        ({"options": string(b"") + b"\0\0\0\1"}, "no salt"),
        ({"options": string(b"x") + b"\0\0\0\1\0"}, "left over"),
        ({"private": b""}, "multiple of 16"),
        ({"private": bytes(17)}, "multiple of 16"),
        ({"tag": bytes(16)}, "tag of 16 bytes instead of 0"),
        ({"magic": b"openssh-key-v2\0"}, "magic"),
    ],
)
def test_malformed_encrypted_container_is_refused(
    changes: dict[str, bytes], match: str, locked: Parts
) -> None:
    refuse(locked.text(**changes), "pass", match)


@pytest.mark.row("K08")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"kdf": b"bcrypt"}, "not encrypted, but"),
        ({"options": b"x"}, "not encrypted, but"),
        ({"tag": b"x"}, "not encrypted, but"),
        ({"private": bytes(9)}, "multiple of 8"),
        ({"private": b""}, "ends inside"),
        ({"private": bytes(8) + string("ssh-dss")}, "multiple of 8|DSA"),
        ({"private": bytes(8) + string("ssh-ed448") + b"123"}, "ends inside"),
    ],
)
def test_malformed_plain_container_is_refused(
    changes: dict[str, bytes], match: str, plain: Parts
) -> None:
    refuse(plain.text(**changes), None, match)


@pytest.mark.row("K08")
def test_public_key_of_another_private_key_is_refused(
    plain: Parts, keys: dict[str, PrivateKey]
) -> None:
    other = PrivateKey.generate("ed25519")
    for public in (other.public_key, keys["ssh-rsa"].public_key):
        refuse(plain.text(public=public.blob), None, "does not belong")


@pytest.mark.row("K08")
def test_padding_must_count_from_one(ed25519: PrivateKey) -> None:
    key = ed25519.with_comment("12")
    parts = Parts(key.to_openssh())
    size = -len(parts.private.removesuffix(b"\1\2\3")) % 8
    assert size == 3
    assert parts.private.endswith(bytes(range(1, size + 1)))
    head = parts.private[:-size]
    more = head + bytes(range(1, size + 9))
    assert load_private_key(parts.text(private=more)).comment == "12"
    for wrong in (bytes(size), bytes([1] * size), bytes(range(size)), bytes(range(2, size + 2))):
        refuse(parts.text(private=head + wrong), None, "padding")
    endless = head + bytes(n % 256 for n in range(1, size + 257))
    refuse(parts.text(private=endless), None, "padding")


def test_refused_kind_is_reported(plain: Parts) -> None:
    error = refuse(plain.text(public=string("ssh-dss") + bytes(8)), None, "DSA keys are refused")
    assert isinstance(error, UnsupportedKey)


@given(junk=st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_a_key_or_a_format_error(junk: bytes) -> None:
    refuse(enclose(OPENSSH_LABEL, junk), "pass")
    refuse(enclose(OPENSSH_LABEL, MAGIC + junk), "pass")


@given(junk=st.binary(max_size=200))
@settings(deadline=None)
def test_any_private_section_is_a_key_or_a_format_error(junk: bytes, plain: Parts) -> None:
    section = bytes(8) + junk
    refuse(plain.text(private=section + bytes(-len(section) % 8)))


@pytest.mark.row("K08")
def test_wrong_length_allocates_nothing(plain: Parts) -> None:
    body = open_armor(plain.text()).body
    tracemalloc.start()
    try:
        for position in range(len(MAGIC), len(body) - 4):
            for length in (2**32 - 1, 2**31 - 1, 1 << 16):
                damaged = body[:position] + length.to_bytes(4) + body[position + 4 :]
                with contextlib.suppress(KeyFormatError):
                    load_private_key(enclose(OPENSSH_LABEL, damaged))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.row("W09")
@pytest.mark.parametrize("levels", [1, 1000])
def test_nested_certificates_are_not_followed(levels: int) -> None:
    kind = string("ssh-ed25519-cert-v01@openssh.com")
    blob = b""
    for _ in range(levels):
        blob = kind + string(b"nonce") + string(bytes(32)) + string(blob)
    refuse(b"ssh-ed25519-cert-v01@openssh.com " + to_base64(blob), None, "not a private key")
    with pytest.raises(KeyFormatError, match="a certificate is not taken"):
        PublicKey.from_blob(blob)
    with pytest.raises(KeyFormatError, match=r"not a certificate|longer than 65536"):
        load_public_key(b"ssh-ed25519-cert-v01@openssh.com " + to_base64(blob))
