"""The asyncio driver over sockets, and over streams that are none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from os import urandom

import pytest

from hostile import FAST, FAST_OPTIONS, plain
from ssh_keys import PrivateKey
from ssh_transport import (
    ClientTransport,
    Disconnected,
    Event,
    HostKeyReceived,
    KexCompleted,
    Limits,
    ServerTransport,
    ServiceAccepted,
    ServiceRequested,
    SignatureRequested,
    TransportOptions,
)
from ssh_transport.aio import Driver
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import Ping

KEY = PrivateKey.generate("ed25519")
HEAD = b"\x5e\0\0\0\0"


class Layer:
    """The layer above one driver: answers, counts, and keeps what it was told."""

    def __init__(self, role: str, options: TransportOptions) -> None:
        self.events: list[Event] = []
        self.told: list[str] = []
        self.received = 0
        self.ready = asyncio.Event()
        self.progress = asyncio.Event()
        self.lost: list[Exception | None] = []
        self.core: ClientTransport | ServerTransport
        if role == "client":
            self.core = ClientTransport(options, random=urandom, now=0.0)
            self.core.request_service("ssh-userauth")
        else:
            keys = (KEY.public_key,)
            self.core = ServerTransport(options, random=urandom, now=0.0, host_keys=keys)
        self.core.sink = self.sink
        self.driver = Driver(self.core, self, close_timeout=0.05)

    def sink(self, payload: memoryview) -> None:
        self.received += len(payload)
        self.progress.set()

    def transport_event(self, event: Event) -> None:
        self.events.append(event)
        core = self.core
        match event:
            case HostKeyReceived():
                assert isinstance(core, ClientTransport)
                core.accept_host_key()
            case SignatureRequested():
                assert isinstance(core, ServerTransport)
                core.provide_signature(KEY.sign(event.data, event.algorithm))
            case ServiceRequested():
                assert isinstance(core, ServerTransport)
                core.accept_service(event.name)
                core.authenticated()
                self.ready.set()
            case ServiceAccepted():
                core.authenticated()
                self.ready.set()
            case _:
                self.progress.set()

    def uncongested(self) -> None:
        self.told.append("uncongested")
        self.progress.set()

    def batch_done(self) -> None:
        self.told.append("batch")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.progress.clear()
            await asyncio.wait_for(self.progress.wait(), 10)

    @property
    def ended(self) -> Disconnected:
        last = self.events[-1]
        assert isinstance(last, Disconnected)
        return last


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
            assert layer.driver._timer is None
            assert len(layer.lost) == 1
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_handshake_and_a_goodbye(tcp: bool) -> None:
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


async def test_tcp_options() -> None:
    async with joined(tcp=True) as (client, _):
        sock = client.driver._socket
        assert sock is not None
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_a_platform_without_quick_acknowledgements(
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


async def test_answers_leave_with_the_wake_up() -> None:
    client, server, up, down = over_streams()

    def answer(payload: memoryview) -> None:
        server.core.send_payload(bytes(payload))
        server.driver.schedule_flush()

    server.core.sink = answer
    await asyncio.sleep(0)  # both have heard that they are not congested any more
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


async def test_a_layer_that_flushes_and_feeds_within_a_wake_up() -> None:
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


class Reluctant:
    """A byte stream that is no asyncio transport, and that can stop taking."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.calls: list[str] = []
        self.driver: Driver | None = None
        self.full_after: int | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        if self.full_after is not None and len(self.written) >= self.full_after:
            assert self.driver is not None
            self.driver.pause_writing()

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")
        assert self.driver is not None
        asyncio.get_running_loop().call_soon(self.driver.connection_lost, None)

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.calls.append(f"limits {high} {low}")

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": "memory"}.get(name, default)

    def taken(self) -> bytes:
        data = b"".join(self.written)
        self.written.clear()
        return data


def over_streams(
    client: TransportOptions = FAST_OPTIONS, server: TransportOptions = FAST_OPTIONS
) -> tuple[Layer, Layer, Reluctant, Reluctant]:
    layers = Layer("client", client), Layer("server", server)
    streams = Reluctant(), Reluctant()
    for layer, stream in zip(layers, streams, strict=True):
        stream.driver = layer.driver
        layer.driver.connection_made(stream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _ in range(4):
        layers[1].driver.feed(streams[0].taken())
        layers[0].driver.feed(streams[1].taken())
    assert layers[0].ready.is_set()
    assert layers[1].ready.is_set()
    return *layers, *streams


async def test_any_source_of_bytes() -> None:
    client, server, up, down = over_streams()
    assert up.calls == [f"limits {2**20} None"]
    client.core.send_payload(HEAD)
    client.driver.flush()
    server.driver.feed(up.taken())
    assert server.received == 5
    server.driver.feed_eof()
    assert server.ended.reason == DisconnectReason.CONNECTION_LOST
    assert down.calls[-1] == "close"
    server.driver.feed(b"late")
    server.driver.connection_lost(None)
    client.driver.close()
    client.driver.connection_lost(OSError("gone"))
    await client.driver.wait_closed()
    await server.driver.wait_closed()
    assert isinstance(client.lost[0], OSError)


async def test_a_stream_that_takes_no_more() -> None:
    client, server, up, _ = over_streams()
    up.full_after = 1
    for _ in range(5):
        client.core.send_payload(HEAD, bytes(200_000))
    assert client.driver.congested  # as much waits as one write should have
    client.driver.flush()
    assert client.driver.congested
    assert len(up.written) == 1
    assert client.core.outgoing_size > 0
    client.told.clear()
    up.full_after = None
    client.driver.resume_writing()
    assert client.core.outgoing_size == 0
    await client.until(lambda: "uncongested" in client.told)
    assert client.told.count("uncongested") == 1
    server.driver.feed(up.taken())
    assert server.received == 5 * 200_005
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_a_stream_that_is_stuck_for_the_time_of_a_call() -> None:
    client, server, up, _ = over_streams()
    up.full_after = 1
    up.written.clear()
    client.core.send_payload(HEAD)

    def resumed() -> None:
        client.driver.resume_writing()

    client.batch_done = resumed  # type: ignore[method-assign]
    client.driver.pause_writing()
    client.driver.flush()
    assert len(up.written) == 1
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_congestion_during_a_key_exchange() -> None:
    client, server, up, down = over_streams()
    client.core.start_rekey()
    client.driver.flush()
    assert client.driver.congested
    for _ in range(3):
        server.driver.feed(up.taken())
        client.driver.feed(down.taken())
    assert not client.driver.congested
    await client.until(lambda: "uncongested" in client.told)
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_the_last_words_leave_a_stuck_stream_and_it_is_aborted() -> None:
    client, _, up, _ = over_streams()
    client.driver.pause_writing()
    up.taken()
    client.driver.close()
    assert len(up.taken()) > 0
    assert up.calls[-1] == "close"
    await asyncio.wait_for(client.driver.wait_closed(), 10)  # the stream never closes by itself
    assert up.calls[-1] == "abort"


async def test_reading_stops_while_input_waits() -> None:
    options = TransportOptions(algorithms=FAST, limits=Limits(outgoing_bytes=100_000))
    client, server, up, down = over_streams(FAST_OPTIONS, options)
    down.full_after = 1
    ping = Ping(data=bytes(30_000)).encode()
    for _ in range(60):
        client.core.send_payload(ping)
    client.driver.flush()
    for data in up.written:
        server.driver.feed(data)
    assert "pause" in down.calls
    assert server.core.paused
    down.full_after = None
    server.driver.resume_writing()
    assert down.calls[-1] == "resume"
    assert not server.core.paused
    assert len(down.taken()) > 60 * 30_000
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_the_timer_follows_the_core() -> None:
    loop = asyncio.get_running_loop()
    now = [0.0]
    client = Layer("client", FAST_OPTIONS)
    driver = Driver(client.core, client, clock=lambda: now[0])
    driver._set_timer(None)
    assert driver._timer is None
    driver._set_timer(3600.0)
    first = driver._timer
    assert first is not None
    assert abs(first.when() - loop.time() - 3600) < 5
    driver._set_timer(7200.0)
    assert driver._timer is first
    driver._set_timer(60.0)
    assert first.cancelled()
    second = driver._timer
    assert second is not None
    second.cancel()
    now[0] = 42.0
    driver._time_has_come()
    assert client.core.now == 42.0
    assert driver._timer is None


async def test_a_rekey_that_the_peer_never_completes() -> None:
    options = TransportOptions(algorithms=FAST, limits=Limits(rekey_timeout=0.01))
    client, server, up, _ = over_streams(options)
    client.core.now = asyncio.get_running_loop().time()
    client.core.start_rekey()
    client.driver.flush()
    await client.until(lambda: client.core.closed)
    assert client.ended.reason == DisconnectReason.KEY_EXCHANGE_FAILED
    assert up.calls[-1] == "close"
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_a_handler_that_fails_leaves_no_half_dead_connection() -> None:
    client, server, up, _ = over_streams()

    def fail() -> None:
        raise ZeroDivisionError

    client.batch_done = fail  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        client.driver.flush()
    assert up.calls[-1] == "abort"
    with pytest.raises(ZeroDivisionError):
        client.driver.connection_lost(None)
    await client.driver.wait_closed()
    assert client.driver._timer is None
    server.driver.connection_lost(None)


async def test_what_arrives_after_the_end_is_dropped() -> None:
    client, server, up, _ = over_streams()
    client.driver.close()
    up.taken()
    count = len(client.events)
    room = client.driver.get_buffer(-1)
    room[:8] = plain(b"\x15")[:8]
    client.driver.buffer_updated(8)
    client.driver.feed(b"x")
    client.driver.flush()
    assert len(client.events) == count
    assert up.written == []
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_the_peer_closes_the_socket() -> None:
    async with joined() as (client, server):
        client.driver.abort()
        await server.driver.wait_closed()
        assert server.ended.reason == DisconnectReason.CONNECTION_LOST
        assert client.ended.reason == DisconnectReason.CONNECTION_LOST
        client.driver.abort()


async def test_garbage_on_the_socket() -> None:
    loop = asyncio.get_running_loop()
    server = Layer("server", FAST_OPTIONS)
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    await loop.create_connection(lambda: server.driver, sock=theirs)
    with mine:
        mine.sendall(b"GET / HTTP/1.0\r\n\r\n")
        await asyncio.wait_for(server.driver.wait_closed(), 10)
    assert server.ended.reason == DisconnectReason.PROTOCOL_VERSION_NOT_SUPPORTED


async def test_a_flush_before_the_connection_is_there() -> None:
    client = Layer("client", FAST_OPTIONS)
    client.driver.flush()
    client.driver.schedule_flush()
    client.driver.schedule_flush()
    assert client.core.outgoing_size > 0
    client.driver.abort()
    client.driver.connection_lost(None)
    assert client.driver._soon is None
