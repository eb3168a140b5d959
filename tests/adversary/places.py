"""A server, a connection to it and directories, in which operations are cancelled one by one."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AllowForwarding, AuthorizedKeys, Connect, Connection, LocalShell, Rooted
from ssh_stack.server.serving import Server
from tests.adversary.cancelling import Moment, leaves_nothing, processes_with, sweep, until

__all__ = [
    "CONTENT",
    "HOST_KEY",
    "USER_KEY",
    "Check",
    "Operation",
    "Place",
    "connecting",
    "served",
    "swept",
]

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
CONTENT = os.urandom(300_000)
_numbers = itertools.count()

Operation: TypeAlias = Callable[["Place"], Coroutine[Any, Any, object]]
Check: TypeAlias = Callable[["Place"], Awaitable[None]]


@attrs.frozen
class Place:
    """A server, a connection to it, and directories on both sides."""

    server: Server
    connection: Connection
    here: Path
    there: Path
    marker: str
    """What the command lines of all programs that the operations start have in them."""

    def connect(self, **options: Any) -> Connect:
        return connecting(self.server, **options)

    async def check(self) -> None:
        """What was started on the server is over, and the connection still works."""
        await until(lambda: not self.connection.channels, lambda: self.connection.channels)
        await until(lambda: not processes_with(self.marker), lambda: processes_with(self.marker))
        assert (await self.connection.run("echo works", text=True)).stdout == "works\n"


def connecting(server: Server, **options: Any) -> Connect:
    key = HOST_KEY.public_key.to_openssh()
    given: dict[str, Any] = {
        "username": "me",
        "keys": [USER_KEY],
        "agent": None,
        "config": None,
        "known_hosts": f"[localhost]:{server.port},[127.0.0.1]:{server.port} {key}".encode(),
        **options,
    }
    return ssh_stack.connect(given.pop("host", "127.0.0.1"), server.port, **given)


@asynccontextmanager
async def served(tmp_path: Path, **options: Any) -> AsyncGenerator[Place]:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there, there / "tree", there / "tree" / "deeper"):
        folder.mkdir()
    for path in (here / "file", there / "file", there / "tree" / "a", there / "tree/deeper/b"):
        path.write_bytes(CONTENT)
    environment = {"XAUTHORITY": str(here / "xauth")}
    async with (
        ssh_stack.serve(
            "127.0.0.1",
            0,
            host_keys=[HOST_KEY],
            auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
            session=LocalShell(shell="/bin/sh", grace=0.2, env=environment),
            sftp=Rooted(there),
            forwarding=AllowForwarding(unix_sockets=True),
            agent_forwarding=True,
            x11_forwarding=True,
        ) as server,
        connecting(server, **options) as connection,
    ):
        await connection.run("true")  # what is made with the first command is there
        yield Place(server, connection, here, there, f"sleep 8{next(_numbers)}399.5")


async def swept(
    operation: Operation, moment: Moment, tmp_path: Path, *more: Check, **options: Any
) -> int:
    """Cancel an operation at each of its await points; return how many there were."""
    async with served(tmp_path, **options) as place, leaves_nothing() as nothing:

        async def check() -> None:
            await place.check()
            for each in more:
                await each(place)
            await nothing()

        return (await sweep(lambda: operation(place), moment, check)).points
