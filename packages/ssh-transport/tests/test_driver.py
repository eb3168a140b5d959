"""The asyncio driver over sockets, and over streams that are none."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import attrs
import pytest

from drivers import HEAD, KEY, Layer, Reluctant, over_streams
from hostile import FAST, FAST_OPTIONS
from ssh_transport import (
    ComputationRequested,
    Disconnected,
    KexCompleted,
    ServerTransport,
    TransportOptions,
)
from ssh_transport.kex.base import Random
from ssh_transport.kex.dh_modp import ModpKeyPair
from ssh_transport.kex.groups import Group
from ssh_wire import DisconnectReason


@asynccontextmanager
async def joined(
    client: TransportOptions = FAST_OPTIONS,
    server: TransportOptions = FAST_OPTIONS,
    *,
    tcp: bool = False,
) -> AsyncGenerator[tuple[Layer, Layer]]:
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    layers = Layer("client", client), Layer("server", server)
    if tcp:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            mine = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
    else:
        mine, theirs = socket.socketpair()
    for layer, sock in zip(layers, (mine, theirs), strict=True):
        sock.setblocking(False)
        await loop.create_connection(partial(getattr, layer, "driver"), sock=sock)
    try:
        for layer in layers:
            await asyncio.wait_for(layer.ready.wait(), 10)
        yield layers
    finally:
        for layer in layers:
            layer.driver.close()
        for layer in layers:
            await asyncio.wait_for(layer.driver.wait_closed(), 10)
            assert not layer.driver._timer.pending
            assert len(layer.lost) == 1
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("tcp", [False, True])
async def test_drivers_complete_handshake_and_disconnect(tcp: bool) -> None:
    async with joined(tcp=tcp) as (client, server):
        assert client.core.agreement == server.core.agreement
        client.core.send_payload(HEAD, b"data")
        client.driver.flush()
        await server.until(lambda: server.received == 9)
        client.driver.close()
        await server.driver.wait_closed()
        assert client.ended.error is None
        assert client.ended.reason == DisconnectReason.BY_APPLICATION
        assert server.ended.by_peer
        assert client.lost == server.lost == [None]
        client.driver.close()
        client.driver.flush()
        client.driver.schedule_flush()


async def test_tcp_connection_has_nodelay_and_no_keepalive() -> None:
    async with joined(tcp=True) as (client, _):
        sock = client.driver._socket
        assert sock is not None
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_handshake_completes_without_quickack_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ssh_transport.aio.driver._QUICKACK", None)
    async with joined(tcp=True) as (client, server):
        assert client.core.agreement == server.core.agreement


async def test_bulk_data_both_ways_under_rekeys() -> None:
    options = TransportOptions(algorithms=FAST, rekey_bytes=400_000)
    size, count = 30_000, 150
    async with joined(options, options) as layers:
        left = {id(layer): count for layer in layers}

        def produce(layer: Layer) -> None:
            while left[id(layer)] and not layer.driver.congested:
                layer.core.send_payload(HEAD, bytes(size))
                left[id(layer)] -= 1
            layer.driver.schedule_flush()

        def complete(layer: Layer) -> bool:
            return layer.received == count * (size + 5)

        async def feed(layer: Layer) -> None:
            produce(layer)
            while left[id(layer)]:
                await layer.until(lambda: not layer.driver.congested)
                produce(layer)

        await asyncio.gather(*map(feed, layers))
        for layer in layers:
            await layer.until(partial(complete, layer))
            assert sum(isinstance(event, KexCompleted) for event in layer.events) > 5
            assert "uncongested" in layer.told


async def test_one_wake_up_flushes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with joined() as (client, server):
        writes: list[int] = []
        stream = client.driver._stream
        assert stream is not None
        write = stream.write

        def counted(data: bytes | bytearray | memoryview) -> None:
            writes.append(len(data))
            write(data)

        monkeypatch.setattr(stream, "write", counted)
        for _ in range(20):
            client.core.send_payload(HEAD)
            client.driver.schedule_flush()
        assert writes == []
        await server.until(lambda: server.received == 100)
        assert len(writes) == 1


async def test_flush_leaves_nothing_to_flush_later() -> None:
    async with joined() as (client, server):
        client.told.clear()
        client.core.send_payload(HEAD)
        client.driver.schedule_flush()
        client.driver.flush()
        await server.until(lambda: server.received == 5)
        assert client.told == ["batch"]


async def test_replies_of_one_wake_up_are_written_at_once() -> None:
    client, server, up, down = over_streams()

    def answer(payload: memoryview) -> None:
        server.core.send_payload(bytes(payload))
        server.driver.schedule_flush()

    server.core.sink = answer
    await asyncio.sleep(0)  # both know that they are not congested any more
    for _ in range(3):
        client.core.send_payload(HEAD)
    client.driver.flush()
    server.told.clear()
    server.driver.feed(up.taken())
    assert len(down.written) == 1
    assert server.driver._soon is None
    assert server.told == ["batch"]
    client.driver.feed(down.taken())
    assert client.received == 15
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_sink_may_flush_and_feed_within_wake_up() -> None:
    client, server, up, down = over_streams()
    for _ in range(2):
        client.core.send_payload(HEAD)
        client.driver.flush()
    first, second = up.written

    def answer(payload: memoryview) -> None:
        server.received += len(payload)
        server.core.send_payload(bytes(payload))
        server.driver.flush()
        if server.received == 5:
            server.driver.feed(second)

    server.core.sink = answer
    server.driver.feed(first)
    assert server.received == 10
    assert len(down.written) == 2
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_closed_socket_ends_connection_as_lost() -> None:
    async with joined() as (client, server):
        client.driver.abort()
        await server.driver.wait_closed()
        assert server.ended.reason == DisconnectReason.CONNECTION_LOST
        assert client.ended.reason == DisconnectReason.CONNECTION_LOST
        client.driver.abort()


# ---------------------------------------------------------------- arithmetic


SLOW = TransportOptions(algorithms=attrs.evolve(FAST, kex=("diffie-hellman-group16-sha512",)))


async def test_event_loop_runs_while_key_exchange_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The arithmetic here waits for the loop: on the loop it would wait for ever."""
    loop = asyncio.get_running_loop()
    threads = set[int]()
    key_pair = ModpKeyPair.__init__

    def slow(self: ModpKeyPair, group: Group, random: Random) -> None:
        threads.add(threading.get_ident())
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)
        key_pair(self, group, random)

    monkeypatch.setattr(ModpKeyPair, "__init__", slow)
    async with joined(SLOW, SLOW) as (client, server):
        assert client.core.agreement == server.core.agreement
        client.core.start_rekey()
        client.driver.flush()
        await server.until(lambda: isinstance(server.events[-1], KexCompleted))
    assert threading.get_ident() not in threads
    for layer in (client, server):
        assert not any(isinstance(event, ComputationRequested) for event in layer.events)


def wait_for(event: threading.Event) -> None:
    assert event.wait(10)


def computing(monkeypatch: pytest.MonkeyPatch, compute: Callable[[], None]) -> Layer:
    """A client whose share is being computed in a thread."""

    def make(self: ModpKeyPair, group: Group, random: Random) -> None:
        del self, group, random
        compute()

    monkeypatch.setattr(ModpKeyPair, "__init__", make)
    layer, stream = Layer("client", SLOW), Reluctant()
    stream.driver = layer.driver
    layer.driver.connection_made(cast("asyncio.BaseTransport", stream))
    server = ServerTransport(SLOW, random=os.urandom, now=0.0, host_keys=[KEY.public_key])
    data = server.take_outgoing()
    assert data is not None
    layer.driver.feed(data)
    assert layer.core.paused
    stream.taken()
    return layer


async def problems_of(loop: asyncio.AbstractEventLoop, go_on: Callable[[], None]) -> list[object]:
    """Let the threads end; return what went wrong in the callbacks of the loop."""
    found: list[object] = []
    loop.set_exception_handler(lambda _, context: found.append(context.get("exception")))
    go_on()
    await loop.shutdown_default_executor()
    for _ in range(3):
        await asyncio.sleep(0)
    return found


async def test_connection_may_end_while_key_exchange_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = threading.Event()
    layer = computing(monkeypatch, partial(wait_for, done))
    stream = cast("Reluctant", layer.driver._stream)
    layer.driver.connection_lost(None)
    assert await problems_of(asyncio.get_running_loop(), done.set) == []
    assert isinstance(layer.events[-1], Disconnected)
    assert stream.taken() == b""


async def test_computation_that_raises_closes_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = threading.Event()

    def breaks() -> None:
        wait_for(broken)
        raise MemoryError

    layer = computing(monkeypatch, breaks)
    stream = cast("Reluctant", layer.driver._stream)
    [problem] = await problems_of(asyncio.get_running_loop(), broken.set)
    assert isinstance(problem, MemoryError)
    assert stream.calls[-1] == "abort"
    assert isinstance(layer.events[-1], Disconnected)
