"""What a server listens on for its client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import (
    Anywhere,
    Rules,
    granted_forwards,
    inject,
    limited,
    pair,
    read_to_end,
    settle,
    until,
)
from sockets import closed_port, connecting, listening
from ssh_connection.aio import ClientConnection
from ssh_connection.multiplexer import GlobalAnswer
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def listen(client: ClientConnection, address: str, port: int) -> GlobalAnswer:
    return await client._global_request(
        m.TCPIPForward(want_reply=True, address=address, port=port)
    )


async def cancel(client: ClientConnection, address: str, port: int) -> GlobalAnswer:
    return await client._global_request(
        m.CancelTCPIPForward(want_reply=True, address=address, port=port)
    )


@pytest.mark.row("C17")
async def test_port_is_listened_on_once_and_cancelled_by_its_own_address() -> None:
    port = closed_port()
    async with pair(forwarding=Anywhere()) as ends:
        client = ends.client
        assert await listen(client, "127.0.0.1", port) == m.RequestSuccess()
        assert await listen(client, "127.0.0.1", port) == m.RequestFailure()
        assert await listen(client, "localhost", port) == m.RequestFailure()
        for place in (("localhost", port), ("127.0.0.1", port + 1), ("", port)):
            assert await cancel(client, *place) == m.RequestFailure()
        assert await cancel(client, "127.0.0.1", port) == m.RequestSuccess()
        assert await cancel(client, "127.0.0.1", port) == m.RequestFailure()
        assert await listen(client, "127.0.0.1", port) == m.RequestSuccess()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "", "*", "0.0.0.0"])  # noqa: S104 (names of addresses)
async def test_every_name_of_an_address_can_be_listened_on_and_cancelled(address: str) -> None:
    async with pair(forwarding=Anywhere()) as ends:
        answer = await listen(ends.client, address, 0)
        assert isinstance(answer, m.RequestSuccess)
        port = m.ForwardedPort.decode(answer.details).port
        async with connecting(port) as (reader, _):
            assert await reader.read() == b""  # the client asked for no such forward
        assert await cancel(ends.client, address, port) == m.RequestSuccess()


@pytest.mark.parametrize("address", ["no.such.host.invalid", "x" * 100])
async def test_address_that_cannot_be_listened_on_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def unknown(host: str | None, *args: Any, **kwargs: Any) -> Any:
        if host and "invalid" in host:
            raise OSError(host)
        return await resolve(host, *args, **kwargs)

    monkeypatch.setattr(loop, "getaddrinfo", unknown)
    async with pair(forwarding=Anywhere()) as ends:
        assert await listen(ends.client, address, 0) == m.RequestFailure()
        forwards = granted_forwards(ends.server)
        assert forwards._binding == 0


@pytest.mark.row("C17")
async def test_no_more_ports_than_the_limit_however_fast_they_are_asked_for() -> None:
    async with pair(forwarding=Anywhere(), **limited(listeners=3)) as ends:
        message = m.TCPIPForward(want_reply=True, address="127.0.0.1", port=0)
        inject(ends.client, *[message] * 60)
        await ends.client.ping()
        await settle(100)
        forwards = granted_forwards(ends.server)
        assert len(forwards._listeners) == 3
        assert len(ends.server._children.tasks) == 0


async def test_forwards_that_are_granted_and_cancelled_leave_no_tasks() -> None:
    async with pair(forwarding=Anywhere()) as ends:
        for _ in range(20):
            answer = await listen(ends.client, "127.0.0.1", 0)
            assert isinstance(answer, m.RequestSuccess)
            port = m.ForwardedPort.decode(answer.details).port
            await cancel(ends.client, "127.0.0.1", port)
        await settle()
        assert not ends.server._children.tasks


async def test_ports_and_connections_end_with_the_connection() -> None:
    async with listening() as target, pair(forwarding=Anywhere()) as ends:
        forward = await ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}").open()
        async with connecting(forward.port) as (reader, _):
            await until(lambda: ends.client._mux.channels)
            await ends.server.close()
            await read_to_end(reader)
        with pytest.raises(ConnectionError):
            async with connecting(forward.port):
                pass


@pytest.mark.row("C17")
async def test_port_of_the_servers_choice_is_refused_where_it_would_not_be_told() -> None:
    rules = Rules()
    async with pair(forwarding=rules) as ends:
        inject(ends.client, m.TCPIPForward(want_reply=False, address="127.0.0.1", port=0))
        await ends.client.ping()
        await settle()
        assert not granted_forwards(ends.server)._listeners
    assert rules.asked == []
