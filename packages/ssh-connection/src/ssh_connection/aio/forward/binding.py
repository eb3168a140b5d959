"""Listening sockets: asyncio's, with the errors of the operating system on every Python."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress

__all__ = ["bind", "stop_listening"]


async def bind(
    factory: Callable[[], asyncio.BaseProtocol],
    host: str | None,
    port: int,
    *,
    backlog: int = 100,
    start_serving: bool = True,
) -> asyncio.Server:
    """Listen on all addresses of `host`; None are all of this machine, port 0 takes a free one.

    Args:
        factory: makes the protocol of each connection that comes in.
        host: a name or an address.
        port: a TCP port.
        backlog: how many connections may wait to be accepted.
        start_serving: whether connections are accepted at once.

    Raises:
        OSError: it cannot be listened on; `errno` says why, unless the name has no address.
    """
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            factory, host, port=port, backlog=backlog, start_serving=False
        )
    except OSError as error:
        if error.errno is not None:
            raise
        # from 3.13 on, addresses that are not this machine's are passed over, and where
        # that leaves none the error has a text of asyncio's and no number
        number = errno.EADDRNOTAVAIL
        raise OSError(number, os.strerror(number)) from error
    if start_serving:
        try:
            await server.start_serving()
        except BaseException:  # cancelled: no caller has it yet
            server.close()
            raise
    return server


def stop_listening(server: asyncio.Server) -> None:
    """Accept no more connections, and close the sockets one turn of the loop later.

    asyncio gives a connection to its protocol one turn after it has accepted it.  Where the
    server is closed in between, it forgets the connection, and the client waits until the garbage
    collector finds the socket (https://github.com/python/cpython/issues/109564).
    """
    loop = server.get_loop()
    for sock in server.sockets:
        with suppress(NotImplementedError, RuntimeError):  # loops that accept in another way
            loop.remove_reader(sock.fileno())
    loop.call_soon(server.close)
