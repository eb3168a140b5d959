"""Hosts that vouch for their users."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ssh_auth import Accept, AuthContext, Reject
from ssh_keys import KnownHosts, PrivateKey
from ssh_stack import InOrder, Passwords, TrustedHosts
from ssh_stack.server.authorization import combine
from ssh_wire import UsageError
from user_certificates import certified

HOST, OTHER = (PrivateKey.generate("ed25519").public_key for _ in range(2))
LINES = f"client.test,backup.test {HOST.to_openssh()}\n".encode()
ME = AuthContext(user="me")


def trusting(known: bytes | Path | KnownHosts = LINES) -> TrustedHosts:
    return TrustedHosts(["Client.test"], known, ["me", "you"])


async def test_host_that_is_trusted_and_known_vouches_for_a_user_of_the_same_name() -> None:
    for known in (LINES, KnownHosts.parse(LINES)):
        assert await trusting(known).decide(ME, HOST, "client.TEST", "me") == Accept()


@pytest.mark.parametrize(
    ("user", "key", "host", "client_user"),
    [
        ("me", OTHER, "client.test", "me"),
        ("me", HOST, "backup.test", "me"),
        ("me", HOST, "other.test", "me"),
        ("me", HOST, "client.test", "you"),
        ("root", HOST, "client.test", "root"),
        ("me", certified(), "client.test", "me"),
    ],
)
async def test_other_hosts_keys_and_users_are_rejected_and_logged(
    user: str, key: object, host: str, client_user: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = await trusting().decide(AuthContext(user=user), key, host, client_user)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert answer == Reject()
    assert f"host {host} with key" in caplog.text


async def test_file_of_keys_is_read_at_each_attempt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "known_hosts"
    trusted = trusting(path)
    assert await trusted.decide(ME, HOST, "client.test", "me") == Reject()
    path.write_bytes(LINES)
    assert await trusted.decide(ME, HOST, "client.test", "me") == Accept()
    path.write_bytes(b"@revoked * " + HOST.to_openssh().encode() + b"\n" + LINES)
    assert await trusted.decide(ME, HOST, "client.test", "me") == Reject()
    path.unlink()
    path.mkdir()
    assert await trusted.decide(ME, HOST, "client.test", "me") == Reject()
    assert "keys of trusted hosts" in caplog.text


def test_trusted_hosts_are_a_method_beside_others() -> None:
    both = combine([InOrder(trusting(), Passwords({}))])
    assert both.sequences == (("hostbased", "password"),)


def test_one_name_in_place_of_names_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        TrustedHosts("client.test", LINES)
