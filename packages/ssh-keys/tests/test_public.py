from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, PublicKey, Signature, load_public_key
from ssh_keys.kinds import KINDS
from ssh_keys.public import MAX_BLOB
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]


def test_blob_is_read_back(signing: PrivateKey) -> None:
    public = PublicKey.from_blob(signing.public_key.blob, "beside it")
    assert public == signing.public_key
    assert hash(public) == hash(signing.public_key)
    assert public.kind == signing.public_key.kind
    assert public.blob == signing.public_key.blob
    assert public.comment == "beside it"


def test_keys_are_equal_by_their_blobs(keys: dict[str, PrivateKey]) -> None:
    assert len({key.public_key for key in keys.values()}) == len(keys)
    assert keys["ssh-rsa"].public_key != keys["ssh-ed25519"].public_key
    assert keys["ssh-rsa"].public_key != "ssh-rsa"


@pytest.mark.row("K15")
@pytest.mark.parametrize("blob", [b"", b"\0", b"\0\0\0\0", string("ssh-ed25519"), string(b"\xff")])
def test_malformed_blob_is_refused(blob: bytes) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_blob(blob)


def test_huge_blob_is_refused() -> None:
    with pytest.raises(KeyFormatError, match="longer than"):
        PublicKey.from_blob(bytes(MAX_BLOB + 1))


@given(data=st.data())
@settings(deadline=None)
def test_any_bytes_are_a_key_or_a_format_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    parts = data.draw(st.lists(st.binary(max_size=80), max_size=4))
    body = b"".join(map(string, parts)) + data.draw(st.binary(max_size=4))
    for blob in (body, string(kind) + body):
        with contextlib.suppress(KeyFormatError):
            assert PublicKey.from_blob(blob).blob == blob


def test_every_prefix_and_extension_of_a_blob_is_refused(signing: PrivateKey) -> None:
    blob = signing.public_key.blob
    for size in range(len(blob)):
        with pytest.raises(KeyFormatError):
            PublicKey.from_blob(blob[:size])
    with pytest.raises(KeyFormatError, match="left over"):
        PublicKey.from_blob(blob + b"\0")


def test_signature_of_other_data_is_wrong(signing: PrivateKey) -> None:
    public = signing.public_key
    signature = signing.sign(b"data")
    assert public.verify(b"data", signature)
    assert public.verify(bytearray(b"data"), memoryview(signature))
    assert not public.verify(b"Data", signature)
    assert not public.verify(b"data", signature[:-1])
    assert not public.verify(b"data", signature + b"\0")
    assert not public.verify(b"data", b"")
    other = PrivateKey.generate(public.kind, public.bits)
    assert not other.public_key.verify(b"data", signature)


def test_signature_must_name_the_negotiated_algorithm(signing: PrivateKey) -> None:
    public = signing.public_key
    for algorithm in public.algorithms:
        signature = signing.sign(b"data", algorithm)
        assert Signature.decode(signature).algorithm == algorithm
        assert public.verify(b"data", signature, algorithm)
        assert not public.verify(b"data", signature, "ssh-dss")


def test_signature_under_another_name_is_not_valid(signing: PrivateKey) -> None:
    blob = Signature.decode(signing.sign(b"data")).blob
    for name in ("", "ssh-dss", "ssh-ed448", *KINDS):
        if name not in signing.public_key.algorithms:
            forged = Signature(algorithm=name, blob=blob).encode()
            assert not signing.public_key.verify(b"data", forged)
            assert not signing.public_key.verify(b"data", forged, name)


@given(junk=st.binary(max_size=200))
@settings(deadline=None, max_examples=40)
def test_any_bytes_are_a_wrong_signature(junk: bytes, keys: dict[str, PrivateKey]) -> None:
    for key in keys.values():
        public = key.public_key
        assert not public.verify(b"data", junk)
        for algorithm in public.algorithms:
            assert not public.verify(b"data", string(algorithm) + string(junk), algorithm)


def test_fingerprints_are_those_of_ssh_keygen(
    key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key.pub"
    path.write_text(key.public_key.to_openssh() + "\n")
    size, sha256, *rest = keygen("-l", "-f", path).decode().split()
    assert int(size) == key.public_key.bits
    assert sha256 == key.public_key.fingerprint() == key.public_key.fingerprint("sha256")
    assert " ".join(rest[:-1]) == key.comment
    md5 = keygen("-l", "-E", "md5", "-f", path).decode().split()[1]
    assert md5 == key.public_key.fingerprint("md5")


def test_line_is_read_back(signing: PrivateKey) -> None:
    again = load_public_key(signing.public_key.to_openssh())
    assert again == signing.public_key
    assert again.comment == signing.comment


@given(comment=st.text(alphabet=st.characters(exclude_categories=())))
@settings(deadline=None)
def test_comment_makes_no_second_line(comment: str, ed25519: PrivateKey) -> None:
    line = ed25519.public_key.with_comment(comment).to_openssh()
    assert len(line.splitlines()) == 1
    assert load_public_key(line.encode()) == ed25519.public_key


def test_our_pem_is_read_by_ssh_keygen(key: PrivateKey, keygen: Program, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(key.public_key.to_pem())
    if key.public_key.kind == "ssh-ed25519":  # ssh-keygen 9.2 imports no Ed25519 from PKCS#8
        assert load_public_key(path.read_bytes()) == key.public_key
    else:
        line = keygen("-i", "-m", "PKCS8", "-f", path).decode()
        assert load_public_key(line) == key.public_key


def test_public_key_may_be_copied_and_has_a_repr(ed25519: PrivateKey) -> None:
    public = ed25519.public_key
    assert copy.copy(public) == public
    assert repr(public) == f"<EdwardsPublicKey ssh-ed25519 {public.fingerprint()}>"
