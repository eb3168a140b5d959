"""Authentication with AsyncSSH in both roles: what OpenSSH does not have."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

import ssh_stack
from ssh_auth import AuthenticationFailed, Outcome
from ssh_keys import PrivateKey
from ssh_stack import Passwords, TrustedUserCAKeys
from tests.interop.test_user_certificates import CA, STRANGER, certified

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

DEMAND = "Choose another one"
HOST_KEY = PrivateKey.generate("ed25519")


class Open(asyncssh.SSHServer):
    """Wants no authentication."""

    def begin_auth(self, username: str) -> bool:
        del username
        return False


class Expired(asyncssh.SSHServer):
    """Has one user, whose password has expired."""

    def __init__(self) -> None:
        self.password = "old"

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        if (username, password) == ("tester", "old"):
            raise asyncssh.PasswordChangeRequired(DEMAND)
        return False

    def change_password(self, username: str, old_password: str, new_password: str) -> bool:
        return (username, old_password, new_password) == ("tester", "old", "long enough")


@contextlib.asynccontextmanager
async def theirs(server: Callable[[], asyncssh.SSHServer]) -> AsyncGenerator[dict[str, Any]]:
    """AsyncSSH's server, and how our client reaches it."""
    key = asyncssh.import_private_key(HOST_KEY.to_openssh())
    async with asyncssh.listen(
        "127.0.0.1", 0, server_factory=server, server_host_keys=[key], process_factory=_echo
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        known = f"[127.0.0.1]:{port} {HOST_KEY.public_key.to_openssh()}".encode()
        yield {
            "host": "127.0.0.1",
            "port": port,
            "username": "tester",
            "known_hosts": known,
            "config": None,
            "agent": None,
        }


async def _echo(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write(f"{process.command}\n")
    process.exit(0)


# ------------------------------------------------------------- our client


async def test_server_without_authentication_takes_a_client_with_keys() -> None:
    async with (
        theirs(Open) as reach,
        ssh_stack.connect(**reach, keys=[STRANGER], password="x") as connection,
    ):
        (attempt,) = connection.auth_attempts
        assert (attempt.method, attempt.outcome) == ("none", Outcome.ACCEPTED)
        assert (await connection.run("in")).stdout == b"in\n"


@pytest.mark.parametrize("lone", [True, False])
async def test_server_without_authentication_takes_a_key_without_a_query(*, lone: bool) -> None:
    """It answers whatever comes first with success: a query, or a signature."""
    keys = [STRANGER] if lone else [STRANGER, PrivateKey.generate("ed25519")]
    async with (
        theirs(Open) as reach,
        ssh_stack.connect(**reach, keys=keys, ask_methods_first=False) as connection,
    ):
        (attempt,) = connection.auth_attempts
        assert (attempt.method, attempt.outcome) == ("publickey", Outcome.ACCEPTED)


async def test_expired_password_is_changed_at_their_server() -> None:
    prompts: list[str] = []

    async def renew(prompt: str) -> str:
        prompts.append(prompt)
        return "long enough"

    async with theirs(Expired) as reach:
        given: dict[str, Any] = {**reach, "keys": None, "password": "old"}
        async with ssh_stack.connect(**given, change_password=renew) as connection:
            assert connection.auth_attempts[-1].outcome is Outcome.ACCEPTED
        assert prompts == [DEMAND]
        with pytest.raises(AuthenticationFailed, match="expired"):
            await ssh_stack.connect(**given).open()


# ------------------------------------------------------------- our server


class Renews(asyncssh.SSHClient):
    """Answers the demand for a new password."""

    def password_change_requested(self, prompt: str, lang: str) -> tuple[str, str]:
        del lang
        assert prompt == "The password of tester has expired."
        return ("old", "long enough")


async def reach_ours(port: int, **options: Any) -> str:
    given: dict[str, Any] = {"known_hosts": None, "username": "tester", "config": None, **options}
    async with asyncssh.connect("127.0.0.1", port, **given) as connection:
        return str((await connection.run("echo in", check=True)).stdout)


async def test_expired_password_is_changed_at_our_server() -> None:
    kept = {"tester": "old"}

    async def change(user: str, _old: str, new: str) -> bool:
        kept[user] = new
        return True

    passwords = Passwords(
        lambda user, given: kept.get(user) == given,
        expired=lambda user: kept[user] == "old",
        change=change,
    )
    async with ssh_stack.serve(
        "127.0.0.1", 0, host_keys=[HOST_KEY], auth=passwords, session=ssh_stack.LocalShell()
    ) as server:
        options = {"client_keys": None, "client_factory": Renews, "password": "old"}
        assert await reach_ours(server.port, **options) == "in\n"
    assert kept == {"tester": "long enough"}


async def test_their_client_logs_in_with_a_certificate() -> None:
    trusted = TrustedUserCAKeys([CA.public_key], users=["tester"])
    key = asyncssh.import_private_key(STRANGER.to_openssh())
    certificate = asyncssh.import_certificate(certified().to_openssh())
    async with ssh_stack.serve(
        "127.0.0.1", 0, host_keys=[HOST_KEY], auth=trusted, session=ssh_stack.LocalShell()
    ) as server:
        presented = [(key, certificate)]
        assert await reach_ours(server.port, client_keys=presented) == "in\n"
        with pytest.raises(asyncssh.PermissionDenied):
            await reach_ours(server.port, client_keys=[key])
