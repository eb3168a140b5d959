from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from os import urandom
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, PublicKey, RevocationList
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.strict_base64 import to_base64
from ssh_keys.trust import krl_text
from ssh_keys.trust.krl_text import parse_revoked, revoke_specified
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from pathlib import Path

    from ssh_keys.trust.krl_text import Authority

Program = Callable[..., bytes]


@pytest.fixture(scope="module")
def public(ed25519: PrivateKey) -> PublicKey:
    return ed25519.public_key


@pytest.fixture(scope="module")
def ca(ecdsa: PrivateKey) -> PublicKey:
    return ecdsa.public_key


def certify(ca: PrivateKey, key: PublicKey, serial: int) -> Certificate:
    spec = CertificateSpec(role="user", key_id="an id", principals=("me",), serial=serial)
    return issue(ca, key, spec=spec, random=urandom)


def specified(text: str | bytes, ca: Authority = None) -> RevocationList:
    revoked = RevocationList()
    revoke_specified(revoked, text, ca=ca, source="text")
    return revoked


# ------------------------------------------------------------- specifications


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("serial: 5", ((5, 5),)),
        ("SERIAL:5", ((5, 5),)),
        ("serial: 0x10", ((16, 16),)),
        ("serial: 0X1F-0x20", ((31, 32),)),
        ("serial: 010", ((8, 8),)),
        ("serial: 5-10 # why", ((5, 10),)),
        ("  serial:\t18446744073709551615", ((2**64 - 1, 2**64 - 1),)),
        ("serial: 1-18446744073709551615", ((1, 2**64 - 1),)),
        ("serial: 1\nserial: 2\n\n# no more\n", ((1, 2),)),
    ],
)
def test_serial_numbers_are_revoked(
    text: str, runs: tuple[tuple[int, int], ...], ca: PublicKey
) -> None:
    assert specified(text, ca).certificates[ca.blob].serials.ranges == runs
    assert specified(text, "any").certificates[b""].serials.ranges == runs


def test_key_ids_are_revoked(ca: PublicKey) -> None:
    revoked = specified("id: some id # of theirs\nID:\tother\nid:\n", ca)
    assert revoked.certificates[ca.blob].key_ids == {b"some id", b"other", b""}
    assert set(specified(b"id: \xff", "any").certificates) == {b""}


def test_keys_and_hashes_are_revoked(public: PublicKey, ca: PublicKey) -> None:
    sha1 = hashlib.sha1(public.blob).digest()  # noqa: S324 (of a key)
    sha256 = hashlib.sha256(public.blob).digest()
    line = public.to_openssh()
    assert specified(line).keys == {public.blob}
    assert specified(f"key: {line}\nKey:{ca.to_openssh()}").keys == {public.blob, ca.blob}
    assert specified(f"sha1: {line}").sha1 == {sha1}
    assert specified(f"sha256: {line}").sha256 == {sha256}
    assert specified(f"hash: {public.fingerprint()}").sha256 == {sha256}
    for text in (f"sha1: {line}", f"sha256: {line}", f"hash: {public.fingerprint()}"):
        assert not specified(text).keys
        assert specified(text).revokes(public)
        assert not specified(text).revokes(ca)


def test_certificates_are_revoked(public: PublicKey, ecdsa: PrivateKey) -> None:
    certificate = certify(ecdsa, public, 5)
    line = certificate.to_openssh()
    by_number = specified(line)
    assert by_number.revokes(certificate)
    assert not by_number.revokes(public)
    assert not by_number.revokes(certify(ecdsa, public, 6))
    # with a word in front it is the key in it that is meant
    assert specified(f"key: {line}").keys == {public.blob}
    assert specified(f"sha256: {line}").revokes(public)
    assert specified(certify(ecdsa, public, 0).to_openssh()).revokes(certify(ecdsa, public, 0))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("serial: 0", "not a range"),
        ("serial:", "not a serial number"),
        ("serial: -1", "not a serial number"),
        ("serial: +1", "not a serial number"),
        ("serial: 5-", "not a serial number"),
        ("serial: 5-5", "not a range"),
        ("serial: 5-4", "not a range"),
        ("serial: 5-6-7", "not a serial number"),
        ("serial: 5 6", "not a serial number"),
        ("serial: 1_0", "not a serial number"),
        ("serial: 09", "not a serial number"),
        ("serial: 0x", "not a serial number"),
        ("serial: x", "not a serial number"),
        ("serial: 0o7", "not a serial number"),
        ("serial: 0x0x7", "not a serial number"),
        ("serial: 0b1", "not a serial number"),
        ("serial: 18446744073709551616", "not a range"),
        ("serial: " + "9" * 5000, "not a serial number"),
        ("key: ssh-ed25519", "the line says"),
        ("key: ssh-ed25519 AAAA", "the line says"),
        ("key: ssh-ed25519 !", "not base64"),
        ("key:", "the line says ''"),
        ("sha1: SHA1:x", "the line says"),
        ("hash: MD5:x", "not base64"),
        ("hash: MD5", "not base64"),
        ("hash: AAAA", "not a SHA-256 hash"),
        ("hash: SHA256:AAAA", "not a SHA-256 hash"),
        ("hash: SHA1:" + "A" * 43, "not base64"),
        ("unknown: x", "unknown key type"),
        ("host ssh-ed25519 AAAA", "unknown key type"),
        ("ssh-dss AAAA", "DSA keys are refused"),
        ("ssh-ed25519 AA\0AA", "control character"),
        ("id: " + "x" * 16_384, "bytes; 16384 are allowed"),
    ],
)
def test_unreadable_line_of_a_specification_is_an_error(
    text: str, reason: str, ca: PublicKey
) -> None:
    with pytest.raises(KeyFormatError, match=f"^text:2: .*{reason}"):
        specified(f"\n{text}\n", ca)


def test_serial_numbers_and_key_ids_need_an_authority() -> None:
    for text in ("serial: 5", "id: x"):
        with pytest.raises(KeyFormatError, match="and none was given"):
            specified(text)


@given(text=st.text(max_size=60), word=st.sampled_from(["", "serial:", "id:", "hash:", "key:"]))
def test_any_text_is_a_specification_or_a_format_error(text: str, word: str) -> None:
    with contextlib.suppress(KeyFormatError):
        specified(word + text, "any").to_blob()


def test_specification_revokes_what_ssh_keygen_revokes(
    keys: dict[str, PrivateKey], ecdsa: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    publics = [key.public_key for key in keys.values()]
    numbers = (3, 4, 9, 10, 200, 201, 203, 5000, 2**40, 2**64 - 1)
    text = [f"serial: {n}" for n in numbers] + [
        "serial: 7000-90000",
        "serial: 0x11",
        "serial: 011",
    ]
    text += ["id: one id", "# nothing", "", "  id: two  # words"]
    text += [
        publics[0].to_openssh(),
        f"key: {publics[1].to_openssh()}",
        f"sha1: {publics[2].to_openssh()}",
        f"sha256: {publics[3].to_openssh()}",
        f"hash: {publics[4].fingerprint()}",
        certify(ecdsa, publics[0], 77).to_openssh(),
        certify(keys["ssh-rsa"], publics[0], 0).to_openssh(),
    ]
    (tmp_path / "ca.pub").write_text(ecdsa.public_key.to_openssh() + "\n")
    (tmp_path / "text").write_text("\n".join(text) + "\n")
    path = tmp_path / "krl"
    keygen("-k", "-f", path, "-s", tmp_path / "ca.pub", tmp_path / "text")
    theirs = RevocationList.from_blob(path.read_bytes())
    ours = specified("\n".join(text), ecdsa.public_key)
    assert (ours.keys, ours.sha1, ours.sha256) == (theirs.keys, theirs.sha1, theirs.sha256)
    assert list(ours.certificates) == list(theirs.certificates)
    for mine, other in zip(ours.certificates.values(), theirs.certificates.values(), strict=True):
        assert mine.serials.ranges == other.serials.ranges
        assert mine.key_ids == other.key_ids
    assert len(ours.to_blob()) <= len(path.read_bytes())


# ------------------------------------------------------------- plain lists


def test_plain_list_of_keys_is_read(
    public: PublicKey, ca: PublicKey, rsa: PrivateKey, ecdsa: PrivateKey
) -> None:
    certificate = certify(ecdsa, rsa.public_key, 5).to_openssh()
    text = f"# gone\n\n  {public.to_openssh()} # kept\r\n{certificate}\n"
    revoked = parse_revoked(text, "revoked")
    assert revoked.revokes(public)
    assert revoked.revokes(rsa.public_key)
    assert not revoked.revokes(ca)
    assert revoked.revokes(certify(rsa, ca, 7))
    assert parse_revoked("").keys == set()


def test_krl_is_detected_by_its_magic(public: PublicKey) -> None:
    revoked = RevocationList()
    revoked.revoke(public)
    assert parse_revoked(revoked.to_blob()).revokes(public)
    with pytest.raises(KeyFormatError, match="not a KRL"):
        parse_revoked(revoked.to_blob()[:-1])


def test_unknown_kind_is_revoked() -> None:
    blob = string("ssh-tomorrow@example.com") + b"key"
    line = f"ssh-tomorrow@example.com {to_base64(blob).decode()} gone"
    assert parse_revoked(line).keys == {blob}


@pytest.mark.row("K05")
def test_kind_and_key_must_agree(public: PublicKey) -> None:
    line = public.to_openssh().replace("ssh-ed25519", "ssh-rsa", 1)
    with pytest.raises(KeyFormatError, match="revoked:1: the line says 'ssh-rsa', its key"):
        parse_revoked(line, "revoked")


@pytest.mark.parametrize(
    "line",
    [
        "word",
        "ssh-ed25519",
        "serial: 5",
        "ssh-ed25519 AAAA",
        "ssh-ed25519-cert-v01@openssh.com AAAA",
        "ssh-ed25519\0AAAA",
    ],
)
def test_unreadable_line_of_a_list_is_an_error(line: str, public: PublicKey) -> None:
    with pytest.raises(KeyFormatError, match=r"^revoked:2: "):
        parse_revoked(f"{public.to_openssh()}\n{line}\n", "revoked")


@pytest.mark.row("W01")
def test_size_of_a_list_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(krl_text, "MAX_KRL", 100)
    with pytest.raises(KeyFormatError, match="101 bytes are too many"):
        parse_revoked("#" * 101)


@given(data=st.binary(max_size=100))
def test_any_text_is_a_list_or_a_format_error(data: bytes) -> None:
    with contextlib.suppress(KeyFormatError):
        parse_revoked(data)
