"""Lists of revoked keys, as every ssh-keygen makes, updates and asks them."""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING, Final

import pytest

from ssh_keys import (
    Certificate,
    CertificateSpec,
    KeyFormatError,
    PrivateKey,
    PublicKey,
    RevocationList,
)
from ssh_keys import issue as issue_certificate
from ssh_keys.trust import Extension, parse_revoked, revoke_specified
from ssh_wire.primitives import string

if TYPE_CHECKING:
    from ssh_keys import Credential
    from tests.interop.workshop import Workshop

SERIALS: Final = (0, 1, 4, 5, 9, 10, 13, 14, 15, 16, 399, 400, 90_000, 90_001, 2**40, 2**64 - 1)
_HAS_EXTENSIONS: Final = (9, 4)


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    kinds = ("ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
    made = {kind: PrivateKey.generate(kind) for kind in kinds}
    made["rsa"] = PrivateKey.generate("rsa", 2048)
    made["other-ca"] = PrivateKey.generate("ed25519")
    return made


def certify(ca: PrivateKey, key: PublicKey, serial: int, key_id: str = "an id") -> Certificate:
    spec = CertificateSpec(role="user", key_id=key_id, principals=("me",), serial=serial)
    return issue_certificate(ca, key, spec=spec, random=urandom)


def questions(keys: dict[str, PrivateKey]) -> list[Credential]:
    """Every key, and certificates of two authorities with every number and id."""
    asked: list[Credential] = [key.public_key for key in keys.values()]
    public = keys["ecdsa-sha2-nistp521"].public_key
    for ca in (keys["rsa"], keys["other-ca"]):
        asked += [certify(ca, public, serial) for serial in SERIALS]
        asked += [certify(ca, public, 3, name) for name in ("by id", "by anybody", "by")]
        asked += [certify(ca, keys["ed25519"].public_key, 3)]
    return asked


def specification(keys: dict[str, PrivateKey]) -> str:
    public = {name: key.public_key for name, key in keys.items()}
    return (
        "# all of it\nserial: 5\nserial: 10-13\nserial: 0xf # fifteen\nserial: 400-90000\n"
        f"serial: {2**64 - 1}\nid: by id\n\n"
        f"key: {public['ed25519'].to_openssh()}\n"
        f"sha1: {public['ecdsa-sha2-nistp256'].to_openssh()}\n"
        f"hash: {public['ecdsa-sha2-nistp384'].fingerprint()}\n"
    )


def ask(shop: Workshop, krl: bytes, asked: list[Credential]) -> list[bool]:
    """Which of the keys ssh-keygen says are revoked."""
    shop.write("krl", krl)
    for number, key in enumerate(asked):
        shop.write(f"{number:03}.pub", key.to_openssh() + "\n")
    printed = shop.run("ssh-keygen -Q -f krl [0-9]*.pub; true").decode().splitlines()
    assert len(printed) == len(asked)
    return [line.endswith(": REVOKED") for line in printed]


def test_they_read_ours(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    asked = questions(keys)
    revoked = RevocationList(version=7, generated=1_700_000_000, comment="ours")
    revoke_specified(revoked, specification(keys), ca=keys["rsa"].public_key)
    revoke_specified(revoked, "serial: 14\nid: by anybody\n", ca="any")
    answers = ask(shop, revoked.to_blob(), asked)
    assert answers == [revoked.revokes(key) for key in asked]
    assert {True, False} == set(answers)


@pytest.mark.parametrize(
    ("runs", "sections"),
    [
        ([(5, 5), (16, 16), (90_000, 90_000)], [0x20]),
        ([(400, 90_000)], [0x21]),
        ([(4, 5), (9, 10), (13, 15)], [0x22]),
        ([(1, 1), (400, 90_000), (2**64 - 1, 2**64 - 1)], [0x20, 0x21, 0x20]),
    ],
)
def test_each_section_of_serials(
    runs: list[tuple[int, int]], sections: list[int], shop: Workshop, keys: dict[str, PrivateKey]
) -> None:
    revoked = RevocationList()
    for first, last in runs:
        revoked.revoke_serials(keys["rsa"].public_key, first, last)
    (held,) = revoked.certificates.values()
    assert [int(kind) for kind, _ in held.serials.sections()] == sections
    asked = questions(keys)
    assert ask(shop, revoked.to_blob(), asked) == [revoked.revokes(key) for key in asked]


def test_we_read_theirs(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    """What they make of a text, and what they make of our list and a text, is what we make."""
    shop.write("ca.pub", keys["rsa"].public_key.to_openssh() + "\n")
    shop.write("text", specification(keys))
    shop.write("more", f"serial: 100-200\n{keys['other-ca'].public_key.to_openssh()}\n")
    ours = RevocationList(version=1, generated=1_700_000_000)
    revoke_specified(ours, specification(keys), ca=keys["rsa"].public_key)
    shop.write("ours", ours.to_blob())
    shop.run(
        "ssh-keygen -k -q -f theirs -s ca.pub -z 2 text\ncp theirs updated\n"
        "ssh-keygen -k -q -u -f updated -s ca.pub -z 3 more\n"
        "ssh-keygen -k -q -u -f ours -s ca.pub -z 4 more\n"
        "ssh-keygen -k -q -f any -s none more"
    )
    theirs = RevocationList.from_blob(shop.read("theirs"))
    assert _content(theirs) == _content(ours)
    revoke_specified(ours, shop.read("more"), ca=keys["rsa"].public_key)
    for name, version in (("updated", 3), ("ours", 4)):
        read = RevocationList.from_blob(shop.read(name))
        assert _content(read) == _content(ours)
        assert read.version == version
    assert RevocationList.from_blob(shop.read("ours")).generated == 1_700_000_000
    everybody = RevocationList.from_blob(shop.read("any"))
    assert everybody.certificates[b""].serials.ranges == ((100, 200),)


def _content(revoked: RevocationList) -> object:
    certificates = {
        ca: (held.serials.ranges, held.key_ids) for ca, held in revoked.certificates.items()
    }
    return certificates, revoked.keys, revoked.sha1, revoked.sha256


def test_extensions_and_signatures(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    """A list is refused for the same sections, where the version knows them at all."""
    public = keys["ed25519"].public_key
    plain = RevocationList(extensions=[Extension(name="note@example.com", data=b"")])
    plain.revoke(public)
    bare = RevocationList()
    bare.revoke(public)
    critical = plain.to_blob().replace(b"note@example.com\0", b"note@example.com\1")
    nested = RevocationList()
    nested.revoke_serials(keys["rsa"].public_key, 5)
    (held,) = nested.certificates.values()
    held.extensions.append(Extension(name="inner@example.com", data=b"x"))
    inner = nested.to_blob()
    signed = bare.to_blob() + b"\4" + string(public.blob)
    signed += string(keys["ed25519"].sign(signed))
    forged = bare.to_blob() + b"\4" + string(public.blob) + string(b"no signature")
    lists = {
        "plain": plain.to_blob(),
        "critical": critical,
        "inner": inner,
        "inner-critical": inner.replace(b"inner@example.com\0", b"inner@example.com\1"),
        "signed": signed,
        "forged": forged,
        "unknown": bare.to_blob() + b"\x77" + string(b""),
    }
    for name, data in lists.items():
        shop.write(f"{name}.krl", data)
    shop.write("asked.pub", keys["other-ca"].public_key.to_openssh() + "\n")
    printed = shop.run(
        "for krl in *.krl; do ssh-keygen -Q -f $krl asked.pub >/dev/null 2>&1; echo $krl $?; done"
    )
    theirs = dict(line.split(".krl ") for line in printed.decode().splitlines())
    ours = {name: "0" if _reads(data) else "255" for name, data in lists.items()}
    if shop.version < _HAS_EXTENSIONS:  # which knew no extensions, and checked signatures
        assert (
            theirs["plain"] == theirs["critical"] == theirs["inner"] == theirs["forged"] == "255"
        )
        return
    assert theirs == ours


def _reads(data: bytes) -> bool:
    try:
        RevocationList.from_blob(data)
    except KeyFormatError:
        return False
    return True


def test_key_in_a_plain_list_is_revoked_as_by_ssh_keygen(
    shop: Workshop, keys: dict[str, PrivateKey]
) -> None:
    """RevokedKeys takes text: who is in it cannot sign either."""
    from ssh_keys.signatures import sign  # noqa: PLC0415 (used here alone)

    text = f"# gone\n{keys['ed25519'].public_key.to_openssh()} somebody\n"
    shop.write("revoked", text)
    answers: dict[str, bool] = {}
    for name in ("ed25519", "ecdsa-sha2-nistp256"):
        shop.write(f"{name}.sig", sign(keys[name], b"data", "file").to_armor())
        shop.write(f"{name}.allowed", f"me {keys[name].public_key.to_openssh()}\n")
        answers[name] = parse_revoked(text).revokes(keys[name].public_key)
    printed = shop.run(
        "for sig in *.sig; do name=${sig%.sig}; printf data | ssh-keygen -Y verify -n file "
        "-f $name.allowed -I me -r revoked -s $sig >/dev/null 2>&1; echo $name $?; done"
    )
    theirs = {line.split()[0]: line.split()[1] != "0" for line in printed.decode().splitlines()}
    assert theirs == answers == {"ed25519": True, "ecdsa-sha2-nistp256": False}
