"""Peers that take their time before they are anybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_wire.binary_packet import pack_packet
from ssh_wire.messages.transport import Ignore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GRACE = 0.4
HELLO = b"SSH-2.0-slow\r\n"


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    del writer


async def trickle(writer: asyncio.StreamWriter) -> None:
    """Send something every few moments: the grace is absolute, no byte prolongs it."""
    for byte in HELLO[:-2]:
        writer.write(bytes([byte]))
        await asyncio.sleep(GRACE / 20)


async def identify(writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO)


async def begin_a_packet(writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO + pack_packet(Ignore(data=bytes(100)).encode(), bytes)[:9])


@pytest.mark.row("T04")
@pytest.mark.parametrize("behave", [say_nothing, trickle, identify, begin_a_packet])
async def test_login_grace_is_absolute(
    behave: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[PrivateKey.generate("ed25519")],
        auth=ssh_stack.AuthorizedKeys([]),
        login_grace=GRACE,
    ) as server:
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(server.host, server.port)
        started = loop.time()
        behaving = asyncio.ensure_future(behave(writer))

        while await reader.read(65536):  # the server's identification and KEXINIT, then the end
            pass

        assert GRACE * 0.9 <= loop.time() - started < GRACE + 5
        await behaving
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
