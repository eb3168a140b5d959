"""SSHSIG and allowed_signers, as every ssh-keygen signs, checks and looks up."""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from ssh_keys import (
    AllowedSigners,
    CertificateSpec,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    SSHSig,
    issue,
)
from ssh_keys.signatures import HashName, sign

if TYPE_CHECKING:
    from tests.interop.workshop import Workshop

ME: Final = "me@example.com"
PRINCIPALS: Final = (ME, "root", "ME@example.com")
NOW: Final = 1_790_000_000
KINDS: Final = (
    "ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa",
)
HASHES: Final[tuple[HashName, ...]] = ("sha256", "sha512")
_CHOOSES_HASH: Final = (8, 9)
_HAS_DATES: Final = (8, 8)
_HAS_ZONES: Final = (9, 1)
_NARROWS_CERTIFICATES: Final = (9, 0)
_MATCHES_PRINCIPALS: Final = (9, 0)
_HAS_MLDSA: Final = (10, 6)


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    made = {kind: PrivateKey.generate(kind) for kind in KINDS}
    made["mldsa"] = PrivateKey.generate("ssh-mldsa44-ed25519")
    return made


def known(shop: Workshop, keys: dict[str, PrivateKey]) -> dict[str, PrivateKey]:
    return {n: key for n, key in keys.items() if n != "mldsa" or shop.version >= _HAS_MLDSA}


def test_we_check_theirs(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    hashes = HASHES if shop.version >= _CHOOSES_HASH else ("sha512",)
    script: list[str] = []
    for name, key in known(shop, keys).items():
        shop.write(name, key.to_openssh(), 0o600)
        shop.write(f"{name}.pub", key.public_key.to_openssh() + "\n")
        for hash_name in hashes:
            option = f"-O hashalg={hash_name}" if len(hashes) > 1 else ""
            script.append(
                f"printf data | ssh-keygen -q -Y sign -n file {option} -f {name} "
                f">{name}.{hash_name}.sig 2>/dev/null"
            )
    shop.run("chown $(id -u) *; " + "\n".join(script))
    for name, key in known(shop, keys).items():
        for hash_name in hashes:
            armor = shop.read(f"{name}.{hash_name}.sig")
            made = SSHSig.from_armor(armor)
            assert made.public_key == key.public_key
            assert made.hash_name == hash_name
            assert made.verify(b"data", "file")
            assert not made.verify(b"other", "file")
            assert made.to_armor() == armor


def test_they_check_ours(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    names = known(shop, keys)
    for name, key in names.items():
        for hash_name in HASHES:
            made = sign(key, b"data", "file", hash_name=hash_name)
            shop.write(f"{name}.{hash_name}.sig", made.to_armor())
    check = "ssh-keygen -Y check-novalidate -s $sig"
    printed = shop.run(
        "for sig in *.sig; do"
        f"  printf data | {check} -n file >/dev/null 2>&1; echo $sig $?;"
        f"  printf other | {check} -n file >/dev/null 2>&1 && echo $sig other;"
        f"  printf data | {check} -n git >/dev/null 2>&1 && echo $sig git; true; done"
    )
    expected = sorted(f"{name}.{hash_name}.sig 0" for name in names for hash_name in HASHES)
    assert sorted(printed.decode().splitlines()) == expected


@attrs.frozen
class Case:
    """One allowed_signers file, and the first version that reads it as the newest does."""

    text: str
    since: tuple[int, int] = (8, 4)


@attrs.frozen
class Asked:
    """What is signed, and by whom: the keys of the cases."""

    one: PublicKey
    other: PublicKey
    ca: PublicKey

    def cases(self) -> list[Case]:
        one, other, ca = (key.to_openssh() for key in (self.one, self.other, self.ca))
        return [
            Case(f"# who\n\n*@example.com {one}\n"),
            Case(f"{ME},root\t{one}\n"),
            Case(f"*,!me@* {one}\n{ME} {other}\n"),
            Case(f'{ME} namespaces="git" {one}\nroot namespaces="fi*,git" {one}\n'),
            Case(f'{ME} namespaces="git" {one}\n* {one}\n'),
            Case(f'* namespaces="*,!file" {one}\n'),
            Case(f'* namespaces="git\\"x" {one}\n'),
            Case(f"* unknown {one}\n{ME} {one}\n"),
            Case(f"{ME} {other}\n"),
            Case(f"* cert-authority {one}\n"),
            Case(f"*@example.com cert-authority {ca}\n", _NARROWS_CERTIFICATES),
            Case(f"root,*@example.com CERT-AUTHORITY {ca}\n", _NARROWS_CERTIFICATES),
            Case(f"* {ca}\n"),
            Case(f'* cert-authority,namespaces="git" {ca}\n', _NARROWS_CERTIFICATES),
            Case(f'"{ME},x y" {one}\n'),
            Case(f'* valid-after="20200101" {one}\n', _HAS_DATES),
            Case(f'* valid-before="20200101" {one}\n', _HAS_DATES),
            Case(f'* valid-before="202001010101",valid-after="19990101" {one}\n', _HAS_DATES),
            Case(f'* valid-before="20400101Z",valid-after="20200101010101Z" {one}\n', _HAS_ZONES),
            Case(f'* valid-after="20200101Z",valid-after="20200101Z" {one}\n', _HAS_ZONES),
            Case(f'* valid-after="20260101Z",valid-before="20260101Z" {one}\n', _HAS_ZONES),
            Case(f'* namespaces=git {one}\n{ME} namespaces="a",namespaces="file" {one}\n'),
        ]


def test_allowed_signers(shop: Workshop, keys: dict[str, PrivateKey]) -> None:
    key, ca = keys["ed25519"], keys["ecdsa-sha2-nistp256"]
    spec = CertificateSpec(role="user", key_id="an id", principals=(ME, "root", "x"))
    certificate = issue(ca, key.public_key, spec=spec, random=urandom)
    signatures = {
        "plain": sign(key, b"data", "file"),
        "certified": sign(key, b"data", "file", certificate=certificate),
    }
    for name, signature in signatures.items():
        shop.write(f"{name}.sig", signature.to_armor())
    asked = Asked(key.public_key, keys["rsa"].public_key, ca.public_key)
    cases = [case for case in asked.cases() if case.since <= shop.version]
    for number, case in enumerate(cases):
        shop.write(f"{number}.allowed", case.text)
    printed = shop.run(_SCRIPT.replace("{principals}", " ".join(PRINCIPALS)))
    theirs = sorted(printed.decode().splitlines())
    ours: list[str] = []
    for number, case in enumerate(cases):
        signers = AllowedSigners.parse(case.text)
        for principal in PRINCIPALS:
            for name, signature in signatures.items():
                answer = _verifies(signers, signature, principal)
                ours.append(f"verify {number} {name} {principal} {answer}")
            if shop.version >= _MATCHES_PRINCIPALS and not signers.problems:
                matched = [",".join(each) for each in signers.match_principals(principal)]
                ours += [f"match {number} {principal} {text}" for text in matched]
        for name, signature in signatures.items():
            found = signers.find_principals(signature, NOW)
            ours += [f"find {number} {name} {principal}" for principal in found]
    unclear = {number for number, case in enumerate(cases) if _problems(case.text)}
    assert _kept(theirs, unclear) == _kept(sorted(ours), unclear)


_SCRIPT: Final = r"""
for allowed in *.allowed; do
  number=${allowed%.allowed}
  for name in plain certified; do
    for principal in {principals}; do
      printf data | ssh-keygen -Y verify -n file -f $allowed -I $principal -s $name.sig \
        >/dev/null 2>&1 && answer=good || answer=bad
      echo verify $number $name $principal $answer
    done
    ssh-keygen -Y find-principals -f $allowed -s $name.sig 2>/dev/null |
      while read -r line; do echo "find $number $name $line"; done
  done
  for principal in {principals}; do
    ssh-keygen -Y match-principals -f $allowed -I $principal 2>/dev/null |
      while read -r line; do echo "match $number $principal $line"; done
  done
done
"""


def _problems(text: str) -> bool:
    return bool(AllowedSigners.parse(text).problems)


def _kept(lines: list[str], unclear: set[int]) -> list[str]:
    """Leave out what match-principals says of files with a bad line: it stops there."""
    return [
        line
        for line in lines
        if not line.startswith("match ") or int(line.split()[1]) not in unclear
    ]


def _verifies(signers: AllowedSigners, signature: SSHSig, principal: str) -> str:
    asked: dict[str, Any] = {"principal": principal, "namespace": "file", "now": NOW}
    try:
        signers.verify(signature, b"data", **asked)
    except SignatureRefused:
        return "bad"
    return "good"
