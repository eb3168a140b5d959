"""Kerberos tickets: our client at OpenSSH's sshd, and OpenSSH's `ssh` at our server."""

from __future__ import annotations

import asyncio
import getpass
import importlib.util
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AuthenticationFailed, Outcome
from tests.interop import kerberos, local

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

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


# ------------------------------------------------------------- our server


HOST_KEY = PrivateKey.generate("ed25519")


async def greet(session: ssh_stack.Session) -> int:
    await session.write(f"hello {session.user.name}\n".encode())
    return 0


def serve(source: Any) -> ssh_stack.Serve:
    auth = ssh_stack.KerberosTickets(source, host=kerberos.HOST)
    return ssh_stack.serve("127.0.0.1", 0, host_keys=[HOST_KEY], auth=auth, session=greet)


def known_hosts(port: int) -> str:
    return f"[{kerberos.HOST}]:{port} {HOST_KEY.public_key.to_openssh()}\n"


async def ssh(port: int, folder: Path, user: str) -> subprocess.CompletedProcess[str]:
    """OpenSSH's client with a ticket, and nothing else."""
    known = folder / f"known-{port}"
    await asyncio.to_thread(known.write_text, known_hosts(port))
    options = ["BatchMode=yes", "GSSAPIAuthentication=yes", f"UserKnownHostsFile={known}"]
    given = [word for option in options for word in ("-o", option)]
    where = ["-F", "none", "-p", str(port), f"{user}@{kerberos.HOST}"]
    command = ["ssh", "-4", *given, *where, "true"]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.row("A24")
async def test_ssh_logs_in_as_the_users_that_the_principal_may_be(
    realm: Realm, tmp_path: Path
) -> None:
    realm.log_in(ME)
    principal = f"{ME}@{kerberos.REALM}"
    async with serve({"ops": [principal], "other": [f"somebody@{kerberos.REALM}"]}) as server:
        taken = await ssh(server.port, tmp_path, "ops")
        assert (taken.stdout, taken.returncode) == ("hello ops\n", 0), taken.stderr
        for user in ("other", ME):
            refused = await ssh(server.port, tmp_path, user)
            assert refused.returncode == 255
            assert "Permission denied (gssapi-with-mic)" in refused.stderr


async def test_ticket_of_our_client_at_our_server(realm: Realm) -> None:
    realm.log_in(ME)
    asked: list[tuple[str, str]] = []

    def decide(user: str, principal: str) -> bool:
        asked.append((user, principal))
        return user == "ops"

    async with serve(decide) as server:
        options: dict[str, Any] = {"config": None, "keys": None, "agent": None, "gssapi": True}
        options["known_hosts"] = known_hosts(server.port).encode()
        async with ssh_stack.connect(
            kerberos.HOST, server.port, username="ops", **options
        ) as conn:
            assert (await conn.run("hi", text=True)).stdout == "hello ops\n"
        with pytest.raises(AuthenticationFailed):
            await ssh_stack.connect(kerberos.HOST, server.port, username=ME, **options).open()
    assert asked == [("ops", f"{ME}@{kerberos.REALM}"), (ME, f"{ME}@{kerberos.REALM}")]
