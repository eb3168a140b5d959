"""Forwarded TCP ports: half-closes, back-pressure, refusals, certain ends."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from programs import FORWARDING, limited, pair, read_to_end, settle, until
from sockets import closed_port, connecting, listening, shout
from ssh_connection import ChannelType
from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_connection.aio import Channel, LocalForward
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.aio.forward.listeners import listener_for
from ssh_connection.aio.forward.stages import fixed
from ssh_connection.channel import ChannelProtocol
from ssh_wire import OpenFailureReason, UsageError
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def talk(port: int, data: bytes = b"hello") -> bytes:
    async with connecting(port) as (reader, writer):
        writer.write(data)
        writer.write_eof()
        return await reader.read()


async def test_local_forward_carries_connections_both_ways_with_half_closes() -> None:
    async with (
        listening() as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}") as forward,
    ):
        assert forward.host == "127.0.0.1"
        answers = await asyncio.gather(*(talk(forward.port, b"hello") for _ in range(10)))
        assert answers == [b"HELLO"] * 10
        await until(lambda: not forward._carried.tasks)
        assert not ends.client._mux.channels


async def test_origin_of_a_connection_is_sent_to_the_server() -> None:
    origins: list[tuple[str, int]] = []

    async with pair() as ends:

        def note(message: m.DirectTCPIPOpen, core: ChannelProtocol) -> None:
            origins.append((message.origin_host, message.origin_port))
            core.refuse(OpenFailureReason.CONNECT_FAILED)

        ends.server.register(ChannelType(message=m.DirectTCPIPOpen, opened=note))
        async with (
            ends.client.forward_local("127.0.0.1:0", "target:1") as forward,
            connecting(forward.port) as (reader, writer),
        ):
            assert await reader.read() == b""
            assert origins == [writer.get_extra_info("sockname")]


@pytest.mark.parametrize("reason", ["nothing listens", "not allowed", "no such host"])
async def test_connection_is_closed_when_its_target_cannot_be_reached(reason: str) -> None:
    host = "x" * 100 + ".invalid" if reason == "no such host" else "127.0.0.1"
    options = {} if reason == "not allowed" else FORWARDING
    async with (
        pair(**options) as ends,
        ends.client.forward_local(("127.0.0.1", 0), (host, closed_port())) as forward,
    ):
        with pytest.raises((ConnectionError, AssertionError)):
            assert await talk(forward.port)
        await until(lambda: not forward._carried.tasks)


@pytest.mark.parametrize("size", [1_000_000])
async def test_much_data_arrives_whole_through_small_windows(size: int) -> None:
    data = bytes(range(250)) * (size // 250)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(10_000):
            writer.write(piece)
            await writer.drain()

    small = {"window": 40_000, "write_buffer": 10_000}
    async with (
        listening(echo) as target,
        pair(client=limited(**small), **limited(**small), **FORWARDING) as ends,
        ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}") as forward,
        connecting(forward.port) as (reader, writer),
    ):

        async def send() -> None:
            writer.write(data)
            await writer.drain()
            writer.write_eof()

        sending = asyncio.create_task(send())
        assert await reader.read() == data
        await sending


@pytest.mark.row("R04")
async def test_unread_connection_stops_its_sender_and_no_other() -> None:
    sent = 0

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(bytes(10_000))
            await writer.drain()
            sent += 10_000

    small = {"window": 40_000, "write_buffer": 10_000}
    async with (
        listening(flood) as target,
        pair(client=limited(**small), **limited(**small), **FORWARDING) as ends,
        ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}") as forward,
    ):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        raw.connect(("127.0.0.1", forward.port))
        before = -1
        while before != sent:
            before = sent
            await settle(2000)
        assert await ends.client.ping() >= 0
        raw.close()
        await until(lambda: not forward._carried.tasks)


@pytest.mark.parametrize("way", ["reset here", "reset there", "closed here", "closed there"])
async def test_connection_that_ends_on_one_side_ends_on_the_other(way: str) -> None:
    arrived = asyncio.Event()
    over = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        if way == "reset there":
            writer.transport.abort()
        elif way == "closed there":
            writer.close()
        else:
            try:
                assert await reader.read() == b""
            finally:
                over.set()

    async with (
        listening(meet) as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}") as forward,
        connecting(forward.port) as (reader, writer),
    ):
        await arrived.wait()
        if way == "reset here":
            writer.transport.abort()
            await over.wait()
        elif way == "closed here":
            writer.close()
            await over.wait()
        else:
            try:
                assert await reader.read() == b""
            except ConnectionError:
                assert way == "reset there"
            writer.close()
        await until(lambda: not forward._carried.tasks)
        await until(lambda: not ends.client._mux.channels)


async def test_forward_that_is_left_closes_its_connections_and_its_port() -> None:
    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(hold) as target, pair(**FORWARDING) as ends:
        async with ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            await until(lambda: ends.server._mux.channels)
            await settle()
        await read_to_end(reader)
        writer.close()
        with pytest.raises(ConnectionError):
            await talk(forward.port)
        await forward.close()
        await until(lambda: not ends.server._mux.channels)
        assert forward not in ends.client._children.things


async def test_open_forward_ends_with_its_connection() -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        forward = await ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}").open()
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
        await until(lambda: ends.server._mux.channels)
        assert ends.link is not None
        ends.link.cut()
        await ends.client.wait_closed()
        with pytest.raises(ConnectionError):
            await talk(forward.port)
        await read_to_end(reader)
        writer.close()
        with pytest.raises(ConnectionError):
            await ends.client.forward_local("127.0.0.1:0", "host:1").open()


async def test_port_in_use_cannot_be_listened_on() -> None:
    async with listening() as taken, pair() as ends:
        with pytest.raises(OSError, match="in use"):
            async with ends.client.forward_local(f"127.0.0.1:{taken}", "host:1"):
                pass
        assert not ends.client._children.things


@pytest.mark.row("X08")
async def test_local_forward_can_be_cancelled_at_every_step_of_listening() -> None:
    async with pair() as ends:
        for turns in range(20):
            opening = asyncio.create_task(
                ends.client.forward_local("127.0.0.1:0", "host:1").open()
            )
            await settle(turns)
            if opening.done():
                await (await opening).close()
                break
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
        assert not ends.client._children.things


async def test_connection_that_arrives_after_the_forwards_end_is_closed() -> None:
    async with pair() as ends:
        forward = await ends.client.forward_local("127.0.0.1:0", "host:1").open()
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
        forward._carried.stop()
        await read_to_end(reader)
        writer.close()
        await forward.close()


async def test_forward_that_never_listened_closes_and_accepts_nothing() -> None:
    async def channel(_to: Address, _origin: tuple[str, int]) -> Channel:
        raise OSError

    here = TCPAddress("127.0.0.1", 0)
    forward = LocalForward(listener_for(here), fixed(here), channel, lambda _: None)
    await forward.close()
    bridge = Bridge()
    forward._accepted(bridge)
    await settle(2)
    assert not forward._carried.tasks


async def test_connection_that_is_cut_is_reset_and_not_ended() -> None:
    """Whoever reads it takes what has arrived for all of it otherwise."""

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"part")
        await asyncio.Event().wait()

    async with listening(hang) as target, pair(**FORWARDING) as ends:
        forward = await ends.client.forward_local("127.0.0.1:0", f"127.0.0.1:{target}").open()
        async with connecting(forward.port) as (reader, _):
            assert await reader.readexactly(4) == b"part"
            assert ends.link is not None
            ends.link.cut()
            with pytest.raises(ConnectionResetError):
                await reader.read()


async def test_unix_socket_here_leads_to_a_port_there(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with (
        listening() as target,
        pair(**FORWARDING) as ends,
        ends.client.forward_local(path, f"127.0.0.1:{target}") as forward,
    ):
        assert forward.address == UnixAddress(str(path))
        for name in ("host", "port"):
            with pytest.raises(UsageError, match="it has no host and port"):
                getattr(forward, name)
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"hello")
        writer.write_eof()
        assert await reader.read() == b"HELLO"
        writer.close()
        await until(lambda: not forward.connections)
    with pytest.raises(FileNotFoundError):
        await asyncio.open_unix_connection(str(path))


async def test_port_there_leads_to_a_unix_socket_here(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shout(reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    async with (
        server,
        pair(**FORWARDING) as ends,
        ends.client.forward_remote("127.0.0.1:0", path) as forward,
    ):
        assert await talk(forward.port) == b"HELLO"
    async with pair(**FORWARDING) as ends, ends.client.forward_remote(0, path) as forward:
        with suppress(FileNotFoundError):  # Python 3.13 has removed it
            os.unlink(path)  # noqa: PTH108 (in an async function)
        with pytest.raises((ConnectionError, AssertionError)):
            assert await talk(forward.port)
