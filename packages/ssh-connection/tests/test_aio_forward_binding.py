from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from ssh_connection.aio.forward.binding import bind


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
