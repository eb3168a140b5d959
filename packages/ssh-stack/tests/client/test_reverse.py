"""A client that listens, and servers that connect to it."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import ssh_stack
from loopback_server import HOST_KEY, USER_KEY, serving
from ssh_connection.aio import Session
from ssh_stack import (
    AuthenticationFailed,
    ConnectionLost,
    HostKeyUnknown,
    IdentificationError,
    ReverseListener,
    ServerConnection,
    UnknownOption,
    UsageError,
    listen_reverse,
    sync,
)
from ssh_stack.client import reverse
from ssh_stack.testing.joined import holder_of
from ssh_wire.aio import accept

OPTIONS: dict[str, Any] = {
    "username": "me",
    "keys": [USER_KEY],
    "agent": None,
    "config": None,
    "known_hosts": f"box {HOST_KEY.public_key.to_openssh()}".encode(),
}


@asynccontextmanager
async def listening(**options: Any) -> AsyncGenerator[ReverseListener]:
    async with listen_reverse("box", "127.0.0.1", **{**OPTIONS, **options}) as listener:
        yield listener


async def test_server_that_connects_runs_commands_for_the_client() -> None:
    async with serving() as here, listening() as listener:
        assert (listener.host, listener.is_closed) == ("127.0.0.1", False)
        connection = await here.server.dial(listener.host, listener.port)
        async with await listener.accept() as conn:
            assert (conn.host, conn.username) == ("box", "me")
            assert connection.peer == (listener.host, listener.port)
            done = await conn.run("echo here", text=True)
        await connection.wait_closed()
    assert done.stdout == "here\n"
    assert listener.is_closed


async def test_servers_are_given_one_after_another() -> None:
    async with serving() as here, listening() as listener:
        for _ in range(3):
            await here.server.dial(listener.host, listener.port)
        taken = 0
        async for conn in listener:
            async with conn:
                taken += (await conn.run("true")).ok
            if taken == 3:
                break
    assert taken == 3


async def test_server_that_is_slow_holds_up_no_other() -> None:
    async with serving() as here, listening() as listener:
        slow = socket.create_connection((listener.host, listener.port))
        with slow:
            await here.server.dial(listener.host, listener.port)
            async with await listener.accept() as conn:
                assert (await conn.run("true")).ok


async def logged_in(connection: ServerConnection) -> None:
    while connection.user is None:  # noqa: ASYNC110 (a server has no event for it)
        await asyncio.sleep(0)


async def failure(dialled: str, **options: Any) -> Exception:
    """What is reported of a server that fails, while the next one is served."""
    told = asyncio.Queue[Exception]()
    failing = {**options, "on_error": told.put_nowait}
    async with serving() as here, listening(**failing) as listener:
        if dialled == "server":
            await here.server.dial(listener.host, listener.port)
        else:
            _, writer = await asyncio.open_connection(listener.host, listener.port)
            writer.write(dialled.encode())
            writer.close()
        error = await told.get()
        assert not listener.is_closed
    return error


async def test_server_that_is_not_known_is_reported() -> None:
    assert isinstance(await failure("server", known_hosts=b""), HostKeyUnknown)


async def test_server_that_refuses_the_user_is_reported() -> None:
    stranger = ssh_stack.PrivateKey.generate("ed25519")
    assert isinstance(await failure("server", keys=[stranger]), AuthenticationFailed)


async def test_what_is_not_an_ssh_server_is_reported() -> None:
    assert isinstance(await failure("GET / HTTP/1.0\r\n\r\n"), IdentificationError)


async def test_function_that_is_told_may_raise() -> None:
    told = asyncio.Event()

    def tell(_error: Exception) -> None:
        told.set()
        raise ValueError

    async with serving() as here, listening(keys=None, on_error=tell) as listener:
        await here.server.dial(listener.host, listener.port)
        await told.wait()
        assert not listener.is_closed


async def test_connection_that_has_ended_before_it_is_accepted_is_passed_over() -> None:
    async with serving() as here, listening() as listener:
        first = await here.server.dial(listener.host, listener.port)
        ready = await listener._ready.get()
        assert ready is not None
        await first.close()
        await ready.wait_closed()
        listener._ready.put_nowait(ready)
        await here.server.dial(listener.host, listener.port)
        async with await listener.accept() as conn:
            assert (await conn.run("true")).ok


async def test_listener_goes_on_when_a_connection_cannot_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = asyncio.Event()

    async def fail_once(listening: socket.socket) -> tuple[socket.socket, object]:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.EMFILE, "too many open files")
        return await accept(listening)

    monkeypatch.setattr(reverse, "_PAUSE", 0)
    monkeypatch.setattr(reverse, "accept", fail_once)
    async with serving() as here, listening() as listener:
        await here.server.dial(listener.host, listener.port)
        async with await listener.accept() as conn:
            assert (await conn.run("true")).ok
    assert failed.is_set()


async def test_close_ends_whoever_waits_and_what_is_under_way() -> None:
    async with serving() as here:
        listener = await listen_reverse("box", "127.0.0.1", **OPTIONS)
        waiting = [asyncio.ensure_future(listener.accept()) for _ in range(2)]
        await asyncio.sleep(0)
        await listener.close()
        for each in waiting:
            with pytest.raises(UsageError, match="closed"):
                await each
        assert [conn async for conn in listener] == []
        with pytest.raises(ConnectionRefusedError):
            await here.server.dial(listener.host, listener.port)


async def test_close_disconnects_servers_that_were_not_accepted() -> None:
    async with serving() as here:
        listener = await listen_reverse("box", "127.0.0.1", **OPTIONS)
        connection = await here.server.dial(listener.host, listener.port)
        await logged_in(connection)
        await listener.close()
        await connection.wait_closed()


async def test_connection_outlives_its_listener() -> None:
    async with serving() as here:
        async with listening() as listener:
            await here.server.dial(listener.host, listener.port)
            conn = await listener.accept()
        assert (await conn.run("true")).ok
        await conn.close()
        with pytest.raises(ConnectionLost):
            await conn.run("true")


async def test_address_that_is_taken_is_raised_on_entry() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        await listen_reverse("box", "127.0.0.1", taken.getsockname()[1], **OPTIONS)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"host": None}, UsageError),
        ({"port": -1}, UsageError),
        ({"usernam": "me"}, UnknownOption),
        ({"stream": socket.socket()}, UsageError),
    ],
    ids=["host", "port", "name", "stream"],
)
def test_argument_that_cannot_be_used_is_refused(
    arguments: dict[str, Any], kind: type[Exception]
) -> None:
    given: dict[str, Any] = {"host": "127.0.0.1", **arguments}
    with pytest.raises(kind):
        listen_reverse("box", **given)
    if "stream" in arguments:
        arguments["stream"].close()


async def test_closed_server_dials_nowhere() -> None:
    async with serving() as here:
        await here.server.close()
        with pytest.raises(UsageError, match="closed"):
            await here.server.dial("127.0.0.1", 1)


# ------------------------------------------------------------- blocking


async def shout(session: Session) -> int:
    await session.write((await session.stdin.read()).upper())
    return 0


def test_blocking_client_listens_for_servers() -> None:
    with (
        sync.serve(None, host_keys=[HOST_KEY], auth=holder_of(USER_KEY), session=shout) as server,
        sync.listen_reverse("box", "127.0.0.1", **OPTIONS) as listener,
    ):
        for _ in range(2):
            server.dial(listener.host, listener.port)
        with listener.accept() as conn:
            assert conn.run("shout", input=b"hello").stdout == b"HELLO"
        for conn in listener:
            with conn:
                assert conn.run("shout", input=b"again").stdout == b"AGAIN"
            break
        assert not listener.is_closed
