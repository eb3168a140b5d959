"""The way to a forward's target."""

from __future__ import annotations

import asyncio

import pytest

from programs import FORWARDING, pair, settle, until
from sockets import closed_port, connecting, listening, shout
from ssh_connection import ChannelOpenRefused
from ssh_connection.addresses import TCPAddress
from ssh_connection.aio import RemoteForward
from ssh_connection.aio.forward.connections import dial_bridge
from ssh_connection.aio.forward.requested import answer_by
from ssh_connection.testing import Side
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def talk(port: int, data: bytes = b"hello") -> bytes:
    async with connecting(port) as (reader, writer):
        writer.write(data)
        writer.write_eof()
        return await reader.read()


async def test_host_name_too_long_for_a_resolver_is_no_such_host() -> None:
    with pytest.raises(OSError, match="no such host"):
        await dial_bridge(TCPAddress("x" * 100, 1))


async def test_refused_target_is_reported_as_connect_failed() -> None:
    async with pair(**FORWARDING) as ends:
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.open_tcp("127.0.0.1", closed_port())
        assert caught.value.reason == OpenFailureReason.CONNECT_FAILED


async def test_connection_attempt_ends_with_its_ssh_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_: object) -> object:
        await asyncio.Event().wait()
        return None

    async with pair(**FORWARDING) as ends:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        opening = asyncio.create_task(ends.client.open_tcp("127.0.0.1", 1))
        await until(lambda: ends.server._children.tasks)
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionError):
            await opening


@pytest.mark.parametrize("turns", [0, 10])
async def test_forward_closed_before_its_target_is_reached_refuses_the_channel(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> object:
        await asyncio.Event().wait()
        return None

    side = Side(accept=False)
    side.receive(m.SessionOpen(sender=7, window=1, max_packet=1))

    async def cancelled(_forward: RemoteForward) -> None:
        pass

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    answer = answer_by(TCPAddress("127.0.0.1", 1))
    forward = RemoteForward(TCPAddress("", 1), answer, cancelled)
    forward.accept(side.opens[0][1])
    await settle(turns)
    await forward.close()
    await settle(2)
    (refused,) = side.wire.sent()
    assert isinstance(refused, m.ChannelOpenFailure)


async def test_socket_is_closed_when_its_channel_has_gone_before_it_connects() -> None:
    """The socket is closed, and nothing is raised anywhere."""
    async with listening(shout) as target, pair(**FORWARDING) as ends:
        server = ends.server
        opening = asyncio.create_task(ends.client.open_tcp("127.0.0.1", target))
        await until(lambda: server._mux.channels)
        server._mux.channels[0].end(OSError("gone"))
        opening.cancel()
        await until(lambda: not server._children.tasks)
        with pytest.raises(asyncio.CancelledError):
            await opening
