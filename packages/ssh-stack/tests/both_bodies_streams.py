"""Bodies about channels, forwards and servers, for both APIs."""

from __future__ import annotations

import socket
import struct
import tempfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, Literal

import pytest

from both_drivers import Api, Body, connected
from ssh_stack import (
    AuthorizedKeys,
    ByteStream,
    ChannelOpenRefused,
    Connection,
    PrivateKey,
    RequestRefused,
    Session,
    StreamService,
    TCPAddress,
    UnixAddress,
    UsageError,
)
from ssh_wire import lazy_attrs, message
from ssh_wire.messages import connection as m


@contextmanager
def echo(connections: int = 1) -> Generator[int]:
    """Echo on a port, as many connections as are to come."""

    def answer() -> None:
        for _ in range(connections):
            peer, _ = listener.accept()
            with peer:
                while data := peer.recv(65536):
                    peer.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        listener.settimeout(30)
        done = threads.submit(answer)
        yield listener.getsockname()[1]
        done.result(30)


def ask(port: int, data: bytes) -> bytes:
    """Send data to a port of this machine and return what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        return exchange(client, data)


def exchange(client: socket.socket, data: bytes) -> bytes:
    """Send data and its end, and return what comes back until the other end."""
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    answer = b""
    while part := client.recv(65536):
        answer += part
    return answer


async def stream_to_a_port_carries_data_both_ways(conn: Connection) -> None:
    with echo() as port:
        stream = await conn.open_tcp("127.0.0.1", port)
        await stream.write(b"there ")
        await stream.writer.write(b"and back")
        stream.write_eof()
        assert await stream.reader.readexactly(6) == b"there "
        assert await stream.read() == b"and back"
        await stream.close()
    with pytest.raises(ChannelOpenRefused):
        await conn.open_tcp("127.0.0.1", 1)


async def stream_to_a_unix_socket_carries_data_both_ways(conn: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder, echo(2) as port:
        path = f"{folder}/s"
        async with conn.forward_remote(path, f"127.0.0.1:{port}") as forward:
            assert forward.address == UnixAddress(path)
            stream = await conn.open_unix(path)
            await stream.write(b"there and back")
            stream.write_eof()
            assert await stream.read() == b"there and back"
            await stream.close()
            channel = await conn.open_unix_channel(path)
            await channel.finish(5)
            await forward.wait_idle()


async def channel_to_a_port_is_asked_and_aborted(conn: Connection) -> None:
    with echo() as port:
        channel = await conn.open_tcp_channel("127.0.0.1", port, ("192.0.2.1", 7))
        assert not await channel.request(m.SignalRequest(recipient=0, name="TERM"))
        channel.notify(m.SignalRequest(recipient=0, name="TERM"))
        await channel.finish(0.1)
        channel.abort()
        await channel.wait_closed()
        assert channel.is_closed


async def forward_from_here_carries_connections(api: Api) -> None:
    async with api.connect() as conn:
        with echo() as port:
            async with conn.forward_local("127.0.0.1:0", f"127.0.0.1:{port}") as forward:
                assert forward.host == "127.0.0.1"
                assert await api.call(ask, forward.port, b"hello") == b"hello"
                await forward.wait_idle()
                assert not forward.connections
                forward.stop_listening()
                with pytest.raises(ConnectionError):
                    await api.call(ask, forward.port, b"hello")
        forward = await conn.forward_local("127.0.0.1:0", "127.0.0.1:1")
        forward.abort()
        await forward.close()


async def forward_from_the_server_carries_connections(api: Api) -> None:
    async with api.connect() as conn:
        with echo() as port:
            async with conn.forward_remote("127.0.0.1:0", f"127.0.0.1:{port}") as forward:
                assert forward.port != 0
                assert forward.address == TCPAddress(forward.host, forward.port)
                assert forward.host
                assert await api.call(ask, forward.port, b"hello") == b"hello"
                await forward.wait_idle()
                assert not forward.connections
        forward = await conn.forward_remote("127.0.0.1:0", "127.0.0.1:1")
        with pytest.raises(RequestRefused):
            await conn.forward_remote(f"127.0.0.1:{forward.port}", "127.0.0.1:1")
        forward.abort()
        await forward.close()


def ask_by_socks(port: int, target: int, data: bytes) -> bytes:
    """Do the same through a SOCKS proxy (version 4)."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(struct.pack(">BBH4sx", 4, 1, target, socket.inet_aton("127.0.0.1")))
        assert client.recv(8)[1] == 90  # granted
        return exchange(client, data)


async def proxies_here_and_there_carry_connections(api: Api) -> None:
    async with api.connect() as conn:
        with echo(2) as target:
            async with conn.forward_dynamic("127.0.0.1:0") as forward:
                assert forward.address == TCPAddress(forward.host, forward.port)
                assert await api.call(ask_by_socks, forward.port, target, b"hello") == b"hello"
            async with conn.forward_remote_dynamic("127.0.0.1:0") as forward:
                assert await api.call(ask_by_socks, forward.port, target, b"there") == b"there"


# ------------------------------------------------------------- channels of one's own


@message(90)
class Named(m.OpenHead):
    """A channel type of the tests'."""

    kind: Literal["named@example.org"] = lazy_attrs.field(default="named@example.org", init=False)
    name: str


async def greet(message: Named, stream: ByteStream) -> None:
    await stream.write(f"hello {message.name}".encode())
    stream.write_eof()


async def channels_of_a_registered_type_are_opened_from_both_sides(api: Api) -> None:
    host, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    auth = AuthorizedKeys([user.public_key], users=["alice"])
    async with api.serve("127.0.0.1", host_keys=[host], auth=auth) as server:
        known = f"[127.0.0.1]:{server.port} {host.public_key.to_openssh()}".encode()
        options = {"username": "alice", "keys": [user], "known_hosts": known}
        async with api.connect_to(server.host, server.port, **options) as conn:
            await conn.ping()  # the server has the connection by then
            [connection] = server.connections
            connection.register(StreamService(Named, greet))
            conn.register(StreamService(Named, greet))
            for side in (conn, connection):
                stream = await side.open_channel(Named(sender=0, window=0, max_packet=0, name="x"))
                assert await stream.read() == b"hello x"
                await stream.close()


async def connection_promises_to_open_no_further_session(api: Api) -> None:
    async with api.connect() as conn:
        assert (await conn.run("echo here")).ok
        conn.no_more_sessions()
        conn.no_more_sessions()
        with pytest.raises(UsageError, match="no further session"):
            await conn.run("echo here")
        assert await conn.ping() >= 0


# ------------------------------------------------------------- servers


async def shout(session: Session) -> int:
    await session.write((await session.stdin.read()).upper())
    return 0


async def server_has_the_connections_of_its_clients(api: Api) -> None:
    host, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    auth = AuthorizedKeys([user.public_key], users=["alice"])
    serve = api.serve("127.0.0.1", host_keys=[host], auth=auth, session=shout)
    async with serve as server:
        assert server.host == "127.0.0.1"
        known = f"[127.0.0.1]:{server.port} {host.public_key.to_openssh()}".encode()
        options = {"username": "alice", "keys": [user], "known_hosts": known}
        async with api.connect_to(server.host, server.port, **options) as conn:
            assert (await conn.run("shout", input=b"hello")).stdout == b"HELLO"
            [connection] = server.connections
            assert connection.user is not None
            assert connection.user.name == "alice"
            assert connection.peer is not None
            assert connection.local == (server.host, server.port)
            assert connection.session_id == conn.session_id
            assert connection.agreement.kex == conn.agreement.kex
            assert (connection.failed_attempts, connection.grace_exceeded) == (0, False)
            assert await connection.ping() > 0
            connection.rekey()
            assert (await conn.run("shout", input=b"again")).stdout == b"AGAIN"
            await connection.close()
            await connection.wait_closed()
            await conn.wait_closed()
            assert connection.is_closed
            assert conn.is_closed
    assert server.is_closed


async def server_takes_a_stream_that_was_accepted_elsewhere(api: Api) -> None:
    host, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    auth = AuthorizedKeys([user.public_key], users=["alice"])
    server = await api.serve(None, host_keys=[host], auth=auth, session=shout)
    ours, theirs = socket.socketpair()
    await server.accept(theirs)
    known = f"box {host.public_key.to_openssh()}".encode()
    options = {"username": "alice", "keys": [user], "known_hosts": known, "stream": ours}
    async with api.connect_to("box", None, **options) as conn:
        assert (await conn.run("shout", input=b"hello")).stdout == b"HELLO"

    async def close() -> None:
        await server.close()

    await api.together(server.serve_forever(), close())
    assert server.is_closed


async def servers_connect_to_a_client_that_listens(api: Api) -> None:
    host, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    auth = AuthorizedKeys([user.public_key], users=["alice"])
    known = f"box {host.public_key.to_openssh()}".encode()
    options = {"username": "alice", "keys": [user], "known_hosts": known}
    async with (
        api.serve(None, host_keys=[host], auth=auth, session=shout) as server,
        api.listen_reverse("box", "127.0.0.1", **options) as listener,
    ):
        for _ in range(2):
            await server.dial(listener.host, listener.port)
        async with await listener.accept() as conn:
            assert (await conn.run("shout", input=b"hello")).stdout == b"HELLO"
        async for conn in listener:
            await conn.close()
            break
        await listener.close()
        assert listener.is_closed


async def many_hosts_are_worked_on(api: Api) -> None:
    options = {**api.server.login, "config_options": [f"Port {api.server.port}"]}
    results = await api.run_on_hosts(["127.0.0.1"], "echo here", **options)
    assert results["127.0.0.1"].get().stdout == "here\n"


STREAMS: Final[list[Body]] = [
    *map(
        connected,
        (
            stream_to_a_unix_socket_carries_data_both_ways,
            stream_to_a_port_carries_data_both_ways,
            channel_to_a_port_is_asked_and_aborted,
        ),
    ),
    forward_from_here_carries_connections,
    forward_from_the_server_carries_connections,
    proxies_here_and_there_carry_connections,
    channels_of_a_registered_type_are_opened_from_both_sides,
    connection_promises_to_open_no_further_session,
    servers_connect_to_a_client_that_listens,
    many_hosts_are_worked_on,
    server_has_the_connections_of_its_clients,
    server_takes_a_stream_that_was_accepted_elsewhere,
]
