from __future__ import annotations

from pathlib import Path

import pytest

from ssh_keys import KnownHosts, PrivateKey, PublicKey
from ssh_stack.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown
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
