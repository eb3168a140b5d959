from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ssh_keys import Certificate, Grant, KnownHosts, PrivateKey, PublicKey, issue
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
)
from ssh_stack.options import HostKeyPolicy
from ssh_stack.trust import Trust, load_known_hosts

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key


def trust(known: str, policy: HostKeyPolicy = "strict", file: Path | None = None) -> Trust:
    return Trust("web1", 22, KnownHosts.parse(known), policy, file)


async def test_a_known_key_is_trusted() -> None:
    assert await trust(f"web1 {KEY.to_openssh()}").verify(KEY)


@pytest.mark.row("T27")
async def test_nothing_else_is() -> None:
    with pytest.raises(HostKeyUnknown, match="no host key is known for web1"):
        await trust("").verify(KEY)
    with pytest.raises(HostKeyChanged, match="has changed"):
        await trust(f"web1 {OTHER.to_openssh()}", "accept-new").verify(KEY)
    with pytest.raises(HostKeyRevoked):
        await trust(f"@revoked * {KEY.to_openssh()}\nweb1 {KEY.to_openssh()}").verify(KEY)


@pytest.mark.row("T27")
@pytest.mark.parametrize("answer", [None, 1, "yes", object(), False])
async def test_only_an_exact_true_accepts(answer: object) -> None:
    async def decide(host: str, port: int, key: PublicKey) -> bool:
        del host, port, key
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    with pytest.raises(HostKeyUnknown):
        await trust("", decide).verify(KEY)


async def test_accepted_keys_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"

    assert await trust("", "accept-new", file).verify(KEY)

    assert file.read_text() == f"web1 {KEY.to_openssh()}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    known, target = load_known_hosts(file)
    assert target == file
    assert await Trust("web1", 22, known, "strict").verify(KEY)


async def test_a_person_may_decide(tmp_path: Path) -> None:
    asked: list[tuple[str, int, PublicKey]] = []

    async def decide(host: str, port: int, key: PublicKey) -> bool:
        asked.append((host, port, key))
        return True

    assert await trust("", decide, tmp_path / "kh").verify(KEY)
    assert asked == [("web1", 22, KEY)]


async def test_policy_off_trusts_anybody_and_remembers_nobody(tmp_path: Path) -> None:
    file = tmp_path / "kh"

    assert await trust(f"web1 {OTHER.to_openssh()}", "off", file).verify(KEY)
    assert not file.exists()


def test_sources_of_known_hosts(tmp_path: Path) -> None:
    line = f"web1 {KEY.to_openssh()}\n"
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(line)

    assert load_known_hosts(None)[1] is None
    assert load_known_hosts(line.encode())[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts(KnownHosts.parse(line))[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts([two, one])[1] == two
    assert load_known_hosts([two, one])[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts("/dev/null")[1] is None


@pytest.mark.row("K14")
def test_a_file_that_cannot_be_read_is_no_unknown_host(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError)):
        load_known_hosts(tmp_path)


def test_algorithms_of_known_keys_are_preferred() -> None:
    rsa = PrivateKey.generate("rsa", 2048).public_key
    known = f"web1 {rsa.to_openssh()}\nweb1 {KEY.to_openssh()}\n"

    assert trust(known).preferred_algorithms == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")


# ---------------------------------------------------------------- certificates

CA = PrivateKey.generate("ed25519")
ALWAYS = (0, 2**64 - 1)


def certificate(
    *principals: str, valid: tuple[int, int] = ALWAYS, ca: PrivateKey = CA
) -> Certificate:
    grant = Grant(
        role="host",
        key_id="test",
        principals=principals,
        valid_after=valid[0],
        valid_before=valid[1],
    )
    return issue(ca, KEY, grant=grant, random=os.urandom)


AUTHORITY = f"@cert-authority web* {CA.public_key.to_openssh()}\n"


async def test_an_authority_vouches_for_a_key() -> None:
    judge = trust(AUTHORITY)
    assert await judge.verify_certificate(certificate("web1"))
    assert await judge.verify_certificate(certificate("web?"))
    assert "-cert-" in judge.preferred_algorithms[0]


@pytest.mark.parametrize(
    "bad",
    [
        certificate("web2"),
        certificate("web1", valid=(0, 1)),
        certificate("web1", valid=(2**62, 2**63)),
    ],
)
async def test_a_certificate_that_is_not_good_is_refused(bad: Certificate) -> None:
    with pytest.raises(HostCertificateRefused, match="the host certificate of web1") as caught:
        await trust(AUTHORITY, "accept-new").verify_certificate(bad)
    assert caught.value.problem in str(caught.value)
    assert caught.value.key == KEY


async def test_a_foreign_authority_leaves_the_key_to_be_judged() -> None:
    shown = certificate("web1", ca=PrivateKey.generate("ed25519"))
    assert not await trust(AUTHORITY).verify_certificate(shown)
    assert not await trust("").verify_certificate(certificate("web1"))
    listed = trust(f"web1 {KEY.to_openssh()}")
    assert not await listed.verify_certificate(shown)  # the key is, but not by its authority
    assert await listed.verify(KEY)
    assert not await trust(AUTHORITY, "off").verify_certificate(certificate("web2"))


async def test_a_revoked_authority_or_key_is_refused() -> None:
    for key in (CA.public_key, KEY):
        judge = trust(f"{AUTHORITY}@revoked * {key.to_openssh()}\n")
        with pytest.raises(HostKeyRevoked):
            await judge.verify_certificate(certificate("web1"))


# ---------------------------------------------------------------- the server's other keys


class Prover:
    """Proves some keys, and remembers which were asked for."""

    def __init__(self, *keys: PublicKey) -> None:
        self.keys = keys
        self.asked: list[tuple[PublicKey, ...]] = []

    async def __call__(self, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
        self.asked.append(tuple(keys))
        return tuple(key for key in keys if key in self.keys)


NEW = PrivateKey.generate("ecdsa").public_key


def remembering(file: Path, known: str) -> Trust:
    file.write_text(known)
    return Trust("web1", 22, KnownHosts.parse(known), "strict", file)


async def test_proven_keys_are_remembered_beside_a_known_one(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    line = f"web1 {KEY.to_openssh()}\n"
    prover = Prover(NEW)
    await remembering(file, line).learn((KEY, NEW), prover)
    assert prover.asked == [(NEW,)]
    assert file.read_text() == line + f"web1 {NEW.to_openssh()}\n"


@pytest.mark.row("C23")
@pytest.mark.parametrize("proven", [(), (OTHER,)])
async def test_c23_nothing_is_remembered_without_proof(
    proven: tuple[PublicKey, ...], tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    line = f"web1 {KEY.to_openssh()}\n"
    await remembering(file, line).learn((KEY, OTHER, NEW), Prover(*proven))
    assert file.read_text() == line


@pytest.mark.row("C23")
@pytest.mark.parametrize(
    "known", ["", f"web1 {OTHER.to_openssh()}\n", f"web2 {KEY.to_openssh()}\n", AUTHORITY]
)
async def test_c23_nothing_is_learnt_of_a_server_that_is_not_known(
    known: str, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    prover = Prover(KEY, NEW)
    await remembering(file, known).learn((KEY, NEW), prover)
    assert prover.asked == []
    assert file.read_text() == known


async def test_a_revoked_key_is_not_learnt(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    known = f"web1 {KEY.to_openssh()}\n@revoked * {NEW.to_openssh()}\n"
    await remembering(file, known).learn((KEY, NEW), Prover(NEW))
    assert file.read_text() == known


async def test_without_a_file_nothing_is_learnt() -> None:
    prover = Prover(NEW)
    await trust(f"web1 {KEY.to_openssh()}").learn((KEY, NEW), prover)
    assert prover.asked == []
