"""`serve`: its options, what is switched on, and its door."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from loopback_server import HOST_KEY, SECONDS, serving
from ssh_auth import NOTHING, Accept, AuthContext, Permissions
from ssh_connection import ChannelOpenRefused, RequestRefused
from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_connection.aio import Pty, ServerAuthentication, ServerConnection, User
from ssh_keys import PrivateKey, PublicKey
from ssh_stack import (
    AllowForwarding,
    AuthorizedKeys,
    LoopbackForwarding,
    MaxStartups,
    Rooted,
    ServerOptions,
)
from ssh_stack.server.serving import Server
from ssh_transport import profiles
from ssh_transport.aio import Driver
from ssh_wire import UsageError

MANY = MaxStartups(start=1000, full=1000, per_source=1000)
ALICE = User("alice", None, Permissions())


@contextlib.asynccontextmanager
async def stranger(server: Server) -> AsyncGenerator[asyncio.StreamReader]:
    """Somebody who connects and says nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


# ------------------------------------------------------------- options


@pytest.mark.parametrize(
    "options",
    [
        {"host_keys": []},
        {"host_keys": [HOST_KEY, PrivateKey.generate("ed25519")]},
        {"host_keys": [PrivateKey.generate("ecdsa", 256)], "algorithms": "strict"},
        {"algorithms": "modern"},
        {"auth": []},
        {"auth": None},
        {"auth": ServerAuthentication()},
        {"login_grace": 0},
        {"close_timeout": -1.0},
        {"session": "bash"},
        {"env": "LANG"},
        {"sftp": "/srv"},
    ],
    ids=lambda options: next(iter(options)),
)
async def test_invalid_options_are_refused_before_listening(
    options: dict[str, Any],
) -> None:
    given: dict[str, Any] = {"host_keys": [HOST_KEY], "auth": AuthorizedKeys([]), **options}
    with pytest.raises(UsageError):
        ssh_stack.serve("127.0.0.1", 0, **given)


def test_misspelt_option_raises_type_error() -> None:
    with pytest.raises(TypeError):
        ssh_stack.serve("127.0.0.1", host_keys=[HOST_KEY], auth=AuthorizedKeys([]), sessions=None)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] - the mistake


def test_repr_of_options_hides_host_keys() -> None:
    assert "PRIVATE" not in repr(ServerOptions(host_keys=[HOST_KEY], auth=AuthorizedKeys([])))


async def test_address_in_use_raises_os_error() -> None:
    async with serving() as here:
        taken = ssh_stack.serve(
            "127.0.0.1", here.server.port, host_keys=[HOST_KEY], auth=AuthorizedKeys([])
        )
        with pytest.raises(OSError, match=str(here.server.port)) as caught:
            await taken.open()
        assert caught.value.errno == errno.EADDRINUSE


async def test_server_knows_its_address_until_closed() -> None:
    async with serving() as here:
        assert here.server.host == "127.0.0.1"
        assert here.server.port > 0
        assert not here.server.is_closed
    assert here.server.is_closed


async def test_serve_forever_lasts_until_server_is_closed() -> None:
    async with serving() as here:
        serving_on = asyncio.create_task(here.server.serve_forever())
        await asyncio.sleep(0)
        assert not serving_on.done()
        await here.server.close()
        await serving_on


async def test_server_accepts_several_host_keys_and_algorithms_object() -> None:
    keys = [HOST_KEY, PrivateKey.generate("ecdsa", 256)]
    algorithms = profiles("default", "server")
    async with serving(host_keys=keys, algorithms=algorithms) as here, here.connect():
        pass


async def test_banner_reaches_client() -> None:
    printed: list[str] = []
    async with serving(banner="Members only\n") as here, here.connect(on_banner=printed.append):
        pass
    assert printed == ["Members only\n"]


# ------------------------------------------------------------- what is not switched on


async def test_server_denies_what_is_not_enabled() -> None:
    async with serving(session=None) as here, here.connect() as conn:
        with pytest.raises(RequestRefused):
            await conn.run("true")
        with pytest.raises(RequestRefused):
            async with conn.sftp():
                pass
        with pytest.raises(ChannelOpenRefused):
            await conn.open_tcp("127.0.0.1", here.server.port)
        with pytest.raises(RequestRefused):
            async with conn.forward_remote("127.0.0.1:0", "127.0.0.1:1"):
                pass


async def test_files_are_served_below_root(tmp_path: Path) -> None:
    (tmp_path / "greeting").write_text("hello")
    root = Rooted(tmp_path)
    async with serving(session=None, sftp=root) as here, here.connect() as conn:
        async with conn.sftp() as sftp:
            assert await sftp.listdir("/") == ["greeting"]
            assert await (sftp.path("/") / "greeting").read_text() == "hello"
        process = await conn.subsystem("sftp").open()
        process.stdin.write_eof()
        assert await process.wait() == 0
        await process.close()
        process = await conn.subsystem("sftp").open()
        await process.stdin.write(b"\xff" * 8)
        assert await process.wait() == 255
        await process.close()


@pytest.mark.row("C17")
async def test_forwarding_rules_restrict_targets() -> None:
    async with serving(forwarding=LoopbackForwarding()) as here, here.connect() as conn:
        stream = await conn.open_tcp("127.0.0.1", here.server.port)
        assert (await stream.read(8)).startswith(b"SSH-2.0-")
        await stream.close()
        for host in ("169.254.169.254", "localhost.example", "0.0.0.0", "127.0.0.1\0"):  # noqa: S104 (it is refused)
            with pytest.raises(ChannelOpenRefused):
                await conn.open_tcp(host, here.server.port)
        async with conn.forward_remote("localhost:0", f"127.0.0.1:{here.server.port}") as forward:
            reader, writer = await asyncio.open_connection("127.0.0.1", forward.port)
            assert (await reader.read(8)).startswith(b"SSH-2.0-")
            writer.close()
            await writer.wait_closed()
        with pytest.raises(RequestRefused):
            async with conn.forward_remote("0.0.0.0:0", "127.0.0.1:1"):
                pass


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_address_is_allowed_by_both_rules(address: str) -> None:
    port = TCPAddress(address, 80)
    for rules in (LoopbackForwarding(), AllowForwarding()):
        assert rules.may_listen(ALICE, port)
        assert rules.may_connect(ALICE, port)


@pytest.mark.parametrize("address", ["", "*", "0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104 (it is refused)
def test_other_address_is_refused_by_loopback_rules(address: str) -> None:
    port = TCPAddress(address, 80)
    assert not LoopbackForwarding().may_listen(ALICE, port)
    assert not LoopbackForwarding().may_connect(ALICE, port)
    assert not AllowForwarding().may_listen(ALICE, port)
    assert AllowForwarding().may_connect(ALICE, port)
    assert AllowForwarding(gateway_ports=True).may_listen(ALICE, port)


@pytest.mark.row("C18")
def test_unix_socket_is_allowed_by_its_own_option_alone() -> None:
    path = UnixAddress("/run/app.sock")
    for rules in (LoopbackForwarding(), AllowForwarding(gateway_ports=True)):
        assert not rules.may_connect(ALICE, path)
        assert not rules.may_listen(ALICE, path)
    assert AllowForwarding(unix_sockets=True).may_connect(ALICE, path)
    assert AllowForwarding(unix_sockets=True).may_listen(ALICE, path)


def test_unix_sockets_may_be_forwarded_alone() -> None:
    rules = AllowForwarding(tcp=False, gateway_ports=True, unix_sockets=True)
    for address in (TCPAddress("localhost", 80), TCPAddress("", 0)):
        assert not rules.may_connect(ALICE, address)
        assert not rules.may_listen(ALICE, address)
    assert rules.may_connect(ALICE, UnixAddress("/run/app.sock"))


@pytest.mark.row("C16")
async def test_permissions_of_user_deny_requests_and_force_command() -> None:
    async def restricted(_context: AuthContext, _key: PublicKey) -> Accept:
        return Accept(
            Permissions(
                pty=False,
                forward_open=NOTHING,
                forward_listen=NOTHING,
                forced_command="echo forced",
            )
        )

    auth = ServerAuthentication(public_key=restricted)
    async with serving(auth=auth, forwarding=AllowForwarding()) as here, here.connect() as conn:
        assert (await conn.run("echo mine")).stdout == b"forced\n"
        with pytest.raises(RequestRefused):
            async with conn.start("true", pty=Pty()):
                pass
        with pytest.raises(ChannelOpenRefused):
            await conn.open_tcp("127.0.0.1", here.server.port)


# ------------------------------------------------------------- the door


async def test_connection_beyond_max_startups_is_told() -> None:
    bounds = MaxStartups(start=3, full=3)
    async with serving(max_startups=bounds) as here, contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            reader = await stack.enter_async_context(stranger(here.server))
            assert (await reader.readline()).startswith(b"SSH-2.0-")
        async with stranger(here.server) as refused:
            assert await refused.read() == b"Exceeded MaxStartups\r\n"
        assert len(here.server.connections) == 3


@pytest.mark.row("R13")
async def test_authenticated_and_ended_connections_are_not_counted() -> None:
    bounds = MaxStartups(start=1, full=1, per_source=1)
    async with serving(max_startups=bounds) as here:
        for _ in range(3):
            async with stranger(here.server) as reader:
                assert (await reader.readline()).startswith(b"SSH-2.0-")
            await _until_empty(here.server)
        async with here.connect(), here.connect(), here.connect() as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"


@pytest.mark.row("R14")
@pytest.mark.parametrize("failing", ["ServerConnection.__init__", "Driver.connection_made"])
async def test_connection_that_cannot_be_served_is_closed_and_not_counted(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    classes = {"ServerConnection": ServerConnection, "Driver": Driver}
    name, _, method = failing.partition(".")
    async with serving(max_startups=MaxStartups(start=1, full=1)) as here:
        with monkeypatch.context() as patch:
            patch.setattr(classes[name], method, fail)
            patch.setattr(loop, "call_exception_handler", reported.append)
            for _ in range(2):
                async with stranger(here.server) as reader:
                    assert not await reader.read()
                await _until_empty(here.server)
        async with here.connect() as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"
    assert [context["exception"].errno for context in reported] == [errno.EMFILE] * 2


async def _until_empty(server: Server) -> None:
    async with asyncio.timeout(SECONDS):
        for connection in server.connections:
            await connection.wait_closed()
        while server.connections:  # noqa: ASYNC110 (a turn of the loop, no time)
            await asyncio.sleep(0)


@pytest.mark.row("R13")
async def test_unauthenticated_connection_ends_after_login_grace() -> None:
    faults: list[Exception] = []

    def on_error(_connection: ServerConnection, error: Exception) -> None:
        faults.append(error)

    doors = serving(login_grace=0.5, max_startups=MANY, on_error=on_error)
    async with doors as here, contextlib.AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(stranger(here.server)) for _ in range(50)]
        async with here.connect() as conn:
            ends = await asyncio.gather(*(reader.read() for reader in readers))
            assert all(end.startswith(b"SSH-2.0-") for end in ends)
            assert (await conn.run("echo in")).stdout == b"in\n"
    assert len(faults) == 50
    assert "login took too long" in str(faults[0])


@pytest.mark.row("R14")
async def test_server_serves_hundred_connections_at_once() -> None:
    async def visit(number: int) -> bytes:
        async with here.connect() as conn:
            return (await conn.run(f"echo {number}")).stdout

    async with serving(max_startups=MANY) as here:
        printed = await asyncio.gather(*(visit(number) for number in range(100)))

    assert printed == [f"{number}\n".encode() for number in range(100)]


@pytest.mark.row("R14")
async def test_server_recovers_when_no_descriptor_is_left_to_accept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", 0.01)
    loop = asyncio.get_running_loop()
    async with serving() as here:
        complaints: list[dict[str, Any]] = []
        previous = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        with monkeypatch.context() as patch:
            failed = asyncio.Event()

            def accept(_: socket.socket) -> None:
                loop.call_soon(failed.set)
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

            patch.setattr(socket.socket, "accept", accept)
            async with stranger(here.server):
                await failed.wait()
        async with here.connect() as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"
        loop.set_exception_handler(previous)
        assert complaints
