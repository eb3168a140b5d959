from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from ssh_keys import (
    Certificate,
    CertificateSpec,
    HostKeyUpdate,
    KnownHosts,
    PrivateKey,
    PublicKey,
    issue,
)
from ssh_stack.client.options import HostKeyPolicy
from ssh_stack.client.trust import Trust, load_known_hosts
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
)

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key


def trust(known: str, policy: HostKeyPolicy = "strict", file: Path | None = None) -> Trust:
    return Trust("web1", 22, KnownHosts.parse(known), policy, file)


async def test_known_key_is_trusted() -> None:
    assert await trust(f"web1 {KEY.to_openssh()}").verify(KEY)


@pytest.mark.row("T27")
async def test_unknown_changed_or_revoked_key_is_refused() -> None:
    with pytest.raises(HostKeyUnknown, match="no host key is known for web1"):
        await trust("").verify(KEY)
    with pytest.raises(HostKeyChanged, match="has changed"):
        await trust(f"web1 {OTHER.to_openssh()}", "accept-new").verify(KEY)
    with pytest.raises(HostKeyRevoked):
        await trust(f"@revoked * {KEY.to_openssh()}\nweb1 {KEY.to_openssh()}").verify(KEY)


@pytest.mark.row("T27")
@pytest.mark.parametrize("answer", [None, 1, "yes", object(), False])
async def test_decision_function_accepts_only_with_true(answer: object) -> None:
    async def decide(host: str, port: int, key: PublicKey) -> bool:
        del host, port, key
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    with pytest.raises(HostKeyUnknown):
        await trust("", decide).verify(KEY)


async def test_plain_function_decides_on_unknown_key() -> None:
    assert await trust("", lambda host, port, key: (host, port, key) == ("web1", 22, KEY)).verify(
        KEY
    )
    with pytest.raises(HostKeyUnknown):
        await trust("", lambda _host, _port, _key: False).verify(KEY)


async def test_accept_new_refuses_known_hosts_with_byte_order_mark_or_utf_16() -> None:
    line = f"web1 {OTHER.to_openssh()}\n"
    with pytest.raises(HostKeyChanged):
        await trust("\ufeff" + line, "accept-new").verify(KEY)
    utf_16 = Trust("web1", 22, KnownHosts.parse(line.encode("utf-16")), "accept-new")
    with pytest.raises(HostKeyUnknown, match=r"not text in UTF-8; .*; correct that file first"):
        await utf_16.verify(KEY)


async def test_accepted_key_is_added_to_known_hosts(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"

    assert await trust("", "accept-new", file).verify(KEY)

    assert file.read_text() == f"web1 {KEY.to_openssh()}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    known, target = load_known_hosts(file)
    assert target == str(file)
    assert await Trust("web1", 22, known, "strict").verify(KEY)


async def test_async_function_decides_on_unknown_key(tmp_path: Path) -> None:
    asked: list[tuple[str, int, PublicKey]] = []

    async def decide(host: str, port: int, key: PublicKey) -> bool:
        asked.append((host, port, key))
        return True

    assert await trust("", decide, tmp_path / "kh").verify(KEY)
    assert asked == [("web1", 22, KEY)]


async def test_policy_off_trusts_every_host_and_remembers_none(tmp_path: Path) -> None:
    file = tmp_path / "kh"

    assert await trust(f"web1 {OTHER.to_openssh()}", "off", file).verify(KEY)
    assert not file.exists()


def test_known_hosts_are_read_from_files_content_or_object(tmp_path: Path) -> None:
    line = f"web1 {KEY.to_openssh()}\n"
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(line)

    assert load_known_hosts(None)[1] is None
    assert load_known_hosts(line.encode())[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts(KnownHosts.parse(line))[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts([two, one])[1] == str(two)
    assert load_known_hosts([two, one])[0].lookup("web1").trusted == (KEY,)
    assert load_known_hosts("/dev/null")[1] is None


@pytest.mark.row("K14")
def test_unreadable_known_hosts_file_is_error(tmp_path: Path) -> None:
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
    spec = CertificateSpec(
        role="host",
        key_id="test",
        principals=principals,
        valid_after=valid[0],
        valid_before=valid[1],
    )
    return issue(ca, KEY, spec=spec, random=os.urandom)


AUTHORITY = f"@cert-authority web* {CA.public_key.to_openssh()}\n"


async def test_certificate_of_trusted_authority_is_accepted() -> None:
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
async def test_invalid_certificate_of_trusted_authority_is_refused(bad: Certificate) -> None:
    with pytest.raises(HostCertificateRefused, match="the host certificate of web1") as caught:
        await trust(AUTHORITY, "accept-new").verify_certificate(bad)
    assert caught.value.problem in str(caught.value)
    assert caught.value.key == KEY


async def test_key_certified_by_unknown_authority_is_judged_alone() -> None:
    presented = certificate("web1", ca=PrivateKey.generate("ed25519"))
    assert not await trust(AUTHORITY).verify_certificate(presented)
    assert not await trust("").verify_certificate(certificate("web1"))
    listed = trust(f"web1 {KEY.to_openssh()}")
    assert not await listed.verify_certificate(presented)  # the key is, but not by its authority
    assert await listed.verify(KEY)
    assert not await trust(AUTHORITY, "off").verify_certificate(certificate("web2"))


async def test_certificate_with_revoked_authority_or_key_is_refused() -> None:
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
KEY2 = PrivateKey.generate("ed25519").public_key


def line(hosts: str, key: PublicKey) -> str:
    return f"{hosts} {key.to_openssh()}\n"


def remembering(file: Path, known: str, policy: HostKeyPolicy = "strict") -> Trust:
    file.write_text(known)
    return Trust("web1", 22, load_known_hosts(file)[0], policy, file)


async def verified(file: Path, known: str) -> Trust:
    """Return what has trusted the key of a connection."""
    judge = remembering(file, known)
    assert await judge.verify(KEY)
    return judge


async def test_proven_keys_are_added_beside_known_one(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    known = line("web1", KEY)
    prover = Prover(NEW)
    await (await verified(file, known)).update_host_keys((KEY, NEW), prover)
    assert prover.asked == [(NEW,)]
    assert file.read_text() == known + line("web1", NEW)
    assert not (tmp_path / "known_hosts.old").exists()  # a line at the end replaces nothing


async def test_keys_that_server_no_longer_names_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    before = "# mine" + "\n" + line("web1", KEY)
    file.write_text(before)
    file.chmod(0o640)
    judge = await verified(file, before + line("web1", OTHER) + line("web2", KEY2))
    prover = Prover(NEW)
    await judge.update_host_keys((KEY, NEW), prover)
    assert prover.asked == [(NEW,)]
    assert file.read_text() == before + line("web2", KEY2) + line("web1", NEW)
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.row("C23")
async def test_c23_unproven_key_removes_no_keys(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    known = line("web1", KEY) + line("web1", OTHER)
    await (await verified(file, known)).update_host_keys((KEY, NEW), Prover())
    assert file.read_text() == known


@pytest.mark.row("C23")
@pytest.mark.parametrize("named", [(), (NEW,), (OTHER, NEW)])
async def test_c23_list_without_key_in_use_changes_nothing(
    named: tuple[PublicKey, ...], tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    known = line("web1", KEY) + line("web1", OTHER)
    prover = Prover(NEW)
    await (await verified(file, known)).update_host_keys(named, prover)
    assert prover.asked == []
    assert file.read_text() == known


@pytest.mark.row("C23")
@pytest.mark.parametrize("proven", [(), (OTHER,)])
async def test_c23_key_without_proof_is_not_added(
    proven: tuple[PublicKey, ...], tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    known = line("web1", KEY)
    await (await verified(file, known)).update_host_keys((KEY, OTHER, NEW), Prover(*proven))
    assert file.read_text() == known


@pytest.mark.row("C23")
@pytest.mark.parametrize(
    "known", ["", line("web1", OTHER), line("web2", KEY)], ids=["empty", "other key", "other host"]
)
@pytest.mark.parametrize("policy", ["off", "accept-new"])
async def test_c23_keys_of_untrusted_server_are_not_added(
    known: str, policy: HostKeyPolicy, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    prover = Prover(KEY, NEW)
    judge = remembering(file, known, policy)
    with suppress(HostKeyChanged):
        await judge.verify(KEY)
    known = file.read_text()
    await judge.update_host_keys((KEY, NEW), prover)
    assert prover.asked == []
    assert file.read_text() == known


@pytest.mark.row("C23")
async def test_c23_keys_of_server_trusted_by_certificate_are_not_added(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    known = AUTHORITY.replace("web*", "web2,web1") + line("web1", KEY)
    judge, prover = remembering(file, known), Prover(NEW)
    assert await judge.verify_certificate(certificate("web1"))
    await judge.update_host_keys((KEY, NEW), prover)
    assert prover.asked == []
    assert file.read_text() == known


async def test_key_that_user_accepted_is_trusted(tmp_path: Path) -> None:
    async def accept(host: str, port: int, key: PublicKey) -> bool:
        del host, port, key
        return True

    file = tmp_path / "known_hosts"
    judge = remembering(file, "", accept)
    assert await judge.verify(KEY)
    await judge.update_host_keys((KEY, NEW), Prover(NEW))
    assert file.read_text() == line("web1", KEY) + line("web1", NEW)


async def test_key_known_from_other_file_updates_nothing(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.write_text("")
    theirs.write_text(line("web1", KEY))
    known, file = load_known_hosts([mine, theirs])
    judge, prover = Trust("web1", 22, known, "strict", file), Prover(NEW)
    assert await judge.verify(KEY)
    await judge.update_host_keys((KEY, NEW), prover)
    assert prover.asked == []
    assert (mine.read_text(), theirs.read_text()) == ("", line("web1", KEY))


@pytest.mark.parametrize(
    "near",
    [line("@revoked *", NEW), line("web*", OTHER), line("web2", KEY), AUTHORITY],
    ids=["revoked", "pattern", "other host", "authority"],
)
async def test_file_with_lines_that_ssh_would_not_write_is_not_updated(
    near: str, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    known = line("web1", KEY) + near
    prover = Prover(NEW)
    await (await verified(file, known)).update_host_keys((KEY, NEW), prover)
    assert prover.asked == []
    assert file.read_text() == known


@pytest.mark.parametrize("answer", [True, False, 1, None])
async def test_update_of_host_keys_needs_confirmation_of_function(
    answer: object, tmp_path: Path
) -> None:
    asked: list[tuple[str, int, HostKeyUpdate]] = []

    async def confirm(host: str, port: int, update: HostKeyUpdate) -> bool:
        asked.append((host, port, update))
        return answer  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    file = tmp_path / "known_hosts"
    known = line("web1", KEY) + line("web1", OTHER)
    judge = await verified(file, known)
    judge.confirm = confirm
    await judge.update_host_keys((KEY, NEW), Prover(NEW))
    assert asked == [("web1", 22, HostKeyUpdate(new=(NEW,), old=(OTHER,)))]
    assert (file.read_text() == known) is (answer is not True)


async def test_keys_are_not_updated_without_file() -> None:
    prover = Prover(NEW)
    judge = trust(line("web1", KEY))
    assert await judge.verify(KEY)
    await judge.update_host_keys((KEY, NEW), prover)
    assert prover.asked == []
