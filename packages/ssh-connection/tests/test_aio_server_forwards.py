"""A server's forwards: as far as its rules allow them, and no further."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import Anywhere, inject, limited, pair, read_to_end, replace, settle, until
from sockets import closed_port, connecting, listening
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import ClientConnection, User
from ssh_connection.multiplexer import GlobalAnswer
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


class Rules:
    """Allows what it is told to, and notes what it is asked."""

    def __init__(self, *, allow: bool = True) -> None:
        self.allow = allow
        self.asked: list[tuple[str, int]] = []

    def may_connect(self, user: User, host: str, port: int) -> bool:
        self.asked.append((host, port))
        return self.allow and user.name == "tester"

    def may_listen(self, user: User, address: str, port: int) -> bool:
        self.asked.append((address, port))
        return self.allow and user.name == "tester"


class Truthy:
    """Answers with something that is true and is not True, as a forgotten await does."""

    def may_connect(self, user: User, host: str, port: int) -> bool:
        return "yes"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def may_listen(self, user: User, address: str, port: int) -> bool:
        return "yes"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


@pytest.mark.row("C17")
async def test_forwarding_rule_allows_by_an_exact_true_alone() -> None:
    async with pair(forwarding=Truthy()) as ends:
        assert await listen(ends.client, "127.0.0.1", 0) == m.RequestFailure()
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)


async def listen(client: ClientConnection, address: str, port: int) -> GlobalAnswer:
    return await client._global_request(
        m.TCPIPForward(want_reply=True, address=address, port=port)
    )


async def cancel(client: ClientConnection, address: str, port: int) -> GlobalAnswer:
    return await client._global_request(
        m.CancelTCPIPForward(want_reply=True, address=address, port=port)
    )


@pytest.mark.row("C17")
@pytest.mark.parametrize("port", [65536, 70000, 2**32 - 1])
async def test_port_out_of_range_is_refused_before_the_rules_are_asked(port: int) -> None:
    rules = Rules()
    async with pair(forwarding=rules) as ends:
        assert await listen(ends.client, "127.0.0.1", port) == m.RequestFailure()
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", port)
    assert rules.asked == []


@pytest.mark.row("C17")
@pytest.mark.parametrize(("host", "port"), [("", 22), ("a\0b", 22), ("a\nb", 22), ("host", 0)])
async def test_invalid_target_is_refused_before_the_rules_are_asked(host: str, port: int) -> None:
    rules = Rules()
    async with pair(forwarding=rules) as ends:
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.open_tcp(host, port)
        assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert rules.asked == []


@pytest.mark.row("C17")
async def test_forward_that_the_rules_deny_is_refused() -> None:
    rules = Rules(allow=False)
    async with pair(forwarding=rules) as ends:
        for target in (("169.254.169.254", 80), ("127.0.0.1", 22)):
            with pytest.raises(ChannelOpenRefused) as caught:
                await ends.client.open_tcp(*target)
            assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        for place in (("0.0.0.0", 0), ("", 80)):  # noqa: S104 (it is refused)
            assert await listen(ends.client, *place) == m.RequestFailure()
    assert len(rules.asked) == 4


@pytest.mark.row("R16")
async def test_rules_that_raise_deny(reports: list[dict[str, object]]) -> None:
    def broken(*_: object) -> bool:
        problem = "mine"
        raise ValueError(problem)

    rules = Rules()
    replace(rules, "may_connect", broken)
    replace(rules, "may_listen", broken)
    async with pair(forwarding=rules) as ends:
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)
        assert await listen(ends.client, "127.0.0.1", 0) == m.RequestFailure()
        assert await ends.client.ping() >= 0
    assert len(reports) == 2
    reports.clear()


@pytest.mark.row("C17")
async def test_port_is_listened_on_once_and_cancelled_by_its_own_address() -> None:
    port = closed_port()
    async with pair(forwarding=Anywhere()) as ends:
        client = ends.client
        assert await listen(client, "127.0.0.1", port) == m.RequestSuccess()
        assert await listen(client, "127.0.0.1", port) == m.RequestFailure()
        assert await listen(client, "localhost", port) == m.RequestFailure()
        for place in (("localhost", port), ("127.0.0.1", port + 1), ("", port)):
            assert await cancel(client, *place) == m.RequestFailure()
        assert await cancel(client, "127.0.0.1", port) == m.RequestSuccess()
        assert await cancel(client, "127.0.0.1", port) == m.RequestFailure()
        assert await listen(client, "127.0.0.1", port) == m.RequestSuccess()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "", "*", "0.0.0.0"])  # noqa: S104 (names of addresses)
async def test_every_name_of_an_address_can_be_listened_on_and_cancelled(address: str) -> None:
    async with pair(forwarding=Anywhere()) as ends:
        answer = await listen(ends.client, address, 0)
        assert isinstance(answer, m.RequestSuccess)
        port = m.ForwardedPort.decode(answer.details).port
        async with connecting(port) as (reader, _):
            assert await reader.read() == b""  # the client asked for no such forward
        assert await cancel(ends.client, address, port) == m.RequestSuccess()


@pytest.mark.parametrize("address", ["no.such.host.invalid", "x" * 100])
async def test_address_that_cannot_be_listened_on_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def unknown(host: str | None, *args: Any, **kwargs: Any) -> Any:
        if host and "invalid" in host:
            raise OSError(host)
        return await resolve(host, *args, **kwargs)

    monkeypatch.setattr(loop, "getaddrinfo", unknown)
    async with pair(forwarding=Anywhere()) as ends:
        assert await listen(ends.client, address, 0) == m.RequestFailure()
        assert ends.server._services is not None
        forwards = ends.server._services._forwards
        assert forwards is not None
        assert forwards._binding == 0


@pytest.mark.row("C17")
async def test_no_more_ports_than_the_limit_however_fast_they_are_asked_for() -> None:
    async with pair(forwarding=Anywhere(), **limited(listeners=3)) as ends:
        message = m.TCPIPForward(want_reply=False, address="127.0.0.1", port=0)
        inject(ends.client, *[message] * 100)
        await ends.client.ping()
        await settle(100)
        assert ends.server._services is not None
        forwards = ends.server._services._forwards
        assert forwards is not None
        assert len(forwards._listeners) == 3
        assert len(ends.server._children.tasks) == 0


async def test_forwards_that_are_granted_and_cancelled_leave_no_tasks() -> None:
    async with pair(forwarding=Anywhere()) as ends:
        for _ in range(20):
            answer = await listen(ends.client, "127.0.0.1", 0)
            assert isinstance(answer, m.RequestSuccess)
            port = m.ForwardedPort.decode(answer.details).port
            await cancel(ends.client, "127.0.0.1", port)
        await settle()
        assert not ends.server._children.tasks


async def test_ports_and_connections_end_with_the_connection() -> None:
    async with listening() as target, pair(forwarding=Anywhere()) as ends:
        forward = await ends.client.forward_remote("127.0.0.1:0", f"127.0.0.1:{target}").open()
        async with connecting(forward.port) as (reader, _):
            await until(lambda: ends.client._mux.channels)
            await ends.server.close()
            await read_to_end(reader)
        with pytest.raises(ConnectionError):
            async with connecting(forward.port):
                pass
