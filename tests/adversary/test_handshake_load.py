"""Strangers who make the server compute key exchanges, and users who go on working (DHEat).

A run is bounded by its number of handshakes, and no time is asserted.  The checks U1 to U9
of `universal` that suit a whole server are made at the end.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from ssh_auth import Accept, AuthContext, Reject
from ssh_connection.aio import Process, ServerAuthentication, ServerConnection, Session
from ssh_keys import PrivateKey, PublicKey
from ssh_stack import MaxStartups, Server
from ssh_transport import ClientTransport, HostKeyReceived
from ssh_wire import SSHError
from tests.adversary.subject import OPTIONS
from tests.adversary.universal import planted

if TYPE_CHECKING:
    from collections.abc import Callable

STRANGERS = 32
HANDSHAKES = 10  # that each of them gets, one after the other
ATTEMPTS = 100 * HANDSHAKES  # and no more, however often it is refused
ADMITTED = 8
BOUNDS = MaxStartups(start=ADMITTED, full=ADMITTED, per_source=ADMITTED)
HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
USER = "tester"
SECONDS = 60.0


class Application:
    """What is served, and how often each function of it was called."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.errors: list[Exception] = []

    async def public_key(self, context: AuthContext, key: PublicKey) -> Accept | Reject:
        self.calls["public_key"] += 1
        return Accept() if (context.user, key) == (USER, USER_KEY.public_key) else Reject()

    async def echo(self, session: Session) -> int:
        self.calls["echo"] += 1
        while data := await session.stdin.read(65536):
            await session.write(data)
        return 0

    def serve(self) -> ssh_stack.Serve:
        return ssh_stack.serve(
            "127.0.0.1",
            0,
            host_keys=[HOST_KEY],
            auth=ServerAuthentication(public_key=self.public_key),
            session=self.echo,
            max_startups=BOUNDS,
            on_error=lambda _, error: self.errors.append(error),
        )


def connect(server: Server) -> ssh_stack.Connect:
    known = f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}"
    return ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username=USER,
        keys=[USER_KEY],
        agent=None,
        config=None,
        known_hosts=known.encode(),
    )


async def handshake(server: Server) -> bool:
    """Exchange keys as far as the server's signature, and leave; False if it was refused."""
    core = ClientTransport(OPTIONS, random=os.urandom, now=0.0)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        while True:
            while (data := core.take_outgoing()) is not None:
                writer.write(bytes(data))
            received = await reader.read(65536)
            if not received:
                return False
            core.receive(received)
            while (event := core.next_event()) is not None:
                if isinstance(event, HostKeyReceived):
                    return True
    except ConnectionError:  # what was refused is reset where it has sent something already
        return False
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def stranger(server: Server, found: Counter[bool]) -> None:
    own: Counter[bool] = Counter()
    while own[True] < HANDSHAKES and own.total() < ATTEMPTS:
        own[await handshake(server)] += 1
    found.update(own)


async def echo(process: Process, size: int) -> None:
    """Send bytes that were never sent before, and get exactly these back."""
    sent = os.urandom(size)
    await process.stdin.write(sent)
    back = b""
    while len(back) < size:
        piece = await process.stdout.read(size - len(back))
        assert piece, "the session has ended"
        back += piece
    assert back == sent


def strangers_of(server: Server) -> int:
    return sum(connection.user is None for connection in server.connections)


def refused_by(server: Server) -> int:
    """How many refusals the server has counted: one is reported, the others are kept."""
    refusals = server._refusals
    return refusals._untold + (refusals._next > 0)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 (whatever it is)
            await asyncio.sleep(0)


async def loaded(application: Application) -> None:
    """Echo on an established session while unauthenticated clients exchange keys."""
    found: Counter[bool] = Counter()
    async with application.serve() as server, connect(server) as user:
        before = server.connections
        async with user.start("echo") as process:
            crowd = asyncio.gather(*(stranger(server, found) for _ in range(STRANGERS)))
            echoes = 0
            while not crowd.done():
                await echo(process, 1 + echoes % 4096)
                assert strangers_of(server) <= ADMITTED
                if echoes % 64 == 0:  # an authenticated client opens more, whoever else waits
                    assert (await user.run("echo", input=b"more")).stdout == b"more"
                echoes += 1
            await crowd
            await until(lambda: not strangers_of(server))
            await echo(process, 65536)
            process.stdin.write_eof()
            assert await process.stdout.read() == b""
        assert echoes > 0
        assert server.connections == before, "established sessions stay"
        assert user.end is None

        assert found[True] == STRANGERS * HANDSHAKES
        assert found[False] == refused_by(server) > 0
        async with connect(server) as another:  # the door is open again
            assert (await another.run("echo", input=b"in")).stdout == b"in"
        assert application.calls["public_key"] == len({user, another}), "U1, U2"


def descriptors() -> dict[str, str]:
    found: dict[str, str] = {}
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found[each.name] = str(each.readlink())
    return found


def connections_in_memory() -> int:
    gc.collect()
    return sum(issubclass(type(each), ServerConnection) for each in gc.get_objects())


@pytest.mark.row("T42")
async def test_t42_sessions_go_on_while_strangers_exchange_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    received: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: received.append(context))
    monkeypatch.setattr("ssh_stack.server.admission._PAUSE", inf)  # one report, and then a count
    connections = connections_in_memory()
    tasks, files = asyncio.all_tasks(), descriptors()
    application = Application()

    with planted():
        await loaded(application)

    for _ in range(5):
        await asyncio.sleep(0)
    assert received == [], "U3"
    assert all(isinstance(error, SSHError) for error in application.errors), "U3"
    assert connections_in_memory() <= connections, "U4"
    assert asyncio.all_tasks() == tasks, "U8"
    assert descriptors() == files, "U8"
