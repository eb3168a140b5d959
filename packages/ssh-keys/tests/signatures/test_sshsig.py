from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from hashlib import sha256
from os import urandom
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import FidoPolicy, KeyFormatError, PrivateKey, PublicKey, SigningFailed, SSHSig
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.formats.armor import enclose
from ssh_keys.signatures import (
    ARMOR_LABEL,
    MAX_SIGNATURE,
    HashName,
    Message,
    SigningRequest,
    sign,
)
from ssh_wire import UsageError
from ssh_wire.primitives import Buffer, read_string, string

if TYPE_CHECKING:
    from pathlib import Path

Program = Callable[..., bytes]
HASHES: tuple[HashName, ...] = ("sha256", "sha512")
PREAMBLE = b"SSHSIG\0\0\0\1"


@pytest.fixture(scope="module")
def certificate(ed25519: PrivateKey, rsa: PrivateKey) -> Certificate:
    spec = CertificateSpec(role="user", key_id="who", principals=("me@example.com",))
    return issue(rsa, ed25519.public_key, spec=spec, random=urandom)


class Fields:
    """The fields of a signature, to be changed one at a time."""

    NAMES = ("key", "namespace", "reserved", "hash", "signature")

    def __init__(self, signature: SSHSig) -> None:
        data, pos = signature.to_blob(), len(PREAMBLE)
        assert data.startswith(PREAMBLE)
        self.values: dict[str, bytes] = {}
        for name in self.NAMES:
            self.values[name], pos = read_string(data, pos)
        assert pos == len(data)

    def blob(self, start: bytes = PREAMBLE, end: bytes = b"", **changes: bytes) -> bytes:
        fields = {**self.values, **changes}
        return start + b"".join(string(fields[name]) for name in self.NAMES) + end


@pytest.fixture(scope="module")
def fields(ed25519: PrivateKey) -> Fields:
    return Fields(sign(ed25519, b"data", "file"))


# ------------------------------------------------------------- signing and checking


@pytest.mark.parametrize("hash_name", HASHES)
def test_signature_is_read_back_and_verified(hash_name: HashName, signing: PrivateKey) -> None:
    key = signing
    made = sign(key, b"data", "file", hash_name=hash_name)
    for again in (SSHSig.from_armor(made.to_armor()), SSHSig.from_blob(made.to_blob())):
        assert again == made
        assert again.public_key == key.public_key
        assert (again.namespace, again.hash_name) == ("file", hash_name)
        assert again.certificate is None
        assert again.verify(b"data", "file")
        assert not again.verify(b"other data", "file")


def test_message_may_be_in_pieces(ed25519: PrivateKey) -> None:
    pieces: list[Buffer] = [b"da", bytearray(b"t"), memoryview(b"a"), b""]
    made = sign(ed25519, iter(pieces), "file")
    messages: list[Message] = [b"data", bytearray(b"data"), memoryview(b"data"), pieces]
    for message in messages:
        assert made.verify(message, "file")
    assert not made.verify([], "file")


@pytest.mark.parametrize(("hash_name", "algorithm"), [("sha256", b"256"), ("sha512", b"512")])
def test_algorithm_of_rsa_follows_the_hash(
    hash_name: HashName, algorithm: bytes, rsa: PrivateKey
) -> None:
    made = sign(rsa, b"data", "file", hash_name=hash_name)
    assert read_string(made.signature, 0)[0] == b"rsa-sha2-" + algorithm


def test_certificate_is_part_of_the_signature(
    ed25519: PrivateKey, certificate: Certificate
) -> None:
    made = sign(ed25519, b"data", "file", certificate=certificate)
    again = SSHSig.from_armor(made.to_armor())
    assert again.certificate == certificate
    assert again.public_key == ed25519.public_key
    assert again.verify(b"data", "file")


def test_certificate_of_another_key_is_refused(rsa: PrivateKey, certificate: Certificate) -> None:
    with pytest.raises(UsageError, match="not one of the key"):
        sign(rsa, b"data", "file", certificate=certificate)


# ------------------------------------------------------------- whoever signs


class Agent:
    """Signs with a key that it does not show."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.asked: list[tuple[bytes, str]] = []

    @property
    def public_key(self) -> PublicKey:
        return self._key.public_key

    def sign(self, data: bytes, algorithm: str, /) -> bytes:
        self.asked.append((data, algorithm))
        return self._key.sign(data, algorithm)


def test_any_message_signer_may_sign(rsa: PrivateKey) -> None:
    agent = Agent(rsa)
    made = sign(agent, b"data", "git")
    assert made.verify(b"data", "git")
    ((data, algorithm),) = agent.asked
    assert algorithm == "rsa-sha2-512"
    assert data.startswith(b"SSHSIG\0\0\0\3git\0\0\0\0\0\0\0\6sha512\0\0\0\x40")


def test_signing_request_is_finished_later(ed25519: PrivateKey, certificate: Certificate) -> None:
    for key in (ed25519.public_key, certificate):
        request = SigningRequest.make(key, b"data", "file", "sha256")
        made = request.finish(ed25519.sign(request.data, request.algorithm))
        assert made.verify(b"data", "file")
        assert SSHSig.from_blob(made.to_blob()) == made
    assert "data" not in repr(request).replace("data=", "")


@pytest.mark.row("K11")
def test_signature_that_does_not_verify_is_dropped(ed25519: PrivateKey, ecdsa: PrivateKey) -> None:
    class Faulty(Agent):
        def sign(self, data: bytes, algorithm: str, /) -> bytes:
            return super().sign(data + b"!", algorithm)

    with pytest.raises(SigningFailed, match="did not verify"):
        sign(Faulty(ed25519), b"data", "file")
    request = SigningRequest.make(ed25519.public_key, b"data", "file")
    with pytest.raises(SigningFailed):
        request.finish(ecdsa.sign(request.data))


@pytest.mark.row("K16")
@pytest.mark.parametrize("namespace", ["", "a\0b", "\0"])
def test_namespace_that_is_empty_or_has_a_nul_is_refused(
    namespace: str, ed25519: PrivateKey
) -> None:
    with pytest.raises(UsageError, match="no signature is made"):
        sign(ed25519, b"data", namespace)


def test_unknown_hash_is_refused(ed25519: PrivateKey) -> None:
    name: Any = "md5"
    with pytest.raises(UsageError, match="no signature is made"):
        sign(ed25519, b"data", "file", hash_name=name)


# ------------------------------------------------------------- FIDO tokens


class Token(Agent):
    """A token in software: it says what it likes."""

    def __init__(self, key: PrivateKey, flags: int) -> None:
        super().__init__(key)
        self.flags = flags

    @property
    def public_key(self) -> PublicKey:
        point, _ = read_string(self._key.public_key.blob, 4 + len("ssh-ed25519"))
        return PublicKey.from_blob(
            string("sk-ssh-ed25519@openssh.com") + string(point) + string("ssh:")
        )

    def sign(self, data: bytes, algorithm: str, /) -> bytes:
        stated = bytes([self.flags]) + bytes(4)
        signed = sha256(b"ssh:").digest() + stated + sha256(data).digest()
        blob, _ = read_string(self._key.sign(signed), 4 + len("ssh-ed25519"))
        return string(algorithm) + string(blob) + stated


@pytest.mark.row("K12")
def test_signature_of_a_token_needs_a_touch(ed25519: PrivateKey, ecdsa: PrivateKey) -> None:
    def certified(token: Token, **changes: Any) -> SSHSig:
        spec = CertificateSpec(role="user", key_id="", principals=("me",), **changes)
        certificate = issue(ecdsa, token.public_key, spec=spec, random=urandom)
        return sign(token, b"data", "file", certificate=certificate)

    for flags in (0, 1, 4, 5):
        token = Token(ed25519, flags)
        made = sign(token, b"data", "file")
        assert SSHSig.from_armor(made.to_armor()) == made
        touched, verified = bool(flags & 1), bool(flags & 4)
        assert made.verify(b"data", "file") is touched
        assert made.verify(b"data", "file", fido=FidoPolicy(touch=False))
        assert not made.verify(b"other", "file", fido=FidoPolicy(touch=False))
        free = certified(token, extensions={"no-touch-required": b""})
        assert free.verify(b"data", "file")
        known = certified(token, critical_options={"verify-required": b""})
        assert known.verify(b"data", "file") is (touched and verified)


# ------------------------------------------------------------- what is refused


@pytest.mark.row("K16")
def test_signature_in_another_namespace_is_wrong(fields: Fields) -> None:
    made = SSHSig.from_blob(fields.blob())
    assert made.verify(b"data", "file")
    for namespace in ("", "git", "FILE", "file\0", "\ud800"):
        assert not made.verify(b"data", namespace)
    renamed = SSHSig.from_blob(fields.blob(namespace=b"git"))
    assert not renamed.verify(b"data", "git")
    assert not renamed.verify(b"data", "file")


@pytest.mark.row("K16")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"start": b"SSHSIH\0\0\0\1"}, "does not begin with SSHSIG"),
        ({"start": b"sshsig\0\0\0\1"}, "does not begin with SSHSIG"),
        ({"start": b""}, "does not begin with SSHSIG"),
        ({"start": b"SSHSIG\0\0\0\0"}, "version 0"),
        ({"start": b"SSHSIG\0\0\0\2"}, "version 2"),
        ({"start": b"SSHSIG\xff\xff\xff\xff"}, "version 4294967295"),
        ({"end": b"\0"}, "not an SSH signature"),
        ({"namespace": b""}, "namespace of the signature is empty"),
        ({"namespace": b"a\0"}, "holds a NUL"),
        ({"reserved": b"x"}, "reserved field is not empty"),
        ({"hash": b"sha1"}, "'sha1' is not supported"),
        ({"hash": b"SHA512"}, "'SHA512' is not supported"),
        ({"hash": b"\xff"}, "not an SSH signature"),
        ({"key": b""}, "not an SSH signature"),
        ({"key": string("ssh-dss")}, "DSA keys are refused"),
        ({"key": string("ssh-ed25519") + string(b"x")}, "32"),
        ({"key": string("ssh-ed25519-cert-v01@openssh.com")}, "not a certificate"),
    ],
)
def test_malformed_signature_is_refused(
    changes: dict[str, bytes], reason: str, fields: Fields
) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        SSHSig.from_blob(fields.blob(**changes))


@pytest.mark.row("K16")
def test_rsa_signature_with_sha1_is_wrong(rsa: PrivateKey) -> None:
    made = Fields(sign(rsa, b"data", "file"))
    request = SigningRequest.make(rsa.public_key, b"data", "file")
    weak = rsa.sign(request.data, "ssh-rsa")
    assert rsa.public_key.verify(request.data, weak, allow_sha1=True)
    assert not SSHSig.from_blob(made.blob(signature=weak)).verify(b"data", "file")
    with pytest.raises(SigningFailed):
        request.finish(weak)


@pytest.mark.row("K16")
def test_signature_with_another_hash_is_wrong(fields: Fields) -> None:
    assert not SSHSig.from_blob(fields.blob(hash=b"sha256")).verify(b"data", "file")


@pytest.mark.row("W01")
def test_size_of_a_signature_is_bounded(fields: Fields) -> None:
    with pytest.raises(KeyFormatError, match="is longer than"):
        SSHSig.from_blob(fields.blob(signature=bytes(MAX_SIGNATURE)))
    with pytest.raises(KeyFormatError, match="too many for a signature"):
        SSHSig.from_armor(enclose(ARMOR_LABEL, bytes(2 * MAX_SIGNATURE)))


def test_truncated_signature_is_refused(fields: Fields) -> None:
    blob = fields.blob()
    for size in range(len(blob)):
        with pytest.raises(KeyFormatError):
            SSHSig.from_blob(blob[:size])


@given(place=st.integers(0, 200), bit=st.integers(0, 7))
def test_flipped_bit_makes_a_signature_wrong(place: int, bit: int, fields: Fields) -> None:
    data = bytearray(fields.blob())
    data[place % len(data)] ^= 1 << bit
    with contextlib.suppress(KeyFormatError):
        assert not SSHSig.from_blob(bytes(data)).verify(b"data", "file")


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_signature_or_a_format_error(data: bytes, fields: Fields) -> None:
    for blob in (data, PREAMBLE + data, fields.blob(end=data)[: 50 + len(data)]):
        for read in (SSHSig.from_blob, SSHSig.from_armor):
            with contextlib.suppress(KeyFormatError):
                read(blob)


# ------------------------------------------------------------- the armour


def test_armour_is_read_back(fields: Fields) -> None:
    armor = SSHSig.from_blob(fields.blob()).to_armor()
    first, *lines, last, end = armor.decode().split("\n")
    assert (first, last) == ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----")
    assert end == ""
    assert {len(text) for text in lines[:-1]} == {70}
    for text in (armor, armor.decode(), armor.replace(b"\n", b"\r\n"), armor + b"\n\n"):
        assert SSHSig.from_armor(text).to_armor() == armor


@pytest.mark.row("K16")
def test_malformed_armour_is_refused(fields: Fields) -> None:
    armor = SSHSig.from_blob(fields.blob()).to_armor()
    begin, end = armor.split(b"\n", 1)[0], armor.strip().rsplit(b"\n", 1)[1]
    for text in (
        b"",
        b"\n" + armor,
        b" " + armor,
        b"hello\n" + armor,
        armor.replace(b"BEGIN SSH", b"BEGIN PGP"),
        armor.replace(b"SSH SIGNATURE", b"PUBLIC KEY"),
        armor.replace(end, b""),
        armor.replace(begin + b"\n", begin + b"\nComment: x\n"),
        armor + b"more",
        armor + armor,
        armor.replace(b"\n", b"\n!", 1),
        begin + b"\n" + end + b"\n",
    ):
        with pytest.raises(KeyFormatError):
            SSHSig.from_armor(text)


# ------------------------------------------------------------- ssh-keygen


@pytest.mark.parametrize("hash_name", HASHES)
def test_our_signature_is_verified_by_ssh_keygen(
    hash_name: HashName, key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "data.sig"
    path.write_bytes(sign(key, b"data", "file", hash_name=hash_name).to_armor())
    command = ("-Y", "check-novalidate", "-n", "file", "-s", path)
    printed = keygen(*command, data=b"data").decode()
    assert printed.startswith('Good "file" signature with ')
    assert key.public_key.fingerprint() in printed
    with pytest.raises(subprocess.CalledProcessError):
        keygen(*command, data=b"other data")


@pytest.mark.parametrize("hash_name", HASHES)
def test_signature_of_ssh_keygen_is_verified(
    hash_name: HashName, key: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_bytes(key.to_openssh())
    path.chmod(0o600)
    signed = keygen(
        "-Y", "sign", "-n", "file", "-O", f"hashalg={hash_name}", "-f", path, data=b"x"
    )
    made = SSHSig.from_armor(signed)
    assert made.public_key == key.public_key
    assert made.hash_name == hash_name
    assert made.verify(b"x", "file")
    assert not made.verify(b"y", "file")
    assert made.to_armor() == signed
    if key.public_key.kind in ("ssh-ed25519", "ssh-rsa") and hash_name == "sha512":
        assert sign(key, b"x", "file").to_armor() == signed  # nothing in them is random
