"""The address that was connected to: CheckHostIP and NoHostAuthenticationForLocalhost."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from loopback_server import serving
from ssh_keys import CertificateSpec, PrivateKey, issue
from ssh_keys.files import read_known_hosts
from ssh_stack import HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from ssh_stack.client.load_trust import load_trust
from ssh_stack.client.options import ClientOptions
from ssh_stack.client.peer_address import PeerAddress
from ssh_stack.client.plan import Target, merge
from ssh_stack.client.trust import Trust
from ssh_stack.config import Config

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key
ADDRESS = "192.0.2.1"
LINE = f"web1 {KEY.to_openssh()}\n"


def accept(*_: object) -> bool:
    return True


def trust(text: str, known: bytes | Path, address: str = ADDRESS, **options: Any) -> Trust:
    config = Config.parse(text).resolve("web1")
    given = ClientOptions(known_hosts=known, **options)
    found = load_trust(merge(given, config, Target(host="web1", local_user="me")))
    found.peer.value = address
    return found


# ------------------------------------------------------------- CheckHostIP


async def test_key_that_is_another_one_than_that_of_address_is_refused() -> None:
    known = f"{LINE}{ADDRESS} {OTHER.to_openssh()}\n".encode()

    with pytest.raises(HostKeyChanged, match=r"192\.0\.2\.1 has changed"):
        await trust("CheckHostIP yes", known).verify(KEY)
    assert await trust("CheckHostIP no", known).verify(KEY)
    assert await trust("", known).verify(KEY)


async def test_other_key_of_address_is_refused_for_new_host() -> None:
    known = f"{ADDRESS} {OTHER.to_openssh()}\n".encode()

    for policy in ("accept-new", accept):
        with pytest.raises(HostKeyChanged):
            await trust("CheckHostIP yes", known, host_key_policy=policy).verify(KEY)


async def test_other_key_of_address_is_warned_of_without_strict_checking(
    caplog: pytest.LogCaptureFixture,
) -> None:
    known = f"{LINE}{ADDRESS} {OTHER.to_openssh()}\n".encode()

    assert await trust("CheckHostIP yes\nStrictHostKeyChecking no", known).verify(KEY)
    assert "192.0.2.1 has changed" in caplog.text


async def test_key_that_is_revoked_for_address_is_refused() -> None:
    known = f"{LINE}@revoked {ADDRESS} {KEY.to_openssh()}\n".encode()

    with pytest.raises(HostKeyRevoked):
        await trust("CheckHostIP yes", known).verify(KEY)


@pytest.mark.parametrize("known", [True, False])
async def test_address_of_known_or_accepted_host_is_remembered(
    known: bool, tmp_path: Path
) -> None:
    file = tmp_path / "known"
    file.write_text(LINE if known else "")

    judge = trust("CheckHostIP yes\nStrictHostKeyChecking accept-new", file)
    assert await judge.verify(KEY)

    found = read_known_hosts(file)
    assert found.lookup("web1").trusted == (KEY,)
    assert found.lookup(ADDRESS).trusted == (KEY,)


@pytest.mark.parametrize("address", ["", "127.0.0.1", "::1", "web1"])
async def test_address_that_says_nothing_is_not_looked_for(address: str, tmp_path: Path) -> None:
    file = tmp_path / "known"
    file.write_text(f"{LINE}127.0.0.1,::1 {OTHER.to_openssh()}\n")
    before = file.read_text()

    assert await trust("CheckHostIP yes", file, address).verify(KEY)
    assert file.read_text() == before


async def test_certificate_is_not_compared_with_address() -> None:
    authority = PrivateKey.generate("ed25519")
    known = (
        f"@cert-authority web1 {authority.public_key.to_openssh()}\n"
        f"{ADDRESS} {OTHER.to_openssh()}\n"
    )
    spec = CertificateSpec(role="host", key_id="x", principals=("web1",))
    certificate = issue(authority, KEY, spec=spec, random=os.urandom)

    assert await trust("CheckHostIP yes", known.encode()).verify_certificate(certificate)


# ------------------------------------------------------------- NoHostAuthenticationForLocalhost

_LOCAL = "NoHostAuthenticationForLocalhost yes"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1"])
async def test_this_machine_need_not_be_known(address: str) -> None:
    known = f"web1 {OTHER.to_openssh()}\n".encode()

    assert await trust(_LOCAL, known, address).verify(KEY)
    with pytest.raises(HostKeyChanged):
        await trust("", known, address).verify(KEY)


@pytest.mark.parametrize("address", ["", ADDRESS, "::ffff:127.0.0.1", "1270.0.0.1"])
async def test_other_machine_must_be_known(address: str) -> None:
    with pytest.raises(HostKeyUnknown):
        await trust(_LOCAL, b"", address).verify(KEY)


async def test_alias_must_be_known_on_this_machine_too() -> None:
    with pytest.raises(HostKeyUnknown):
        await trust(f"{_LOCAL}\nHostKeyAlias web", b"", "127.0.0.1").verify(KEY)


async def test_revoked_key_of_this_machine_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "revoked"
    listed.write_text(KEY.to_openssh())

    with pytest.raises(HostKeyRevoked):
        await trust(f"{_LOCAL}\nRevokedHostKeys {listed}", b"", "::1").verify(KEY)


async def test_key_of_this_machine_that_known_hosts_revokes_is_refused() -> None:
    known = f"@revoked * {KEY.to_openssh()}\n".encode()
    judge = trust(_LOCAL, known, "127.0.0.1")
    with pytest.raises(HostKeyRevoked):
        await judge.verify(KEY)


async def test_key_of_this_machine_is_neither_remembered_nor_updated(tmp_path: Path) -> None:
    file = tmp_path / "known"
    judge = trust(f"{_LOCAL}\nStrictHostKeyChecking accept-new", file, "127.0.0.1")

    assert await judge.verify(KEY)
    assert not file.exists()


async def test_connection_to_this_machine_needs_no_known_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ssh_stack")
    async with serving() as here:
        async with here.connect(known_hosts=None, config_options=[_LOCAL]):
            pass
        with pytest.raises(HostKeyUnknown):
            await here.connect(known_hosts=None)

    assert "it is this machine" in caplog.text


def test_address_is_not_compared_unless_it_is_wanted() -> None:
    assert PeerAddress(checked=True, value=ADDRESS).address_to_check("web1") == ADDRESS
    assert PeerAddress(checked=False, value=ADDRESS).address_to_check("web1") == ""
    assert PeerAddress(checked=True, value=ADDRESS).address_to_check(ADDRESS) == ""
