from __future__ import annotations

from collections.abc import Callable
from os import urandom
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import CertificateSpec, PrivateKey, issue, load_public_key
from ssh_keys.public import PublicKey
from ssh_keys.randomart import bubblebabble, bubblebabble_of, randomart, title_of

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmAETLTVUSFAtrWK74AlkRNeevssRrVBNSYn8Ob3fyj somebody"


PICTURE = """
+--[ED25519 256]--+
|         .o+ ... |
|          o.. o  |
|          ..+  +.|
|     . oo..+ oo+=|
|    . o+SEo   o=+|
|     . *=*B ..  +|
|      o.o+.=.. .o|
|       ...o.  .. |
|       ..        |
+----[SHA256]-----+
"""


def known() -> PublicKey:
    key = load_public_key(KEY)
    assert isinstance(key, PublicKey)
    return key


@pytest.mark.parametrize("hash_name", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_randomart_is_that_of_ssh_keygen(
    hash_name: Any, key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key.pub"
    path.write_text(key.public_key.to_openssh())
    printed = keygen("-l", "-v", "-E", hash_name, "-f", path).decode()
    assert printed.split("\n", 1)[1] == randomart(key.public_key, hash_name) + "\n"


def test_bubblebabble_is_that_of_ssh_keygen(
    key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key.pub"
    path.write_text(key.public_key.to_openssh())
    words = keygen("-B", "-f", path).decode().split()[1]
    assert bubblebabble(key.public_key) == words


def test_randomart_of_a_key_does_not_change() -> None:
    picture = randomart(known())
    rows = picture.split("\n")
    assert len(rows) == 11
    assert {len(row) for row in rows} == {19}
    assert rows[0] == "+--[ED25519 256]--+"
    assert rows[-1] == "+----[SHA256]-----+"
    assert picture == PICTURE.strip()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "xexax"),
        (b"1234567890", "xesef-disof-gytuf-katof-movif-baxux"),
        (b"Pineapple", "xigak-nyryk-humil-bosek-sonax"),
    ],
)
def test_bubblebabble_of_known_bytes(data: bytes, words: str) -> None:
    assert bubblebabble_of(data) == words


@given(st.binary(max_size=40))
def test_bubblebabble_of_any_bytes(data: bytes) -> None:
    words = bubblebabble_of(data)
    assert words.startswith("x")
    assert words.endswith("x")
    assert len(words) == len(data) // 2 * 6 + 5
    assert all(len(word) == 5 for word in words.split("-"))


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("ssh-ed25519", "ED25519"),
        ("ssh-ed448", "ED448"),
        ("ssh-rsa", "RSA"),
        ("ecdsa-sha2-nistp521", "ECDSA"),
        ("sk-ssh-ed25519@openssh.com", "ED25519-SK"),
        ("sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK"),
        ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK"),
        ("ssh-mldsa44-ed25519", "MLDSA44-ED25519"),
        ("ssh-tomorrow", "unknown"),
    ],
)
def test_title_is_that_of_the_kind(kind: str, title: str) -> None:
    assert title_of(kind) == title


def test_randomart_of_a_certificate_has_another_title_alone(rsa: PrivateKey) -> None:
    spec = CertificateSpec(role="user", key_id="", principals=("me",))
    certificate = issue(rsa, known(), spec=spec, random=urandom)
    picture = randomart(certificate)
    assert picture.split("\n")[0] == "+-[ED25519-CERT]--+"  # the size would not fit
    assert picture.split("\n")[1:] == randomart(known()).split("\n")[1:]
    assert bubblebabble(certificate) == bubblebabble(known())


def test_title_that_is_too_long_is_cut(keys: dict[str, PrivateKey]) -> None:
    key = keys["ssh-mldsa44-ed25519"].public_key
    assert randomart(key).startswith("+[MLDSA44-ED25519-+\n")
