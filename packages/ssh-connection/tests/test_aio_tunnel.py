"""A connection inside another, as jump hosts make them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from programs import Anywhere, both, cat, pair, settle, until
from ssh_connection.aio import ClientConnection, ServerConnection
from ssh_connection.aio.testing import EndpointPair, client_settings, server_settings
from ssh_connection.aio.tunnel import connect_driver
from ssh_transport import ConnectionLost
from ssh_transport import events as ev
from ssh_transport.aio import Driver
from ssh_wire.messages.transport import Debug

pytestmark = pytest.mark.usefixtures("reports")


def random(count: int) -> bytes:
    return bytes(count)


@asynccontextmanager
async def tunnelled(
    kind: type[ClientConnection] = ClientConnection,
) -> AsyncGenerator[tuple[EndpointPair, ClientConnection, ServerConnection]]:
    """An inner client that reaches its server, on a socket, through an outer connection."""
    loop = asyncio.get_running_loop()
    inner_server = ServerConnection(server_settings(both), random)
    listener = await loop.create_server(lambda: inner_server.driver, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    inner = kind(client_settings(), random)
    async with pair(cat, forwarding=Anywhere()) as outer:

        async def dial(driver: Driver) -> None:
            connect_driver(
                driver, await outer.client.open_tcp_channel("127.0.0.1", port, protected=True)
            )

        await inner.establish(dial)
        try:
            yield outer, inner, inner_server
        finally:
            await inner.close()
            await inner_server.close()
            listener.close()
            await listener.wait_closed()


async def test_inner_connection_works_within_the_outer_one() -> None:
    async with tunnelled() as (outer, inner, _):
        done = await inner.run("both", input=bytes(1_000_000))
        assert (len(done.stdout), len(done.stderr)) == (8 << 20, 8 << 20)
        inner.rekey()
        assert await inner.ping() >= 0
        assert (await outer.client.run("cat", input=b"outer")).stdout == b"outer"


async def test_outer_connection_stays_open_when_the_inner_one_closes() -> None:
    async with tunnelled() as (outer, inner, inner_server):
        await inner.close()
        await inner_server.wait_closed()
        await until(lambda: not outer.client._mux.channels)
        assert await outer.client.ping() >= 0


async def test_inner_connection_ends_when_its_server_closes() -> None:
    async with tunnelled() as (outer, inner, inner_server):
        await inner_server.close()
        await inner.wait_closed()
        await until(lambda: not outer.client._mux.channels)


async def test_inner_connection_ends_at_eof_without_a_disconnect() -> None:
    async with tunnelled() as (outer, inner, inner_server):
        stream = inner_server.driver._stream
        assert isinstance(stream, asyncio.Transport)
        stream.write_eof()
        await inner.wait_closed()
        assert await outer.client.ping() >= 0


async def test_inner_connection_is_lost_with_the_outer_one() -> None:
    async with tunnelled() as (outer, inner, _):
        running = asyncio.create_task(inner.run("both"))
        await settle()
        assert outer.link is not None
        outer.link.cut()
        with pytest.raises(ConnectionLost):
            await running
        await inner.wait_closed()


@pytest.mark.row("R16")
async def test_failure_of_the_inner_connection_leaves_the_outer_one() -> None:
    class Failing(ClientConnection):
        def transport_event(self, event: ev.Event) -> None:
            if isinstance(event, ev.DebugReceived):
                problem = "mine"
                raise ValueError(problem)  # noqa: TRY004 (any error)
            super().transport_event(event)

    async with tunnelled(Failing) as (outer, inner, inner_server):
        inner_server._core.send(Debug(always_display=True, message="x"))
        inner_server._driver.schedule_flush()
        await inner.wait_closed()
        assert str(inner._lost.result().__cause__) == "mine"
        assert await outer.client.ping() >= 0


async def test_tunnel_pauses_and_resumes_reading() -> None:
    async with tunnelled() as (_, inner, _server):
        stream = inner._driver._stream
        assert stream is not None
        stream.pause_reading()
        asking = asyncio.create_task(inner.ping())
        await settle(500)
        stream.resume_reading()
        assert await asking >= 0
        assert isinstance(stream, asyncio.Transport)
        assert stream.is_closing() is False
        assert stream.get_extra_info("socket") is None
