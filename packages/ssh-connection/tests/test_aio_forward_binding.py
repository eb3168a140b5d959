from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
from contextlib import suppress

import pytest

from ssh_connection.aio.forward.binding import bind, stop_listening


async def test_free_port_is_bound_and_served() -> None:
    server = await bind(asyncio.Protocol, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()

        _, writer = await asyncio.open_connection(host, port)
        writer.close()

        assert (host, server.is_serving()) == ("127.0.0.1", True)


async def test_address_of_another_machine_fails_with_eaddrnotavail() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it
    with pytest.raises(OSError, match="annot assign requested address") as caught:
        await bind(asyncio.Protocol, "192.0.2.1", 0)

    assert caught.value.errno == errno.EADDRNOTAVAIL


async def test_port_in_use_fails_with_eaddrinuse() -> None:
    async with await bind(asyncio.Protocol, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(OSError, match="address already in use") as caught:
            await bind(asyncio.Protocol, "127.0.0.1", port)

    assert caught.value.errno == errno.EADDRINUSE


async def test_name_without_an_address_fails_with_gaierror() -> None:
    with pytest.raises(socket.gaierror):
        await bind(asyncio.Protocol, "host.invalid", 0)


class _Closing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@pytest.mark.parametrize("turns", range(6))
async def test_client_that_connects_as_listening_ends_is_not_forgotten(turns: int) -> None:
    server = await bind(_Closing, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        client.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)

        stop_listening(server)

        async with asyncio.timeout(10):
            with suppress(ConnectionResetError):  # it was not accepted any more
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
    await server.wait_closed()
    gc.collect()  # warns of a socket that is still open


async def test_port_is_free_once_listening_has_ended() -> None:
    server = await bind(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    stop_listening(server)
    stop_listening(server)
    await server.wait_closed()

    async with await bind(asyncio.Protocol, "127.0.0.1", port):
        pass


async def test_listening_that_is_cancelled_at_any_turn_leaves_no_socket() -> None:
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (their number is enough)
    for turns in range(6):
        task = asyncio.create_task(bind(asyncio.Protocol, "127.0.0.1", 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result().close()
        await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208 (the same)
