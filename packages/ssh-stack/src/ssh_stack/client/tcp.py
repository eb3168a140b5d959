"""A TCP connection to a host, whichever of its addresses answers first."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from contextlib import suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ssh_wire import UsageError, lazy
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssh_stack import errors
    from ssh_stack.client.plan.route import RoutePlan
else:
    # rarely used
    errors = lazy.module("ssh_stack.errors")

__all__ = ["connect_tcp", "set_traffic_class"]

_log = logging.getLogger("ssh_stack")
_ATTEMPT_DELAY: Final = 0.25  # "Connection Attempt Delay" of RFC 8305 section 5
_RETRY_DELAY: Final = 1.0  # seconds between ConnectionAttempts
_FAMILIES: Final = {
    "any": socket.AF_UNSPEC,
    "inet": socket.AF_INET,
    "inet6": socket.AF_INET6,
}

_SocketAddress: TypeAlias = tuple[socket.AddressFamily, Any]


async def connect_tcp(
    host: str, port: int, route: RoutePlan, failures: list[OSError] | None = None
) -> socket.socket:
    """Return a socket that is connected to `host:port`.

    All addresses are tried, IPv6 and IPv4 in turn, each a quarter of a second behind the one
    before it or as soon as that has failed (RFC 8305).

    Args:
        host: a name or an address.
        port: the port.
        route: which addresses may be used, what the socket is bound to, its class of traffic,
            and how often all of this is tried.
        failures: told what becomes of each address, as it happens.

    Raises:
        ConnectFailed: the name has no address, or none of its addresses answers.
    """
    loop = asyncio.get_running_loop()
    candidates = _alternate_families(await _resolve(host, port, _FAMILIES[route.addresses]))
    failures = [] if failures is None else failures
    began = loop.time()
    for number in range(route.attempts):
        if number:
            await asyncio.sleep(_RETRY_DELAY)
        failures.clear()
        try:
            async with timeout(route.attempt_timeout):
                found = await _connect_any(candidates, route, failures)
        except TimeoutError:
            reason = os.strerror(errno.ETIMEDOUT)
            failures.append(TimeoutError(errno.ETIMEDOUT, reason, host))
            continue
        if found is not None:
            return found
    raise errors.connect_failure(host, port, failures, loop.time() - began)


async def _connect_any(
    candidates: Sequence[_SocketAddress], route: RoutePlan, failures: list[OSError]
) -> socket.socket | None:
    """Return the first socket that is connected; None if no address answers."""
    attempts: set[asyncio.Task[socket.socket]] = set()
    try:
        for candidate in candidates:
            attempts.add(asyncio.get_running_loop().create_task(_attempt(candidate, route)))
            if found := await _first_connected(attempts, failures, _ATTEMPT_DELAY):
                return found
        while attempts:
            if found := await _first_connected(attempts, failures, None):
                return found
    finally:
        await _cancel_attempts(attempts)
    return None


async def _resolve(host: str, port: int, family: socket.AddressFamily) -> list[_SocketAddress]:
    address = _numeric(host, port)
    if address is not None and family in {socket.AF_UNSPEC, address[0]}:
        return [address]
    loop = asyncio.get_running_loop()
    try:
        # of text, Python loads the tables of IDNA first
        name = host.encode() if host.isascii() else host
        found = await loop.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"could not resolve hostname {host}: {reason or 'not a host name'}"
        raise errors.HostNotFound(host, port, [error], problem) from None
    return list(dict.fromkeys((each[0], each[4]) for each in found))


def _numeric(host: str, port: int) -> _SocketAddress | None:
    """Return the address that a host is written as, for which no thread has to ask anybody."""
    for family, rest in ((socket.AF_INET, ()), (socket.AF_INET6, (0, 0))):
        with suppress(OSError, ValueError):
            packed = socket.inet_pton(family, host)
            return family, (socket.inet_ntop(family, packed), port, *rest)
    return None


def _alternate_families(candidates: Sequence[_SocketAddress]) -> list[_SocketAddress]:
    """Order addresses so that the families take turns, beginning with the first one's."""
    first = [candidate for candidate in candidates if candidate[0] == candidates[0][0]]
    others = [candidate for candidate in candidates if candidate[0] != candidates[0][0]]
    pairs = chain.from_iterable(zip_longest(first, others))
    return [candidate for candidate in pairs if candidate is not None]


def set_traffic_class(sock: socket.socket, value: int | None) -> None:
    """Set the byte of the IP header that says how packets are treated (IPQoS).

    It is a wish: what the system does not allow, and a socket that is closed, are passed over.

    Args:
        sock: the socket.
        value: the byte; None leaves the system's.
    """
    if value is None:
        return
    with suppress(OSError, AttributeError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
        elif sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, value)


def _bind(sock: socket.socket, route: RoutePlan) -> None:
    if route.bind_address is not None:
        sock.bind((route.bind_address, 0))
    if route.bind_interface is None:
        return
    option: int | None = getattr(socket, "SO_BINDTODEVICE", None)
    if option is None:
        problem = "BindInterface is not supported on this system: give a BindAddress instead"
        raise UsageError(problem)
    sock.setsockopt(socket.SOL_SOCKET, option, os.fsencode(route.bind_interface))


async def _attempt(candidate: _SocketAddress, route: RoutePlan) -> socket.socket:
    family, address = candidate
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _bind(sock, route)
        _log.debug("connecting to %s port %s", *address[:2])
        await asyncio.get_running_loop().sock_connect(sock, address)
    except OSError as error:
        sock.close()
        _log.debug("%s port %s: %s", *address[:2], error.strerror or error)
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
