"""Which address of a host is connected to, and what is told when none answers."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import closing
from typing import Any

import pytest

from ssh_stack import ConnectFailed, SSHError
from ssh_stack.client import tcp
from ssh_stack.client.tcp import connect_tcp

V4, V6 = socket.AF_INET, socket.AF_INET6
Attempt = Callable[[tuple[Any, Any], str | None], Coroutine[Any, Any, socket.socket]]


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
    sock = await connect_tcp("127.0.0.1", listening)
    with closing(sock):
        assert sock.getpeername() == ("127.0.0.1", listening)


async def test_socket_is_bound_to_requested_address(listening: int) -> None:
    sock = await connect_tcp("127.0.0.1", listening, bind="127.0.0.7")
    with closing(sock):
        assert sock.getsockname()[0] == "127.0.0.7"


async def test_refusal_names_host_and_port_as_they_were_given(closed: int) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await connect_tcp("127.0.0.1", closed)
    error = caught.value
    assert str(error) == f"connect to host 127.0.0.1 port {closed}: Connection refused"
    assert isinstance(error, SSHError)
    assert isinstance(error, ConnectionRefusedError)
    assert (error.host, error.port, error.errno) == ("127.0.0.1", closed, errno.ECONNREFUSED)


async def test_refusal_lists_every_address(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    resolve_to(monkeypatch, "127.0.0.1", "127.0.0.2")
    with pytest.raises(ConnectFailed) as caught:
        await connect_tcp("web1", closed)
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
        await connect_tcp(name, 22)
    assert caught.value.host == name
    assert isinstance(caught.value, socket.gaierror)


async def test_next_address_is_tried_at_once_when_one_fails(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    resolve_to(monkeypatch, "::2", "127.0.0.1")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 3600.0)
    with closing(await connect_tcp("web1", listening)) as sock:
        assert sock.family == V4


async def test_unanswered_address_delays_next_one(
    monkeypatch: pytest.MonkeyPatch, listening: int
) -> None:
    resolve_to(monkeypatch, "192.0.2.1", "127.0.0.1")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 0.0)
    attempt: Attempt = tcp._attempt
    ended = asyncio.Event()

    async def silent(place: tuple[Any, Any], bind: str | None) -> socket.socket:
        if place[1][0] != "192.0.2.1":
            return await attempt(place, bind)
        try:
            return await never()
        finally:
            ended.set()

    monkeypatch.setattr(tcp, "_attempt", silent)
    with closing(await connect_tcp("web1", listening)):
        assert ended.is_set()  # nothing goes on behind the return


async def test_cancellation_ends_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "192.0.2.1", "192.0.2.2")
    monkeypatch.setattr(tcp, "_ATTEMPT_DELAY", 0.0)
    begun: list[str] = []
    both = asyncio.Event()

    async def silent(place: tuple[Any, Any], _bind: str | None) -> socket.socket:
        begun.append(place[1][0])
        if len(begun) == 2:
            both.set()
        try:
            return await never()
        finally:
            begun.remove(place[1][0])

    monkeypatch.setattr(tcp, "_attempt", silent)
    task = asyncio.ensure_future(connect_tcp("web1", 22))
    await both.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun == []


def test_address_families_alternate_beginning_with_first() -> None:
    places = [(V6, "a"), (V6, "b"), (V4, "c"), (V6, "d")]
    assert tcp._alternate_families(places) == [(V6, "a"), (V4, "c"), (V6, "b"), (V6, "d")]
