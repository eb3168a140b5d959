"""Unix sockets forwarded through a connection: both ends, the rules, what is left behind."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from programs import FORWARDING, Anywhere, limited, pair, read_to_end, until
from sockets import connecting, listening, shout
from ssh_auth import NOTHING, Accept, AddressPattern, AuthContext, Permissions, Result
from ssh_connection import ChannelOpenRefused, ForwardingDisabled, RequestRefused
from ssh_connection.addresses import Address, UnixAddress
from ssh_connection.aio import ClientConnection, ServerAuthentication, User
from ssh_connection.aio.forward.messages import cancel_request, listen_request
from ssh_connection.multiplexer import GlobalAnswer
from ssh_wire import OpenFailureReason, UsageError
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import ForwardedStreamlocalOpen

pytestmark = pytest.mark.usefixtures("reports")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@asynccontextmanager
async def listening_at(path: Path) -> AsyncGenerator[None]:
    """Answer at a Unix socket with all that was sent, in capitals."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shout(reader, writer)
        writer.close()

    async with await asyncio.start_unix_server(serve, str(path)):
        yield


async def talk_at(path: Path, data: bytes = b"hello") -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def ask(client: ClientConnection, address: Address) -> GlobalAnswer:
    return await client._global_request(listen_request(address))


def is_there(path: Path) -> bool:
    return os.path.lexists(path)


# ------------------------------------------------------------------ both roles


async def test_stream_reaches_a_unix_socket_of_the_server(path: Path) -> None:
    async with listening_at(path), pair(**FORWARDING) as ends:
        for given in (str(path), path):
            stream = await ends.client.open_unix(given)
            await stream.write(b"hello")
            stream.write_eof()
            assert await stream.read() == b"HELLO"
            await stream.close()


async def test_port_here_leads_to_a_unix_socket_there(path: Path) -> None:
    async with (
        listening_at(path),
        pair(**FORWARDING) as ends,
        ends.client.forward_local("127.0.0.1:0", path) as forward,
        connecting(forward.port) as (reader, writer),
    ):
        writer.write(b"hello")
        writer.write_eof()
        assert await reader.read() == b"HELLO"


async def test_unix_socket_there_leads_to_a_port_here_and_is_removed(path: Path) -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        async with ends.client.forward_remote(path, f"127.0.0.1:{target}") as forward:
            assert forward.address == UnixAddress(str(path))
            answers = await asyncio.gather(*(talk_at(path) for _ in range(10)))
            assert answers == [b"HELLO"] * 10
            await until(lambda: not forward.connections)
        await until(lambda: not is_there(path))
        async with ends.client.forward_remote(path, f"127.0.0.1:{target}"):
            assert await talk_at(path) == b"HELLO"


async def test_unix_socket_there_and_its_connections_end_with_the_connection(path: Path) -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        await ends.client.forward_remote(path, f"127.0.0.1:{target}").open()
        reader, writer = await asyncio.open_unix_connection(str(path))
        await until(lambda: ends.client._mux.channels)
        assert ends.link is not None
        ends.link.cut()
        await read_to_end(reader)
        writer.close()
        await until(lambda: not is_there(path))


async def test_unread_unix_socket_holds_up_no_other_connection(path: Path) -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(bytes(10_000))
            await writer.drain()

    small = {"window": 40_000, "write_buffer": 10_000}
    async with (
        listening(flood) as target,
        pair(client=limited(**small), **limited(**small), **FORWARDING) as ends,
        ends.client.forward_local(path, f"127.0.0.1:{target}"),
    ):
        raw = socket.socket(socket.AF_UNIX)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, str(path))
        for _ in range(5):
            _, writer = await asyncio.open_unix_connection(str(path))
            writer.close()
        assert await ends.client.ping() >= 0
        raw.close()
        await until(lambda: not ends.client._mux.channels)


# ------------------------------------------------------------------ the server's rules


class TCPOnly(Anywhere):
    """Notes what it is asked, and denies Unix sockets."""

    def __init__(self) -> None:
        self.asked: list[Address] = []

    def may_connect(self, user: User, address: Address) -> bool:
        del user
        self.asked.append(address)
        return not isinstance(address, UnixAddress)

    may_listen = may_connect


@pytest.mark.row("C18")
async def test_unix_sockets_are_denied_without_rules_and_by_rules(path: Path) -> None:
    rules = TCPOnly()
    settings: list[dict[str, Any]] = [{}, {"forwarding": rules}]
    for options in settings:
        async with listening_at(path), pair(**options) as ends:
            with pytest.raises(ChannelOpenRefused) as caught:
                await ends.client.open_unix(path)
            assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
            with pytest.raises(RequestRefused):
                await ends.client.forward_remote(path.with_name("t"), 1).open()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 (quick)
        assert not is_there(path.with_name("t"))
    assert rules.asked == [UnixAddress(str(path)), UnixAddress(f"{path}".removesuffix("s") + "t")]


@pytest.mark.row("C18")
@pytest.mark.parametrize(
    "given", ["relative", "/run/../etc/s", "/..", "/a\0b", "\0abstract", "./s", ""]
)
async def test_path_that_a_rule_could_mistake_is_refused_before_it_is_asked(given: str) -> None:
    rules = TCPOnly()
    async with pair(forwarding=rules) as ends:
        address = UnixAddress(given)
        assert await ask(ends.client, address) == m.RequestFailure()
        with pytest.raises(ChannelOpenRefused):
            await ends.client.forwarding.open(address, ("", 0))
    assert rules.asked == []


@pytest.mark.row("C18")
async def test_listener_replaces_nothing_and_is_cancelled_by_its_own_path(path: Path) -> None:
    address = UnixAddress(str(path))
    async with listening_at(path), pair(**FORWARDING) as ends:
        assert await ask(ends.client, address) == m.RequestFailure()
    path.unlink(missing_ok=True)  # noqa: ASYNC240 (quick)
    async with pair(**FORWARDING) as ends:
        client = ends.client
        assert await client._global_request(cancel_request(address)) == m.RequestFailure()
        assert await ask(client, address) == m.RequestSuccess()
        assert await ask(client, address) == m.RequestFailure()
        other = UnixAddress(f"{path}x")
        assert await client._global_request(cancel_request(other)) == m.RequestFailure()
        assert await client._global_request(cancel_request(address)) == m.RequestSuccess()
        assert not is_there(path)
        assert await ask(client, address) == m.RequestSuccess()
    await until(lambda: not is_there(path))


@pytest.mark.row("C17")
async def test_unix_sockets_count_towards_the_limit_of_listeners(tmp_path: Path) -> None:
    async with pair(**limited(listeners=3), **FORWARDING) as ends:
        answers = [await ask(ends.client, UnixAddress(f"{tmp_path}/{n}")) for n in range(5)]
        assert [isinstance(each, m.RequestSuccess) for each in answers] == [True] * 3 + [False] * 2


@pytest.mark.parametrize(
    ("permissions", "opens", "listens"),
    [
        (Permissions(), True, True),
        (Permissions(forward_open=NOTHING, forward_listen=NOTHING), False, False),
        (Permissions(forward_open=((AddressPattern("db", 22),),)), False, True),
        (Permissions(forward_open=((AddressPattern(),),)), True, True),
        (Permissions(forward_listen=((AddressPattern("localhost", None),),)), True, False),
    ],
)
async def test_permissions_of_ports_bind_unix_sockets_too(
    path: Path, permissions: Permissions, *, opens: bool, listens: bool
) -> None:
    """As in OpenSSH; its sshd listens on any path whatever `permitlisten` says."""

    async def accept(_context: AuthContext) -> Result:
        return Accept(permissions=permissions)

    login = ServerAuthentication(none=accept)
    async with listening_at(path), pair(authentication=login, **FORWARDING) as ends:
        try:
            await (await ends.client.open_unix(path)).close()
        except ChannelOpenRefused:
            assert not opens
        else:
            assert opens
        answer = await ask(ends.client, UnixAddress(f"{path}2"))
        assert isinstance(answer, m.RequestSuccess) is listens


@pytest.mark.parametrize("missing", ["no such", "x" * 200])
async def test_unix_socket_that_cannot_be_reached_says_why(path: Path, missing: str) -> None:
    async with pair(**FORWARDING) as ends:
        with pytest.raises(ChannelOpenRefused, match=r"No such file|too long") as caught:
            await ends.client.open_unix(path.with_name(missing))
        assert caught.value.reason == OpenFailureReason.CONNECT_FAILED


# ------------------------------------------------------------------ the client's caution


@pytest.mark.row("C09")
async def test_client_refuses_a_socket_that_it_has_not_asked_for(path: Path) -> None:
    async with listening() as target, pair(**FORWARDING) as ends:
        async with ends.client.forward_remote(path, f"127.0.0.1:{target}"):
            for other in (b"", b"/other", str(path).encode() + b"\0"):
                message = ForwardedStreamlocalOpen(sender=0, window=9, max_packet=9, path=other)
                opened = Opening()
                ends.server._mux.open(message, opened)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
                await until(opened.is_over)
                assert isinstance(opened.error, ChannelOpenRefused)
                assert opened.error.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        assert not ends.client._mux.channels


class Opening:
    """Notes what becomes of a channel."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def open_failed(self, error: Exception) -> None:
        self.error = error

    def is_over(self) -> bool:
        return self.error is not None

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


async def test_connection_that_forwards_nothing_opens_no_unix_socket(path: Path) -> None:
    async with pair(client={"forbid_forwarding": lambda: "the host key has changed"}) as ends:
        with pytest.raises(ForwardingDisabled):
            await ends.client.open_unix(path)
        for scope in (
            ends.client.forward_local(path, 1),
            ends.client.forward_dynamic(path),
            ends.client.forward_remote(path, 1),
            ends.client.forward_remote_dynamic(path),
        ):
            with pytest.raises(ForwardingDisabled):
                await scope.open()
    assert not is_there(path)


async def test_path_that_no_socket_can_have_is_a_usage_error() -> None:
    async with pair() as ends:
        for given in ("", "a\0b"):
            with pytest.raises(UsageError):
                await ends.client.open_unix(given)
