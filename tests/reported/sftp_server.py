"""An SFTP server that answers one request with bytes from a report, and the others as it must."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from struct import Struct

from ssh_stack import SFTPClient

__all__ = ["talking"]

_UINT32 = Struct(">I")
_INIT, _CLOSE, _OPENDIR, _READDIR, _STAT, _LSTAT = 1, 4, 11, 12, 17, 7
_VERSION = bytes.fromhex("0000000502 00000003")
_HANDLE = bytes.fromhex("0000000a66 00000000 00000001 68")
_ATTRS = bytes.fromhex("0000000d69 00000000 00000004 000081b6")  # a regular file
_EOF = bytes.fromhex("0000001165 00000000 00000001 00000000 00000000")
_OK = bytes.fromhex("0000001165 00000000 00000000 00000000 00000000")


def _answer(reply: bytes, number: bytes) -> bytes:
    """A reply with the id of the request that it answers."""
    return reply[:5] + number + reply[9:]


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: int, reply: bytes
) -> None:
    replies = {_OPENDIR: _HANDLE, _CLOSE: _OK, _STAT: _ATTRS, _LSTAT: _ATTRS, _READDIR: _EOF}
    answered = False
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            size = _UINT32.unpack(await reader.readexactly(4))[0]
            packet = await reader.readexactly(size)
            if packet[0] == _INIT:
                writer.write(reply if kind == _INIT else _VERSION)
            elif packet[0] == kind and not answered:
                answered = True
                writer.write(_answer(reply, packet[1:5]))
            else:
                writer.write(_answer(replies.get(packet[0], _OK), packet[1:5]))
    writer.close()


@asynccontextmanager
async def talking(kind: int, reply: bytes) -> AsyncGenerator[SFTPClient]:
    """Give a client whose server answers the first request of a kind with `reply`."""
    ours, theirs = socket.socketpair()
    server = asyncio.create_task(_serve(*await asyncio.open_connection(sock=theirs), kind, reply))
    reader, writer = await asyncio.open_connection(sock=ours)
    client = SFTPClient.from_streams(reader, writer)
    try:
        async with asyncio.timeout(30):
            await client.start()
            yield client
    finally:
        await client.close()
        writer.close()
        await server
