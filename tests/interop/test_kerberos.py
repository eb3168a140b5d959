"""Kerberos tickets: our client at OpenSSH's sshd, and OpenSSH's `ssh` at our server."""

from __future__ import annotations

import getpass
import importlib.util
import os
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from ssh_stack import AuthenticationFailed, Outcome
from tests.interop import kerberos, local

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.interop.kerberos import Realm
    from tests.interop.local import LocalSshd

ME = getpass.getuser()


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Generator[Realm]:
    """A realm with this user and somebody else, and a ticket of this user."""
    reason = kerberos.unavailable()
    if importlib.util.find_spec("gssapi") is None:
        reason = "python-gssapi is not installed"
    if reason and os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
        pytest.fail(f"required, but missing: {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)
    with (
        kerberos.realm(tmp_path_factory.mktemp("realm")) as made,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in made.environment.items():
            patch.setenv(name, value)
        for name in (ME, "somebody"):
            made.add(name)
        yield made


@pytest.fixture(scope="module")
def sshd(realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalSshd]:
    """The machine's sshd, which takes tickets of the realm."""
    assert realm.environment["KRB5_KTNAME"] == os.environ["KRB5_KTNAME"]
    options = ["GSSAPIAuthentication=yes", "GSSAPIStrictAcceptorCheck=no"]
    with local.serve(tmp_path_factory.mktemp("sshd"), options) as server:
        yield server


def connect(server: LocalSshd, **options: Any) -> ssh_stack.Connect:
    known = f"[{kerberos.HOST}]:{server.port} {server.host_key}\n".encode()
    given: dict[str, Any] = {"config": None, "gssapi": True, **options}
    return ssh_stack.connect(
        kerberos.HOST, server.port, username=ME, keys=None, agent=None, known_hosts=known, **given
    )


async def test_ticket_lets_its_user_in(realm: Realm, sshd: LocalSshd) -> None:
    realm.log_in(ME)
    async with connect(sshd) as conn:
        (attempt,) = conn.auth_attempts
        assert (attempt.method, attempt.outcome) == ("gssapi-with-mic", Outcome.ACCEPTED)
        assert (await conn.run("id -un", text=True)).stdout == f"{ME}\n"
    lines = ["GSSAPIAuthentication yes", "GSSAPIDelegateCredentials yes"]
    async with connect(sshd, gssapi=ssh_stack.DEFAULT, config_options=lines) as conn:
        cache = (await conn.run("echo $KRB5CCNAME", text=True)).stdout
        assert cache.strip(), "the ticket was not delegated"


async def test_ticket_of_another_user_is_refused(realm: Realm, sshd: LocalSshd) -> None:
    realm.log_in("somebody")
    with pytest.raises(AuthenticationFailed) as caught:
        await connect(sshd).open()
    (attempt,) = caught.value.attempts
    assert (attempt.method, attempt.outcome) == ("gssapi-with-mic", Outcome.REJECTED)


async def test_ticket_for_another_server_is_not_to_be_had(realm: Realm, sshd: LocalSshd) -> None:
    realm.log_in(ME)
    with pytest.raises(AuthenticationFailed, match="could not sign"):
        await connect(sshd, config_options=["GSSAPIServerIdentity other.example"]).open()


async def test_user_without_a_ticket_is_told(realm: Realm, sshd: LocalSshd) -> None:
    realm.log_out()
    with pytest.raises(AuthenticationFailed, match="could not be used"):
        await connect(sshd).open()
