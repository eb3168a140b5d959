"""The driver over streams that are no asyncio transports, step by step."""

from __future__ import annotations

import asyncio
import socket

import pytest

from drivers import HEAD, Layer, over_streams
from hostile import FAST, FAST_OPTIONS, plain
from ssh_transport import (
    Limits,
    TransportOptions,
)
from ssh_wire import DisconnectReason
from ssh_wire.messages.transport import Ping


async def test_driver_runs_over_any_byte_transport() -> None:
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


async def test_full_stream_makes_driver_congested_until_resumed() -> None:
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


async def test_memory_kept_by_stream_is_not_reused() -> None:
    client, server, up, _ = over_streams()
    for unsent in (1, 0):
        up.unsent = unsent
        up.memory.clear()
        for _ in range(4):
            client.core.send_payloads([(HEAD, bytes(32_000))] * 8)
            client.driver.flush()
        distinct = {id(memory) for memory in up.memory}
        assert (len(distinct) == len(up.memory)) is bool(unsent)
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_endless_writer_lets_other_tasks_run() -> None:
    client, server, up, _ = over_streams()
    core, turns = client.core, 0

    def write_more() -> None:
        if turns < 3:
            core.send_payload(HEAD, bytes(200_000))
            core.send_payload(HEAD, bytes(200_000))

    client.uncongested = write_more  # type: ignore[method-assign]
    up.written.clear()
    write_more()
    client.driver.flush()
    sizes: list[int] = []
    while up.written:
        sizes.append(len(up.taken()) // 400_000)
        turns += 1
        await asyncio.sleep(0)
    assert sizes == [4, 4, 4]
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_pause_within_flush_writes_once() -> None:
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


async def test_driver_is_congested_during_key_exchange() -> None:
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


async def test_close_writes_disconnect_to_stuck_stream_and_aborts_it() -> None:
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


async def test_rekey_without_reply_ends_connection_at_timeout() -> None:
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


async def test_error_of_handler_aborts_connection() -> None:
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
    assert not client.driver._timer.pending
    server.driver.connection_lost(None)


async def test_data_after_end_is_dropped() -> None:
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


async def test_http_request_on_socket_ends_connection() -> None:
    loop = asyncio.get_running_loop()
    server = Layer("server", FAST_OPTIONS)
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    await loop.create_connection(lambda: server.driver, sock=theirs)
    with mine:
        mine.sendall(b"GET / HTTP/1.0\r\n\r\n")
        await asyncio.wait_for(server.driver.wait_closed(), 10)
    assert server.ended.reason == DisconnectReason.PROTOCOL_VERSION_NOT_SUPPORTED


async def test_flush_before_connection_is_made_does_nothing() -> None:
    client = Layer("client", FAST_OPTIONS)
    client.driver.flush()
    client.driver.schedule_flush()
    client.driver.schedule_flush()
    assert client.core.outgoing_size > 0
    client.driver.abort()
    client.driver.connection_lost(None)
    assert client.driver._soon is None


async def test_flush_after_writes_at_once_and_asks_for_no_turn_of_the_loop() -> None:
    client, server, up, _ = over_streams()
    up.written.clear()

    def work() -> None:
        client.core.send_payload(HEAD)
        client.driver.schedule_flush()
        assert not up.written  # everything that it sends leaves together
        client.core.send_payload(HEAD)

    client.driver.flush_after(work)
    assert len(up.written) == 1
    server.driver.feed(up.taken())
    assert server.received == 10
    client.told.clear()
    await asyncio.sleep(0)
    assert client.told == []
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_flush_after_writes_what_work_sent_before_it_failed() -> None:
    client, server, up, _ = over_streams()
    up.written.clear()

    def work() -> None:
        client.core.send_payload(HEAD)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        client.driver.flush_after(work)
    assert len(up.written) == 1
    client.driver.schedule_flush()  # the driver is not left busy
    await asyncio.sleep(0)
    for layer in (client, server):
        layer.driver.connection_lost(None)


async def test_flush_after_within_wake_up_leaves_writing_to_it() -> None:
    client, server, up, down = over_streams()

    def batch_done() -> None:
        client.driver.flush_after(lambda: client.core.send_payload(HEAD))
        client.told.append(f"{len(up.written)} written")

    client.batch_done = batch_done  # type: ignore[method-assign]
    server.core.send_payload(HEAD)
    server.driver.flush()
    up.written.clear()
    client.told.clear()
    client.driver.feed(down.taken())
    assert client.told[0] == "0 written"
    assert len(up.written) == 1
    client.batch_done = lambda: None  # type: ignore[method-assign]
    for layer in (client, server):
        layer.driver.connection_lost(None)
