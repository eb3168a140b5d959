from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from ssh_connection.aio.forward.binding import bind


async def test_a_free_port_is_taken_and_served() -> None:
    server = await bind(asyncio.Protocol, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()

        _, writer = await asyncio.open_connection(host, port)
        writer.close()

        assert (host, server.is_serving()) == ("127.0.0.1", True)


async def test_an_address_of_another_machine_is_told_by_its_number() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it
    with pytest.raises(OSError, match="annot assign requested address") as caught:
        await bind(asyncio.Protocol, "192.0.2.1", 0)

    assert caught.value.errno == errno.EADDRNOTAVAIL


async def test_a_port_in_use_is_told_by_its_number() -> None:
    async with await bind(asyncio.Protocol, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(OSError, match="address already in use") as caught:
            await bind(asyncio.Protocol, "127.0.0.1", port)

    assert caught.value.errno == errno.EADDRINUSE


async def test_a_name_without_an_address_is_told_as_such() -> None:
    with pytest.raises(socket.gaierror):
        await bind(asyncio.Protocol, "host.invalid", 0)
