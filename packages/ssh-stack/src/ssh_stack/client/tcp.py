"""A TCP connection to a host, whichever of its addresses answers first."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_stack.errors import ConnectFailed, ConnectRefused, HostNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["connect_tcp"]

_ATTEMPT_DELAY: Final = 0.25  # "Connection Attempt Delay" of RFC 8305 section 5

_SocketAddress: TypeAlias = tuple[socket.AddressFamily, Any]


async def connect_tcp(
    host: str,
    port: int,
    *,
    family: socket.AddressFamily = socket.AF_UNSPEC,
    bind: str | None = None,
) -> socket.socket:
    """Return a socket that is connected to `host:port`.

    All addresses are tried, IPv6 and IPv4 in turn, each a quarter of a second behind the one
    before it or as soon as that has failed (RFC 8305).

    Args:
        host: a name or an address.
        port: the port.
        family: AF_INET or AF_INET6 uses addresses of that family alone.
        bind: an address of this machine to connect from.

    Raises:
        ConnectFailed: the name has no address, or none of its addresses answers.
    """
    candidates = _alternate_families(await _resolve(host, port, family))
    failures: list[OSError] = []
    attempts: set[asyncio.Task[socket.socket]] = set()
    try:
        for candidate in candidates:
            attempts.add(asyncio.get_running_loop().create_task(_attempt(candidate, bind)))
            if found := await _first_connected(attempts, failures, _ATTEMPT_DELAY):
                return found
        while attempts:
            if found := await _first_connected(attempts, failures, None):
                return found
    finally:
        await _cancel_attempts(attempts)
    refused = all(each.errno == errno.ECONNREFUSED for each in failures)
    raise (ConnectRefused if refused else ConnectFailed)(host, port, failures)


async def _resolve(host: str, port: int, family: socket.AddressFamily) -> list[_SocketAddress]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"could not resolve hostname {host}: {reason or 'not a host name'}"
        raise HostNotFound(host, port, [error], problem) from None
    return list(dict.fromkeys((each[0], each[4]) for each in found))


def _alternate_families(candidates: Sequence[_SocketAddress]) -> list[_SocketAddress]:
    """Order addresses so that the families take turns, beginning with the first one's."""
    first = [candidate for candidate in candidates if candidate[0] == candidates[0][0]]
    others = [candidate for candidate in candidates if candidate[0] != candidates[0][0]]
    pairs = chain.from_iterable(zip_longest(first, others))
    return [candidate for candidate in pairs if candidate is not None]


async def _attempt(candidate: _SocketAddress, bind: str | None) -> socket.socket:
    family, address = candidate
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if bind is not None:
            sock.bind((bind, 0))
        await asyncio.get_running_loop().sock_connect(sock, address)
    except OSError as error:
        sock.close()
        # asyncio's text repeats the address, and ours has it
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno, reason, str(address[0])) from None
    except BaseException:
        sock.close()
        raise
    return sock


async def _first_connected(
    attempts: set[asyncio.Task[socket.socket]], failures: list[OSError], seconds: float | None
) -> socket.socket | None:
    """Return the first socket that is connected; None if `seconds` pass or an attempt fails."""
    done, _ = await asyncio.wait(attempts, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for attempt in done:
        error = attempt.exception()
        if error is None:
            attempts.remove(attempt)
            return attempt.result()
        attempts.remove(attempt)
        if not isinstance(error, OSError):
            raise error
        failures.append(error)
    return None


async def _cancel_attempts(attempts: set[asyncio.Task[socket.socket]]) -> None:
    """End what is under way; a socket that connects at the last moment is closed."""
    for attempt in attempts:
        attempt.cancel()
    for attempt in attempts:
        with suppress(OSError, asyncio.CancelledError):
            (await attempt).close()
