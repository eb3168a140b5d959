"""Connections over byte streams that somebody else connected, in both roles."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

import ssh_stack
from loopback_server import HOST_KEY, USER, USER_KEY, serving
from ssh_stack import LoopbackForwarding, UsageError, sync
from ssh_stack.streams import check_stream

CLIENT: dict[str, Any] = {
    "username": USER,
    "keys": [USER_KEY],
    "agent": None,
    "config": None,
    "known_hosts": f"somewhere {HOST_KEY.public_key.to_openssh()}".encode(),
}
SECONDS = 30


async def joined(stack: AsyncExitStack) -> tuple[Any, Any]:
    """Two ends of a stream, each a pair of asyncio's reader and writer."""
    ends: list[Any] = []
    for sock in socket.socketpair():
        ends.append(await asyncio.open_connection(sock=sock))
        stack.push_async_callback(closed, ends[-1][1])
    return ends[0], ends[1]


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):  # the other end has closed first
        await writer.wait_closed()


@pytest.mark.parametrize("kind", ["socket", "pair"])
async def test_client_and_server_run_over_stream(kind: str) -> None:
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack, serving() as here:
        ends: tuple[Any, Any]
        ends = socket.socketpair() if kind == "socket" else await joined(stack)
        accepted = await here.server.accept(ends[0])
        async with ssh_stack.connect("somewhere", stream=ends[1], **CLIENT) as conn:
            data = bytes(range(256)) * 10_000
            done = await conn.run("cat", input=data)
            assert done.stdout == data
            assert accepted in here.server.connections
        await accepted.wait_closed()
        assert accepted.is_closed


async def test_channel_of_other_connection_serves_as_stream() -> None:
    async with (
        asyncio.timeout(SECONDS),
        serving(forwarding=LoopbackForwarding()) as here,
        here.connect() as outer,
    ):
        channel = await outer.open_tcp_channel("127.0.0.1", here.server.port)
        async with ssh_stack.connect("somewhere", stream=channel, **CLIENT) as inner:
            assert (await inner.run("echo through", text=True)).stdout == "through\n"
        await channel.wait_closed()
        assert not outer.is_closed


async def test_pipes_of_process_serve_as_stream() -> None:
    """What a jump host's program passes on, as `ssh -W` does."""
    relay = (
        "import os, socket, sys, threading\n"
        "sock = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536): sock.sendall(data)\n"
        "    sock.shutdown(socket.SHUT_WR)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := sock.recv(65536): os.write(1, data)\n"
    )
    async with (
        asyncio.timeout(SECONDS),
        serving() as here,
        here.connect() as outer,
        outer.start([sys.executable, "-c", relay, str(here.server.port)]) as process,
    ):
        stream = (process.stdout, process.stdin)
        async with ssh_stack.connect("somewhere", stream=stream, **CLIENT) as inner:
            data = bytes(range(256)) * 4000
            assert (await inner.run("cat", input=data)).stdout == data
        assert await process.wait() == 0


async def test_end_of_stream_ends_connection() -> None:
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack, serving() as here:
        ours, theirs = await joined(stack)
        accepted = await here.server.accept(theirs)
        ours[1].close()
        await accepted.wait_closed()
        assert accepted.is_closed


async def test_error_of_stream_ends_connection() -> None:
    class Broken:
        async def read(self, _n: int) -> bytes:
            raise OSError(5, "it broke")

        def write(self, data: bytes) -> None: ...

        async def drain(self) -> None: ...

        def close(self) -> None: ...

    broken = Broken()
    with pytest.raises(ssh_stack.SSHError, match="before it identified itself"):
        await ssh_stack.connect("somewhere", stream=(broken, broken), **CLIENT)


async def test_slow_writer_holds_driver_back() -> None:
    """What the writer has no room for is not written: nothing is kept without bound."""
    most = 0

    class Slow:
        """A writer whose `drain` waits until the other side has read everything."""

        def __init__(self, writer: asyncio.StreamWriter) -> None:
            self._writer = writer
            writer.transport.set_write_buffer_limits(high=0)

        def write(self, data: bytes) -> None:
            nonlocal most
            self._writer.write(data)
            most = max(most, self._writer.transport.get_write_buffer_size())

        async def drain(self) -> None:
            await self._writer.drain()

        def close(self) -> None:
            self._writer.close()

    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack, serving() as here:
        ours, theirs = await joined(stack)
        await here.server.accept(theirs)
        pair: Any = (ours[0], Slow(ours[1]))
        async with ssh_stack.connect("somewhere", stream=pair, **CLIENT) as conn:
            done = await conn.run("wc -c", input=bytes(8 * 1024 * 1024), text=True)
            assert done.stdout.strip() == str(8 * 1024 * 1024)
    assert most < 2 * 1024 * 1024


async def test_unconnected_socket_is_refused_at_once(
    unconnected: socket.socket,
) -> None:
    with pytest.raises(OSError, match="not connected"):
        await ssh_stack.connect("somewhere", stream=unconnected, **CLIENT)


@pytest.fixture
def unconnected() -> Any:
    with socket.socket() as sock:
        yield sock


@pytest.mark.parametrize("stream", [5, "web1:22", (1, 2), (1,), object()])
def test_value_that_is_not_stream_is_refused(stream: Any) -> None:
    with pytest.raises(UsageError, match="stream is a connected socket, a Channel, or a pair"):
        check_stream(stream)
    with pytest.raises(UsageError, match="stream is a connected socket"):
        ssh_stack.connect("web1", stream=stream)


def test_stream_excludes_jump(unconnected: socket.socket) -> None:
    with pytest.raises(UsageError, match="stream excludes jump and proxy_command"):
        ssh_stack.connect("web1", stream=unconnected, jump="gate")


async def test_server_without_listener_serves_given_streams(
    unconnected: socket.socket,
) -> None:
    serve: Any = ssh_stack.serve(
        None,
        host_keys=[HOST_KEY],
        auth=ssh_stack.AuthorizedKeys([USER_KEY.public_key], users=[USER]),
        session=ssh_stack.LocalShell(shell="/bin/sh"),  # noqa: S604 (a path)
    )
    async with asyncio.timeout(SECONDS), serve as server:
        ours, theirs = socket.socketpair()
        await server.accept(theirs)
        async with ssh_stack.connect("somewhere", stream=ours, **CLIENT) as conn:
            assert (await conn.run("echo here", text=True)).stdout == "here\n"
    with pytest.raises(UsageError, match="the server is closed"):
        await server.accept(unconnected)


def test_blocking_connection_runs_over_socket() -> None:
    ours, theirs = socket.socketpair()
    with sync.serve(
        None,
        host_keys=[HOST_KEY],
        auth=ssh_stack.AuthorizedKeys([USER_KEY.public_key], users=[USER]),
        session=ssh_stack.LocalShell(shell="/bin/sh"),  # noqa: S604 (a path)
    ) as server:
        accepted = server.accept(theirs)
        with sync.connect("somewhere", stream=ours, **CLIENT) as conn:
            assert conn.run("echo here", text=True).stdout == "here\n"
            assert accepted.user is not None
            assert [each.session_id for each in server.connections] == [conn.session_id]
