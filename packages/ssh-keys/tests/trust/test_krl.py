from __future__ import annotations

import contextlib
import hashlib
import struct
import subprocess
from collections.abc import Callable
from os import urandom
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssh_keys import KeyFormatError, PrivateKey, PublicKey, RevocationList
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.certificate_spec import CertificateSpec
from ssh_keys.certificates.signing import issue
from ssh_keys.trust import krl
from ssh_keys.trust.krl import MAGIC, Extension
from ssh_wire import UsageError
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from pathlib import Path

    from ssh_keys import Credential

Program = Callable[..., bytes]
HASHES: tuple[Literal["sha1", "sha256"] | None, ...] = (None, "sha1", "sha256")


def certify(ca: PrivateKey, key: PublicKey, serial: int = 0, key_id: str = "an id") -> Certificate:
    spec = CertificateSpec(role="user", key_id=key_id, principals=("me",), serial=serial)
    return issue(ca, key, spec=spec, random=urandom)


def blob(*sections: tuple[int, bytes], **header: Any) -> bytes:
    """A KRL of these sections."""
    fields: dict[str, Any] = {
        "format": 1,
        "version": 2,
        "generated": 3,
        "flags": 0,
        "comment": b"",
        **header,
    }
    head = struct.pack(
        ">IQQQ", fields["format"], fields["version"], fields["generated"], fields["flags"]
    )
    body = b"".join(bytes([kind]) + string(data) for kind, data in sections)
    return MAGIC + head + string(b"reserved") + string(fields["comment"]) + body


def certificates(ca: bytes, *parts: tuple[int, bytes]) -> tuple[int, bytes]:
    inside = b"".join(bytes([kind]) + string(data) for kind, data in parts)
    return 1, string(ca) + string(b"") + inside


def again(revoked: RevocationList) -> RevocationList:
    return RevocationList.from_blob(revoked.to_blob())


# ------------------------------------------------------------- keys


def test_revoked_key_is_revoked_by_blob_and_by_hash(keys: dict[str, PrivateKey]) -> None:
    publics = [key.public_key for key in keys.values()]
    revoked = RevocationList(version=7, generated=8, comment="why \udcff")
    revoked.revoke(publics[0])
    revoked.revoke_blob(publics[1].blob, "sha1")
    revoked.revoke_blob(publics[2].blob, "sha256")
    read = again(revoked)
    assert (read.version, read.generated, read.comment) == (7, 8, "why \udcff")
    assert [read.revokes(key) for key in publics] == [number < 3 for number in range(len(publics))]
    assert read.keys == {publics[0].blob}
    assert read.sha1 == {hashlib.sha1(publics[1].blob).digest()}  # noqa: S324 (of a key)
    assert read.sha256 == {hashlib.sha256(publics[2].blob).digest()}
    assert read.to_blob() == revoked.to_blob()


def test_empty_list_revokes_nothing(ed25519: PrivateKey) -> None:
    assert not again(RevocationList()).revokes(ed25519.public_key)
    assert RevocationList.from_blob(blob()).to_blob() == blob().replace(
        string(b"reserved"), string(b"")
    )


def test_key_of_an_unknown_kind_is_revoked() -> None:
    revoked = RevocationList.from_blob(blob((2, string(b"of tomorrow") + string(b"x"))))
    assert revoked.keys == {b"of tomorrow", b"x"}


# ------------------------------------------------------------- certificates


@pytest.mark.row("K07")
def test_certificate_is_revoked_by_its_serial_number(
    ed25519: PrivateKey, ecdsa: PrivateKey, rsa: PrivateKey
) -> None:
    numbers = (0, 1, 5, 100, 2**64 - 1)
    mine = {n: certify(ecdsa, ed25519.public_key, n) for n in numbers}
    other = {n: certify(rsa, ed25519.public_key, n) for n in numbers}
    revoked = RevocationList()
    revoked.revoke_serials(ecdsa.public_key, 5)
    revoked.revoke_serials(ecdsa.public_key, 90, 2**64 - 1)
    read = again(revoked)
    assert [n for n in numbers if read.revokes(mine[n])] == [5, 100, 2**64 - 1]
    assert not any(read.revokes(certificate) for certificate in other.values())
    assert not read.revokes(ed25519.public_key)
    revoked.revoke_serials(None, 1)
    read = again(revoked)
    assert [n for n in numbers if read.revokes(other[n])] == [1]
    assert read.revokes(mine[1])
    with pytest.raises(KeyFormatError, match="not a range"):
        revoked.revoke_serials(None, 0)


@pytest.mark.row("K07")
def test_certificate_is_revoked_by_its_key_id(
    ed25519: PrivateKey, ecdsa: PrivateKey, rsa: PrivateKey
) -> None:
    revoked = RevocationList()
    revoked.revoke_key_id(ecdsa.public_key, "who \udcff")
    revoked.revoke_key_id(None, "anybody")
    read = again(revoked)
    public = ed25519.public_key
    assert read.revokes(certify(ecdsa, public, 0, "who \udcff"))
    assert read.revokes(certify(ecdsa, public, 5, "who \udcff"))
    assert not read.revokes(certify(rsa, public, 0, "who \udcff"))
    assert not read.revokes(certify(ecdsa, public, 0, "who"))
    assert read.revokes(certify(rsa, public, 0, "anybody"))


@pytest.mark.row("K07")
def test_certificate_is_revoked_with_its_key_or_its_authority(
    ed25519: PrivateKey, ecdsa: PrivateKey
) -> None:
    certificate = certify(ecdsa, ed25519.public_key, 5)
    for key in (ed25519.public_key, ecdsa.public_key):
        for hash_name in HASHES:
            revoked = RevocationList()
            revoked.revoke_blob(key.blob, hash_name)
            assert again(revoked).revokes(certificate)


def test_revoke_uses_the_serial_number_or_the_key_id(
    ed25519: PrivateKey, ecdsa: PrivateKey
) -> None:
    numbered = certify(ecdsa, ed25519.public_key, 5, "five")
    named = certify(ecdsa, ed25519.public_key, 0, "none")
    revoked = RevocationList()
    revoked.revoke(numbered)
    revoked.revoke(named)
    (held,) = revoked.certificates.values()
    assert held.serials.ranges == ((5, 5),)
    assert held.key_ids == {b"none"}
    assert not revoked.revokes(ed25519.public_key)
    assert not revoked.revokes(certify(ecdsa, ed25519.public_key, 6, "five"))


# ------------------------------------------------------------- the format


def test_every_section_is_read_back(ed25519: PrivateKey, ecdsa: PrivateKey) -> None:
    number = struct.Struct(">Q").pack
    parts = [
        (0x20, number(7) + number(9)),
        (0x20, number(1000)),
        (0x21, number(20) + number(30)),
        (0x22, number(40) + string(b"\5")),
        (0x23, string(b"an id") + string(b"")),
        (0x39, string(b"note@example.com") + b"\0" + string(b"x")),
    ]
    note = string(b"other@example.com") + b"\0" + string(b"")
    data = blob(certificates(ecdsa.public_key.blob, *parts), certificates(b""), (255, note))
    revoked = RevocationList.from_blob(data)
    held = revoked.certificates[ecdsa.public_key.blob]
    assert held.serials.ranges == ((7, 7), (9, 9), (20, 30), (40, 40), (42, 42), (1000, 1000))
    assert held.key_ids == {b"an id", b""}
    assert held.extensions == [Extension(name="note@example.com", data=b"x")]
    assert revoked.extensions == [Extension(name="other@example.com", data=b"")]
    assert revoked.certificates[b""].key_ids == set()
    read = again(revoked)
    assert read.extensions == revoked.extensions
    assert read.certificates[ecdsa.public_key.blob].extensions == held.extensions
    assert read.to_blob() == revoked.to_blob()
    assert revoked.revokes(certify(ecdsa, ed25519.public_key, 42))
    assert not revoked.revokes(certify(ecdsa, ed25519.public_key, 41, "other"))


def test_signature_in_a_list_is_ignored(ed25519: PrivateKey) -> None:
    signed = blob((2, string(ed25519.public_key.blob)), (4, b"key")) + string(b"signature")
    assert RevocationList.from_blob(signed).revokes(ed25519.public_key)
    assert RevocationList.from_blob(signed + b"\4" + string(b"key") + string(b"sig")).keys
    with pytest.raises(KeyFormatError):
        RevocationList.from_blob(signed + b"\4" + string(b"key"))


EXTENSION = string(b"needed@example.com") + b"\1" + string(b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin with SSHKRL"),
        (b"SSHKRL\n\1", "does not begin with SSHKRL"),
        (MAGIC, "not a KRL"),
        (blob(format=0), "format 0"),
        (blob(format=2), "format 2"),
        (blob() + b"\2", "not a KRL"),
        (blob((0, b"")), "section of type 0"),
        (blob((6, b"")), "section of type 6"),
        (blob((2, b"\0\0\0\1")), "not a KRL"),
        (blob((3, string(bytes(19)))), "a sha1 hash in the KRL has 19 bytes"),
        (blob((3, string(bytes(32)))), "a sha1 hash in the KRL has 32 bytes"),
        (blob((5, string(bytes(20)))), "a sha256 hash in the KRL has 20 bytes"),
        (blob((255, EXTENSION)), "needs the extension 'needed@example.com'"),
        (blob((255, EXTENSION + b"x")), "not a KRL"),
        (blob((1, b"")), "not a KRL"),
        (blob(certificates(b"", (0x39, EXTENSION))), "needs the extension"),
        (blob(certificates(b"", (0x24, b""))), "certificates by type 36"),
        (blob(certificates(b"", (0x20, bytes(8)))), "not a range of serial numbers"),
        (blob(certificates(b"", (0x23, b"\0\0\0\1"))), "not a KRL"),
    ],
)
def test_malformed_list_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason):
        RevocationList.from_blob(data)


def test_truncated_list_is_refused_or_shorter(ed25519: PrivateKey) -> None:
    whole = blob((2, string(ed25519.public_key.blob)), (3, string(bytes(20))))
    read = 0
    for size in range(len(whole)):
        with contextlib.suppress(KeyFormatError):
            RevocationList.from_blob(whole[:size])
            read += 1
    assert read == 2  # behind the header, and behind its first section


@pytest.mark.row("W01")
def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(krl, "MAX_KRL", 1000)
    with pytest.raises(KeyFormatError, match="too many"):
        RevocationList.from_blob(blob() + bytes(1000))
    with pytest.raises(UsageError, match="larger than 1000"):
        RevocationList(keys={bytes(1000)}).to_blob()
    monkeypatch.setattr(krl, "MAX_AUTHORITIES", 3)
    lists = [certificates(bytes([n])) for n in range(4)]
    assert len(RevocationList.from_blob(blob(*lists[:3], lists[0])).certificates) == 3
    with pytest.raises(KeyFormatError, match="more than 3 authorities"):
        RevocationList.from_blob(blob(*lists))


@given(data=st.binary(max_size=100))
@settings(max_examples=500)
def test_any_bytes_are_a_list_or_a_format_error(data: bytes) -> None:
    for start in (b"", MAGIC, blob(), blob()[:-4]):
        with contextlib.suppress(KeyFormatError):
            read = RevocationList.from_blob(start + data)
            assert again(read).to_blob() == read.to_blob()


# ------------------------------------------------------------- ssh-keygen


def question(keygen: Program, path: Path, key: Credential) -> bool:
    """Whether ssh-keygen says that a key is revoked."""
    public = path.with_name("asked.pub")
    public.write_text(key.to_openssh() + "\n")
    try:
        answer = keygen("-Q", "-f", path, public)
    except subprocess.CalledProcessError as error:
        answer = error.stdout
    assert answer.endswith((b": ok\n", b": REVOKED\n"))
    return answer.endswith(b": REVOKED\n")


def test_our_list_is_read_by_ssh_keygen(
    keys: dict[str, PrivateKey], ecdsa: PrivateKey, keygen: Program, tmp_path: Path
) -> None:
    publics = [key.public_key for key in keys.values()][:5]
    revoked = RevocationList(version=5, comment="ours")
    revoked.revoke(publics[0])
    revoked.revoke_blob(publics[2].blob, "sha1")
    revoked.revoke_blob(publics[3].blob, "sha256")
    for first, last in ((5, 5), (10, 13), (15, 15), (400, 90_000), (2**63, 2**64 - 1)):
        revoked.revoke_serials(ecdsa.public_key, first, last)
    revoked.revoke_serials(None, 14)
    revoked.revoke_key_id(ecdsa.public_key, "by id")
    revoked.revoke_key_id(None, "by anybody")
    path = tmp_path / "krl"
    path.write_bytes(revoked.to_blob())
    asked: list[Credential] = list(publics)
    for ca in (ecdsa, keys["ssh-rsa"]):
        asked += [certify(ca, publics[4], n) for n in (0, 4, 5, 10, 13, 14, 15, 16, 399, 400)]
        asked += [certify(ca, publics[4], n) for n in (90_000, 90_001, 2**63 - 1, 2**64 - 1)]
        asked += [certify(ca, publics[4], 1, name) for name in ("by id", "by anybody", "by")]
        asked.append(certify(ca, publics[0], 1))
    answers = [question(keygen, path, key) for key in asked]
    assert answers == [revoked.revokes(key) for key in asked]
    assert True in answers
    assert False in answers


@pytest.mark.parametrize("updated", [False, True])
def test_list_of_ssh_keygen_is_read(
    updated: bool, keys: dict[str, PrivateKey], keygen: Program, tmp_path: Path
) -> None:
    ca, other = keys["ecdsa-sha2-nistp256"], keys["ssh-rsa"]
    publics = [key.public_key for key in keys.values()][:5]
    (tmp_path / "ca.pub").write_text(ca.public_key.to_openssh() + "\n")
    path, text = tmp_path / "krl", tmp_path / "text"
    text.write_text(
        f"serial: 5\nserial: 10-13\nserial: 15\nserial: 400-90000\nid: by id\n"
        f"key: {publics[0].to_openssh()}\nsha1: {publics[2].to_openssh()}\n"
        f"sha256: {publics[3].to_openssh()}\n"
    )
    keygen("-k", "-f", path, "-s", tmp_path / "ca.pub", "-z", "7", text)
    if updated:
        text.write_text("serial: 20-21\nid: later\n")
        keygen("-k", "-u", "-f", path, "-s", tmp_path / "ca.pub", "-z", "8", text)
    revoked = RevocationList.from_blob(path.read_bytes())
    assert revoked.version == 7 + updated
    assert revoked.generated > 1_700_000_000
    (held,) = revoked.certificates.values()
    later = ((20, 21),) if updated else ()
    assert held.serials.ranges == ((5, 5), (10, 13), (15, 15), *later, (400, 90_000))
    assert held.key_ids == {b"by id"} | ({b"later"} if updated else set())
    assert [revoked.revokes(key) for key in publics] == [True, False, True, True, False]
    assert revoked.revokes(certify(ca, publics[1], 12))
    assert not revoked.revokes(certify(other, publics[1], 12))
