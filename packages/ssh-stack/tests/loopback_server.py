"""A server and clients in one process, on a loopback port; and what they may not leave behind."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import attrs

import ssh_stack
from ssh_connection.aio import Process
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, Connect, Connection, LocalShell, Server

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
USER = "me"
SECONDS = 30.0

_OPEN_FILES = Path("/proc/self/fd")


@attrs.frozen
class LoopbackServer:
    """A server, and how to reach it."""

    server: Server

    def connect(self, **options: Any) -> Connect:
        """Connect as the user, or as the options say."""
        known = f"[127.0.0.1]:{self.server.port} {HOST_KEY.public_key.to_openssh()}"
        defaults: dict[str, Any] = {
            "username": USER,
            "keys": [USER_KEY],
            "agent": None,
            "config": None,
            "known_hosts": known.encode(),
        }
        return ssh_stack.connect("127.0.0.1", self.server.port, **{**defaults, **options})


@asynccontextmanager
async def serving(**options: Any) -> AsyncGenerator[LoopbackServer]:
    """Serve commands to the user, or what the options say; leave nothing behind."""
    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    tasks, files = asyncio.all_tasks(), _open_files()
    given: dict[str, Any] = {
        "host_keys": [HOST_KEY],
        "auth": AuthorizedKeys([USER_KEY.public_key], users=[USER]),
        "session": LocalShell(shell="/bin/sh", grace=0.2),
        **options,
    }
    async with ssh_stack.serve("127.0.0.1", 0, **given) as server:
        yield LoopbackServer(server)
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    left = (reported, asyncio.all_tasks() - tasks, _open_files().items() - files.items())
    assert left == ([], set(), set()), left


@asynccontextmanager
async def connected(**options: Any) -> AsyncGenerator[Connection]:
    """A connection to such a server."""
    async with serving(**options) as here, here.connect() as connection:
        yield connection


def _open_files() -> dict[str, str]:
    """What each descriptor of this process is."""
    found: dict[str, str] = {}
    for descriptor in _OPEN_FILES.iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found[descriptor.name] = str(descriptor.readlink())
    return found


class Watched:
    """A process of this machine, whose end can be waited for."""

    def __init__(self, pid: int) -> None:
        self._descriptor = os.pidfd_open(pid)
        self._gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._ended)

    def _ended(self) -> None:
        self.close()
        self._gone.set()

    def close(self) -> None:
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    async def gone(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self._gone.wait()


async def watch(process: Process) -> Watched:
    """The process that says its number on the first line."""
    return Watched(int(await process.stdout.readline()))
