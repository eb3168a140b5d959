"""A client's remote forwards: the ports that the server listens on for it."""

from __future__ import annotations

import asyncio

import pytest

from programs import (
    FORWARDING,
    Anywhere,
    granted_forwards,
    ignore,
    inject,
    pair,
    read_to_end,
    settle,
    silence,
    until,
)
from sockets import closed_port, connecting, listening
from ssh_connection import (
    ChannelClosed,
    ChannelOpenRefused,
    GlobalRequestType,
    RequestRefused,
    SSHTimeout,
)
from ssh_connection.addresses import TCPAddress
from ssh_connection.aio import Channel, RemoteForward, Timeouts
from ssh_connection.aio.forward.requested import RemoteForwards, answer_by
from ssh_connection.replies import PendingReply
from ssh_connection.testing import Side
from ssh_transport import ConnectionLost
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

TARGET = answer_by(TCPAddress("target", 1))

pytestmark = pytest.mark.usefixtures("reports")


async def talk(port: int, data: bytes = b"hello") -> bytes:
    async with connecting(port) as (reader, writer):
        writer.write(data)
        writer.write_eof()
        return await reader.read()


async def test_remote_forward_carries_connections_both_ways_with_half_closes() -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        async with ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}") as forward:
            assert forward.host == "127.0.0.1"
            answers = await asyncio.gather(*(talk(forward.port) for _ in range(10)))
            assert answers == [b"HELLO"] * 10
        with pytest.raises(ConnectionError):
            await talk(forward.port)
        await until(lambda: not ends.server._mux.channels)


async def test_chosen_port_of_a_remote_forward_can_be_used_again() -> None:
    port = closed_port()
    async with listening() as target, pair(**FORWARDING) as ends:
        for host in ("localhost", "127.0.0.1"):
            async with ends.client.forward_remote((host, port), ("127.0.0.1", target)) as forward:
                assert (forward.host, forward.port) == (host, port)
                assert await talk(port) == b"HELLO"


async def test_connection_is_closed_when_its_target_cannot_be_reached() -> None:
    async with (
        pair(**FORWARDING) as ends,
        ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{closed_port()}") as forward,
    ):
        with pytest.raises((ConnectionError, AssertionError)):
            assert await talk(forward.port)


@pytest.mark.row("C09")
async def test_forwarded_tcpip_to_a_port_without_a_forward_is_refused() -> None:
    async with listening() as target, pair(**FORWARDING) as ends:

        async def open_forwarded(address: str, port: int) -> Channel:
            channel = Channel()
            message = m.ForwardedTCPIPOpen(
                sender=0,
                window=1000,
                max_packet=0,
                address=address,
                port=port,
                origin_host="",
                origin_port=0,
            )
            channel.adopt(ends.server._mux.open(message, channel))
            await channel.wait_opened()
            return channel

        async def refused(address: str, port: int) -> None:
            with pytest.raises(ChannelOpenRefused) as caught:
                await open_forwarded(address, port)
            assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED

        await refused("127.0.0.1", 80)
        async with ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}") as forward:
            await refused("127.0.0.1", forward.port + 1)
            channel = await open_forwarded("another name", forward.port)
            channel.abort()
        await refused("127.0.0.1", forward.port)


@pytest.mark.row("C09")
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (m.SessionOpen(sender=0, window=1, max_packet=0), 1),
        (
            m.DirectTCPIPOpen(
                sender=0,
                window=1,
                max_packet=0,
                host="127.0.0.1",
                port=22,
                origin_host="",
                origin_port=0,
            ),
            1,
        ),
        (m.X11Open(sender=0, window=1, max_packet=0, origin_host="", origin_port=0), 1),
        (m.ChannelOpen(kind="nothing@known", sender=0, window=1, max_packet=0), 3),
    ],
)
async def test_channels_that_a_server_opens_are_refused_by_the_client(
    message: m.OpenHead, reason: int
) -> None:
    async with pair() as ends:
        channel = Channel()
        channel.adopt(ends.server._mux.open(message, channel))
        with pytest.raises(ChannelOpenRefused) as caught:
            await channel.wait_opened()
        assert caught.value.reason == reason


@pytest.mark.row("G09")
@pytest.mark.parametrize(
    ("kind", "what"),
    [("auth-agent@openssh.com", "the agent"), ("agent-connect", "the agent")],
)
async def test_server_that_asks_for_the_agent_is_refused_and_reported_once(
    kind: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with pair() as ends:
        for _ in range(1000):
            channel = Channel()
            message = m.ChannelOpen(kind=kind, sender=0, window=1, max_packet=0)
            channel.adopt(ends.server._mux.open(message, channel))
            with pytest.raises(ChannelOpenRefused) as caught:
                await channel.wait_opened()
            assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
        assert warnings == [f"memory tried to reach {what}, which is not forwarded to it"]
        assert await ends.client.ping() >= 0


async def test_connection_right_behind_the_answer_is_accepted() -> None:
    async with listening() as target, pair(**FORWARDING) as ends:

        def answer(_: m.TCPIPForward, reply: PendingReply) -> None:
            details = m.ForwardedPort(port=4711).encode()
            ends.server._mux.grant(reply, details)
            opened = m.ForwardedTCPIPOpen(
                sender=0,
                window=1000,
                max_packet=0,
                address="127.0.0.1",
                port=4711,
                origin_host="",
                origin_port=0,
            )
            channel.adopt(ends.server._mux.open(opened, channel))

        channel = Channel()
        ends.server.register(GlobalRequestType(message=m.TCPIPForward, received=answer))
        async with ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}"):
            await channel.wait_opened()
            channel.abort()


async def test_forward_without_the_servers_port_in_its_answer_is_refused() -> None:
    async with pair() as ends:

        def grant(_: m.GlobalHead, reply: PendingReply) -> None:
            ends.server._mux.grant(reply)

        ends.server.register(
            GlobalRequestType(message=m.TCPIPForward, received=grant),
            GlobalRequestType(message=m.CancelTCPIPForward, received=grant),
        )
        with pytest.raises(RequestRefused, match="which port"):
            await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
        forward = await ends.client.forward_remote("127.0.0.1:4711", "127.0.0.1:1").open()
        assert forward.port == 4711
        await forward.close()


async def test_forwards_of_one_port_on_several_addresses_are_told_apart() -> None:
    side = Side()
    forwards = RemoteForwards(side.mux, lambda: None, 1.0, ignore)
    made: list[RemoteForward] = []
    for host in ("a", "b"):
        listening_ = asyncio.create_task(forwards.listen(TCPAddress(host, 80), TARGET))
        await settle(2)
        side.receive(m.RequestSuccess())
        made.append(await listening_)
    assert forwards.find(TCPAddress("a", 80)) is made[0]
    assert forwards.find(TCPAddress("b", 80)) is made[1]
    assert forwards.find(TCPAddress("c", 80)) is None
    closing = asyncio.create_task(made[1].close())
    await settle(2)
    side.receive(m.RequestSuccess())
    await closing
    assert forwards.find(TCPAddress("c", 80)) is made[0]


# ---------------------------------------------------------------- ends


@pytest.mark.row("X08")
@pytest.mark.parametrize("granted", [True, False])
async def test_remote_forward_is_cancelled_at_the_server_when_its_caller_is_cancelled(
    *, granted: bool
) -> None:
    async with pair(forwarding=Anywhere() if granted else None) as ends:
        for turns in range(30):
            opening = asyncio.create_task(
                ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
            )
            await settle(turns)
            if opening.done():
                if granted:
                    await (await opening).close()
                else:
                    assert isinstance(opening.exception(), RequestRefused)
                break
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await settle(100)
            if granted and ends.server.user is not None:
                assert not granted_forwards(ends.server)._listeners
        else:
            pytest.fail("it was never granted")


@pytest.mark.usefixtures("clock")
async def test_forward_request_that_is_not_answered_times_out() -> None:
    async with pair(client={"timeouts": Timeouts(open=2, close=1)}) as ends:
        silence(ends.server)
        with pytest.raises(SSHTimeout, match="while waiting for the server's answer"):
            await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
    async with pair(client={"timeouts": Timeouts(close=1)}, **FORWARDING) as ends:
        forward = await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
        silence(ends.server)
        before = asyncio.get_running_loop().time()
        await forward.close()
        assert asyncio.get_running_loop().time() - before < 2


async def test_lost_connection_ends_pending_and_granted_forwards() -> None:
    async with pair(**FORWARDING) as ends:
        forward = await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
        silence(ends.server)
        opening = asyncio.create_task(
            ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
        )
        await settle()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionLost):
            await opening
        await forward.close()
        with pytest.raises(ConnectionLost):
            await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()


async def test_pending_forward_fails_when_its_multiplexer_ends() -> None:
    side = Side()
    forwards = RemoteForwards(side.mux, lambda: None, 1.0, ignore)
    opening = asyncio.create_task(forwards.listen(TCPAddress("", 0), TARGET))
    await settle(2)
    side.mux.connection_lost(OSError())
    with pytest.raises(ChannelClosed):
        await opening


async def test_open_forward_ends_with_its_connection() -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        forward = await ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}").open()
        async with connecting(forward.port) as (reader, _):
            await until(lambda: ends.client._mux.channels)
            inject(ends.server, m.GlobalRequest(kind="x@y", want_reply=False))
            await ends.client.close()
            await ends.server.wait_closed()
            await read_to_end(reader)
