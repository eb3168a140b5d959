"""Private keys of ssh.com, as puttygen writes them and ssh-keygen reads them."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, UnsupportedKey, load_private_key
from ssh_keys.formats import sshcom
from ssh_keys.strict_base64 import to_base64
from ssh_wire.primitives import string

MAGIC = b"\x3f\x6f\xf9\xeb"
RSA = "if-modn{sign{rsa-pkcs1-sha1},encrypt{rsa-pkcs1v2-oaep}}"


def number(value: int) -> bytes:
    bits = value.bit_length()
    return bits.to_bytes(4, "big") + value.to_bytes((bits + 7) // 8, "big")


def body(section: bytes, kind: str = RSA, cipher: str = "none") -> bytes:
    rest = string(kind) + string(cipher) + string(section)
    return MAGIC + (len(rest) + 8).to_bytes(4, "big") + rest


def section(numbers: bytes) -> bytes:
    return len(numbers).to_bytes(4, "big") + numbers


def framed(content: bytes) -> bytes:
    text = to_base64(content)
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    name = b"SSH2 ENCRYPTED PRIVATE KEY ----"
    return b"\n".join([b"---- BEGIN " + name, b'Comment: "a"', *lines, b"---- END " + name, b""])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[PrivateKey, Path]:
    """An RSA key, and the file of it that puttygen has written."""
    folder = tmp_path_factory.mktemp("sshcom")
    key = PrivateKey.generate("rsa", 2048, comment="a key")
    (folder / "key").write_bytes(key.to_openssh())
    (folder / "key").chmod(0o600)
    export("key", "sshcom", "/dev/null", folder)
    return key, folder


def export(source: str, target: str, passphrase: str, folder: Path) -> None:
    words = ["-O", "private-sshcom", "-o", target, "--new-passphrase", passphrase]
    subprocess.run(
        ["puttygen", source, "--old-passphrase", "/dev/null", *words], cwd=folder, check=True
    )


def test_key_of_puttygen_is_read(written: tuple[PrivateKey, Path]) -> None:
    key, folder = written
    found = load_private_key((folder / "sshcom").read_bytes())
    assert found.public_key == key.public_key
    assert found.comment == "a key"
    assert found.to_openssh() == key.to_openssh() or found.sign(b"x", "rsa-sha2-256")


def test_key_is_the_one_that_ssh_keygen_reads(written: tuple[PrivateKey, Path]) -> None:
    key, folder = written
    words = ["ssh-keygen", "-i", "-f", "sshcom"]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    found = load_private_key((folder / "sshcom").read_bytes())
    assert found.to_pem(form="traditional") == done.stdout
    assert load_private_key(done.stdout).public_key == key.public_key


def test_encrypted_key_is_refused_with_the_name_of_its_cipher(
    written: tuple[PrivateKey, Path],
) -> None:
    _, folder = written
    (folder / "secret").write_text("secret")
    export("key", "encrypted", "secret", folder)
    with pytest.raises(KeyFormatError, match="encrypted with 3des-cbc"):
        load_private_key((folder / "encrypted").read_bytes())


def test_key_of_another_kind_is_refused() -> None:
    kind = "dl-modp{sign{dsa-nist-sha1},dh{plain}}"
    with pytest.raises(UnsupportedKey, match="of kind dl-modp: only RSA"):
        sshcom.decode_private(framed(body(section(b""), kind)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a private key of ssh.com"),
        (b"\0\0\0\0", "its first bytes"),
        (MAGIC, "not a private key of ssh.com"),
        (body(b""), "not a private key of ssh.com"),
        (body(section(b"")) + b"x", "1 bytes follow the private key"),
        (body(b"\0\0\0\1"), "the length in it is wrong"),
        (body(section(b"\0\0\1\0x")), "a number is too long"),
        (body(section(b"\xff\xff\xff\xff")), "a number is too long"),
        (body(section(number(3) * 6 + b"x")), "1 bytes follow the numbers"),
        (body(section(number(3) * 6)), "2 bits"),
    ],
)
def test_what_is_not_one_complete_key_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        sshcom.decode_private(framed(content))


@pytest.mark.parametrize("text", [b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", b"x\ny\n"])
def test_frame_that_does_not_end_is_refused(text: bytes) -> None:
    with pytest.raises(KeyFormatError, match="the END line is missing"):
        sshcom.decode_private(text)


@given(st.binary(max_size=200))
def test_any_numbers_are_a_key_or_are_refused(numbers: bytes) -> None:
    with contextlib.suppress(KeyFormatError):
        sshcom.decode_private(framed(body(section(numbers))))
