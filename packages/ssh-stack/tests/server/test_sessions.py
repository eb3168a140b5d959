"""What one user is served in the place of what all are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from loopback_server import USER, USER_KEY, serving
from ssh_auth import AuthenticationFailed
from ssh_connection import ChannelOpenRefused, RequestRefused
from ssh_connection.aio import Session, User
from ssh_stack import AllowForwarding, AuthorizedKeys, LocalShell, Rooted, SessionOptions
from ssh_transport import ConnectionLost, PeerDisconnected
from ssh_wire import UsageError

SHELL = LocalShell(shell="/bin/sh", grace=0.2)  # noqa: S604 (a path)


async def name(session: Session) -> int:
    await session.write(session.user.name.encode())
    return 0


def for_guest(user: User) -> SessionOptions | None:
    return SessionOptions(session=name) if user.name == "guest" else None


async def test_user_with_settings_of_its_own_is_served_those(tmp_path: Path) -> None:
    auth = AuthorizedKeys([USER_KEY.public_key], [USER, "guest"])
    given = {"forwarding": AllowForwarding(), "sftp": Rooted(tmp_path), "settings_for": for_guest}
    async with serving(auth=auth, **given) as here:
        port = here.server.port
        async with here.connect() as connection:
            assert (await connection.run("echo in")).stdout == b"in\n"
            async with connection.sftp() as sftp:
                assert await sftp.listdir() == []
            await (await connection.open_tcp("127.0.0.1", port)).close()
        async with here.connect(username="guest") as connection:
            assert (await connection.run("echo in")).stdout == b"guest"
            with pytest.raises(RequestRefused):
                await connection.sftp()
            with pytest.raises(ChannelOpenRefused):
                await connection.open_tcp("127.0.0.1", port)


def broken(_user: User) -> SessionOptions:
    raise LookupError


def odd(_user: User) -> Any:
    return {"session": name}


@pytest.mark.parametrize("function", [broken, odd])
async def test_user_whose_settings_cannot_be_had_is_not_served(function: Any) -> None:
    async with serving(settings_for=function) as here:
        with pytest.raises((PeerDisconnected, ConnectionLost, AuthenticationFailed)):
            async with here.connect() as connection:
                await connection.run("echo in")
        assert here.server.connections == () or here.server.connections[0].user is None


def test_settings_of_another_kind_are_a_usage_error() -> None:
    for options in ({"settings_for": "guest"}, {"permit_user_environment": "LANG"}):
        given: dict[str, Any] = {"host_keys": [USER_KEY], "auth": [], **options}
        with pytest.raises(UsageError, match=next(iter(options))):
            ssh_stack.serve("127.0.0.1", **given)


@pytest.mark.parametrize(
    ("permitted", "seen"),
    [
        (False, b"-"),
        (True, b"key"),
        (["STAGE", "LC_*"], b"key"),
        (["STA*", "!STAGE"], b"-"),
        (["OTHER"], b"-"),
    ],
)
async def test_environment_of_a_key_is_set_where_the_server_permits_it(
    tmp_path: Path, permitted: Any, seen: bytes
) -> None:
    path = tmp_path / "keys"
    path.write_text(f'environment="STAGE=key" {USER_KEY.public_key.to_openssh()}\n')
    async with (
        serving(
            auth=AuthorizedKeys(path, [USER]), session=SHELL, permit_user_environment=permitted
        ) as here,
        here.connect() as connection,
    ):
        assert (await connection.run("printf %s ${STAGE--}")).stdout == seen
