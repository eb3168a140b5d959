"""Which address of a host is connected to, and what is told when none answers."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import closing
from typing import Any

import pytest

from ssh_stack import ConnectFailed, HostNotFound, SSHError, UsageError
from ssh_stack.client import tcp
from ssh_stack.client.plan.route import RoutePlan
from ssh_stack.client.tcp import connect_tcp, set_traffic_class

V4, V6 = socket.AF_INET, socket.AF_INET6
Attempt = Callable[[tuple[Any, Any], RoutePlan], Coroutine[Any, Any, socket.socket]]


@pytest.fixture
def listening() -> Generator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def closed() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def never() -> asyncio.Future[socket.socket]:
    return asyncio.get_running_loop().create_future()


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def resolve(
        _host: str, port: int, _family: socket.AddressFamily
    ) -> list[tuple[socket.AddressFamily, Any]]:
        return [(V6 if ":" in each else V4, (each, port)) for each in addresses]

    monkeypatch.setattr(tcp, "_resolve", resolve)


async def test_connected_socket_is_returned(listening: int) -> None:
    sock = await connect_tcp("127.0.0.1", listening, RoutePlan())
    with closing(sock):
        assert sock.getpeername() == ("127.0.0.1", listening)


async def test_socket_is_bound_to_requested_address(listening: int) -> None:
    sock = await connect_tcp("127.0.0.1", listening, RoutePlan(bind_address="127.0.0.7"))
    with closing(sock):
        assert sock.getsockname()[0] == "127.0.0.7"


async def test_refusal_names_host_and_port_as_they_were_given(closed: int) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await connect_tcp("127.0.0.1", closed, RoutePlan())
    error = caught.value
    assert str(error) == f"connect to host 127.0.0.1 port {closed}: Connection refused"
    assert isinstance(error, SSHError)
    assert isinstance(error, ConnectionRefusedError)
    assert (error.host, error.port, error.errno) == ("127.0.0.1", closed, errno.ECONNREFUSED)


async def test_refusal_lists_every_address(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    resolve_to(monkeypatch, "127.0.0.1", "127.0.0.2")
    with pytest.raises(ConnectFailed) as caught:
        await connect_tcp("web1", closed, RoutePlan())
    assert str(caught.value) == (
        f"connect to host web1 port {closed}: Connection refused (127.0.0.1, 127.0.0.2)"
    )
    assert [each.filename for each in caught.value.failures if isinstance(each, OSError)] == [
        "127.0.0.1",
        "127.0.0.2",
    ]


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 300, "ü" * 70, "a..b"])
async def test_name_without_address_raises_host_not_found(name: str) -> None:
    with pytest.raises(ConnectFailed, match="could not resolve hostname ") as caught:
        await connect_tcp(name, 22, RoutePlan())
    assert caught.value.host == name
    assert isinstance(caught.value, socket.gaierror)


async def test_next_address_is_tried_at_once_when_one_fails(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    resolve_to(monkeypatch, "::2", "127.0.0.1")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 3600.0)
    with closing(await connect_tcp("web1", listening, RoutePlan())) as sock:
        assert sock.family == V4


async def test_unanswered_address_delays_next_one(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    resolve_to(monkeypatch, "192.0.2.1", "127.0.0.1")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 0.0)
    attempt: Attempt = tcp._attempt
    ended = asyncio.Event()

    async def silent(place: tuple[Any, Any], route: RoutePlan) -> socket.socket:
        if place[1][0] != "192.0.2.1":
            return await attempt(place, route)
        try:
            return await never()
        finally:
            ended.set()

    monkeypatch.setattr(tcp, "_attempt", silent)
    with closing(await connect_tcp("web1", listening, RoutePlan())):
        assert ended.is_set()  # nothing goes on behind the return


async def test_cancellation_ends_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "192.0.2.1", "192.0.2.2")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 0.0)
    begun: list[str] = []
    both = asyncio.Event()

    async def silent(place: tuple[Any, Any], _route: RoutePlan) -> socket.socket:
        begun.append(place[1][0])
        if len(begun) == 2:
            both.set()
        try:
            return await never()
        finally:
            begun.remove(place[1][0])

    monkeypatch.setattr(tcp, "_attempt", silent)
    task = asyncio.ensure_future(connect_tcp("web1", 22, RoutePlan()))
    await both.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun == []


def test_address_families_alternate_beginning_with_first() -> None:
    places = [(V6, "a"), (V6, "b"), (V4, "c"), (V6, "d")]
    assert tcp._alternate_families(places) == [(V6, "a"), (V4, "c"), (V6, "b"), (V6, "d")]


# ------------------------------------------------------------- what the socket is told


def test_class_of_traffic_of_ipv4_socket_is_set_unless_it_is_the_system_s() -> None:
    with closing(socket.socket(V4)) as sock:
        set_traffic_class(sock, 0x20)
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0x20
        set_traffic_class(sock, None)
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0x20


def test_class_of_traffic_of_ipv6_socket_is_set() -> None:
    with closing(socket.socket(V6)) as sock:
        set_traffic_class(sock, 0xB8)
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 0xB8


def test_class_of_traffic_of_closed_socket_is_passed_over() -> None:
    sock = socket.socket(V4)
    sock.close()

    set_traffic_class(sock, 0xB8)


async def test_socket_is_bound_to_requested_interface(listening: int) -> None:
    with closing(await connect_tcp("127.0.0.1", listening, RoutePlan(bind_interface="lo"))) as s:
        found = s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)

    assert found.rstrip(b"\0") == b"lo"


async def test_interface_that_does_not_exist_fails_connecting(listening: int) -> None:
    with pytest.raises(ConnectFailed, match="No such device"):
        await connect_tcp("127.0.0.1", listening, RoutePlan(bind_interface="no-such-if"))


async def test_system_without_bound_interfaces_refuses_to_connect(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    monkeypatch.delattr(socket, "SO_BINDTODEVICE")

    with pytest.raises(UsageError, match="BindInterface is not supported on this system"):
        await connect_tcp("127.0.0.1", listening, RoutePlan(bind_interface="lo"))


# ------------------------------------------------------------- ConnectionAttempts


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the pauses between attempts, which are not waited for."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


async def test_connecting_is_tried_again_a_second_later(
    monkeypatch: pytest.MonkeyPatch, listening: int, delays: list[float]
) -> None:
    attempt: Attempt = tcp._attempt

    async def fails_twice(place: tuple[Any, Any], route: RoutePlan) -> socket.socket:
        if len(delays) < 2:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return await attempt(place, route)

    monkeypatch.setattr(tcp, "_attempt", fails_twice)
    with closing(await connect_tcp("127.0.0.1", listening, RoutePlan(attempts=3))):
        assert delays == [1.0, 1.0]


async def test_last_of_several_attempts_is_told(closed: int, delays: list[float]) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await connect_tcp("127.0.0.1", closed, RoutePlan(attempts=2))

    assert str(caught.value) == f"connect to host 127.0.0.1 port {closed}: Connection refused"
    assert len(delays) == 1


async def test_attempt_that_takes_too_long_is_followed_by_next(
    monkeypatch: pytest.MonkeyPatch, listening: int, delays: list[float]
) -> None:
    attempt: Attempt = tcp._attempt

    async def silent_once(place: tuple[Any, Any], route: RoutePlan) -> socket.socket:
        return await attempt(place, route) if delays else await never()

    monkeypatch.setattr(tcp, "_attempt", silent_once)
    route = RoutePlan(attempts=2, attempt_timeout=0.01)
    with closing(await connect_tcp("127.0.0.1", listening, route)):
        assert delays == [1.0]


async def test_name_without_address_is_looked_up_once(delays: list[float]) -> None:
    with pytest.raises(HostNotFound):
        await connect_tcp("no-such-host.invalid", 22, RoutePlan(attempts=5))

    assert delays == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
async def test_address_is_what_the_resolver_returns_for_it(host: str) -> None:
    found = await asyncio.get_running_loop().getaddrinfo(host, 22, type=socket.SOCK_STREAM)

    assert await tcp._resolve(host, 22, socket.AF_UNSPEC) == [(found[0][0], found[0][4])]


@pytest.mark.parametrize("host", ["127.1", "1.2.3.4.5", "web1", "fe80::1%lo", "", "a\0b"])
def test_what_is_no_whole_address_is_left_to_the_resolver(host: str) -> None:
    assert tcp._numeric(host, 22) is None


async def test_address_of_another_family_is_refused_by_the_resolver() -> None:
    with pytest.raises(HostNotFound):
        await tcp._resolve("127.0.0.1", 22, socket.AF_INET6)
