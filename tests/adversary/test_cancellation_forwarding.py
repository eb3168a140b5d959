"""Forwards of every kind, shared and reverse connections: cancelled anywhere, they leave nothing.

The rest of the sweep of R09 and X08: `test_cancellation` has commands, ports and files.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import ssh_stack
from ssh_connection.aio.control import SharedConnection
from ssh_connection.control import messages as m
from ssh_stack.cli.control.control_socket import ControlSocket
from ssh_stack.cli.control.listener import ControlListener
from ssh_stack.cli.control.master import Master, MasterSettings
from ssh_stack.cli.forwards import Forwards
from ssh_stack.cli.report import Report
from ssh_stack.client.plan.forwards import ForwardsPlan
from ssh_stack.testing import SSHAgent
from tests.adversary.cancelling import MOMENTS, Moment, until
from tests.adversary.places import HOST_KEY, USER_KEY, Operation, Place, swept

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

pytestmark = [
    pytest.mark.row("R09"),
    pytest.mark.row("X08"),
    pytest.mark.parametrize("moment", MOMENTS),
]


@asynccontextmanager
async def opened(opening: Awaitable[Streams]) -> AsyncGenerator[Streams]:
    reader, writer = await opening
    try:
        yield reader, writer
    finally:
        writer.close()


async def greeting(opening: Awaitable[Streams], asking: bytes = b"", answer: int = 0) -> None:
    """Read the first words of the SSH server that a forward leads to."""
    async with opened(opening) as (reader, writer):
        writer.write(asking)
        await reader.readexactly(answer)
        assert (await reader.readline()).startswith(b"SSH-2.0-")


def socks5(port: int) -> bytes:
    """Ask for a port of 127.0.0.1 (RFC 1928)."""
    return b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + port.to_bytes(2, "big")


def socks4(port: int) -> bytes:
    """Ask for a port of 127.0.0.1, by its name (SOCKS 4a)."""
    return b"\4\1" + port.to_bytes(2, "big") + b"\0\0\0\1" + b"me\0" + b"127.0.0.1\0"


# ---------------------------------------------------------------- forwards


async def dynamic_forward(place: Place) -> None:
    async with place.connection.forward_dynamic("127.0.0.1:0") as forward:
        port = place.server.port
        await greeting(asyncio.open_connection("127.0.0.1", forward.port), socks5(port), 12)
        await greeting(asyncio.open_connection("127.0.0.1", forward.port), socks4(port), 8)


async def dynamic_forward_that_waits_for_its_client(place: Place) -> None:
    async with (
        place.connection.forward_dynamic("127.0.0.1:0") as forward,
        opened(asyncio.open_connection("127.0.0.1", forward.port)) as (reader, writer),
    ):
        writer.write(b"\5\1\0")
        assert await reader.readexactly(2) == b"\5\0"


async def remote_dynamic_forward(place: Place) -> None:
    async with place.connection.forward_remote_dynamic("127.0.0.1:0") as forward:
        asking = socks5(place.server.port)
        await greeting(asyncio.open_connection("127.0.0.1", forward.port), asking, 12)


async def local_forward_of_a_socket(place: Place) -> None:
    path = place.here / "listens"
    target = f"127.0.0.1:{place.server.port}"
    async with place.connection.forward_local(str(path), target):
        await greeting(asyncio.open_unix_connection(path))
    assert not path.exists()


async def remote_forward_of_a_socket(place: Place) -> None:
    path = place.there / "listens"
    target = f"127.0.0.1:{place.server.port}"
    async with place.connection.forward_remote(str(path), target):
        await greeting(asyncio.open_unix_connection(path))
    assert not path.exists()


async def stream_to_a_socket(place: Place) -> None:
    path = place.there / "listens"
    target = f"127.0.0.1:{place.server.port}"
    async with place.connection.forward_remote(str(path), target):
        stream = await place.connection.open_unix(str(path))
        try:
            assert (await stream.read(8)).startswith(b"SSH-2.0-")
        finally:
            await stream.close()


async def no_socket_is_left(place: Place) -> None:
    await until(lambda: not _sockets(place), lambda: _sockets(place))


def _sockets(place: Place) -> list[Path]:
    return [path for folder in (place.here, place.there) for path in folder.glob("listens*")]


@pytest.mark.parametrize(
    "operation",
    [
        dynamic_forward,
        dynamic_forward_that_waits_for_its_client,
        remote_dynamic_forward,
        local_forward_of_a_socket,
        remote_forward_of_a_socket,
        stream_to_a_socket,
    ],
)
async def test_forward_of_any_kind_that_is_cancelled_anywhere_leaves_no_listener(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path, no_socket_is_left) > 0


# ---------------------------------------------------------------- the agent and the display


async def agent(place: Place) -> None:
    command = f"echo $SSH_AUTH_SOCK; exec {place.marker}"
    async with place.connection.start(command, agent_forwarding=True) as process:
        path = (await process.stdout.readline()).decode().strip()
        async with opened(asyncio.open_unix_connection(path)) as (reader, writer):
            writer.write(b"\0\0\0\1\x0b")
            assert (await reader.readexactly(5))[4:] == b"\x0c"


async def test_agent_forwarding_that_is_cancelled_anywhere_leaves_no_socket(
    moment: Moment, tmp_path: Path
) -> None:
    with SSHAgent() as running:
        running.add(USER_KEY)
        assert await swept(agent, moment, tmp_path, agent=running.path) > 1


@asynccontextmanager
async def display() -> AsyncGenerator[str]:
    """An X server that repeats what its clients send; what listens is all that matters here."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError), closing(writer):
            while data := await reader.read(1000):
                writer.write(data)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1] - 6000}"


def setup(cookie: bytes) -> bytes:
    """The first bytes of an X11 client."""
    name = b"MIT-MAGIC-COOKIE-1"
    sizes = b"".join(each.to_bytes(2, "little") for each in (11, 0, len(name), len(cookie), 0))
    return b"l\0" + sizes + name + b"\0\0" + cookie


async def x11(place: Place) -> None:
    command = f"echo $DISPLAY; xauth list $DISPLAY; exec {place.marker}"
    async with place.connection.start(command) as process:
        name = (await process.stdout.readline()).decode()
        port = 6000 + int(name.partition(":")[2].partition(".")[0])
        cookie = (await process.stdout.readline()).split()[2]
        async with opened(asyncio.open_connection("127.0.0.1", port)) as (reader, writer):
            sent = setup(bytes.fromhex(cookie.decode()))
            writer.write(sent)
            assert len(await reader.readexactly(len(sent))) == len(sent)


@pytest.mark.skipif(shutil.which("xauth") is None, reason="xauth is not installed")
async def test_x11_forwarding_that_is_cancelled_anywhere_leaves_no_display(
    moment: Moment, tmp_path: Path
) -> None:
    async with display() as name:
        forwarding = ssh_stack.X11Forwarding(trusted=True, display=name)
        assert await swept(x11, moment, tmp_path, x11_forwarding=forwarding) > 1


# ---------------------------------------------------------------- shared connections


@asynccontextmanager
async def master(place: Place) -> AsyncGenerator[tuple[Master, Path]]:
    """Share the connection of the place, as `ssh -M` does."""
    path = place.here / "listens"
    report = Report(quiet=True)
    forwards = Forwards(place.connection, report, ForwardsPlan())
    settings = MasterSettings(place="here:22")
    listener = ControlListener.open(str(path))
    running = Master(place.connection, forwards, listener, report, settings)
    try:
        yield running, path
    finally:
        await running.close()
        await forwards.close()


async def connection_of_a_master(place: Place) -> None:
    async with (
        master(place) as (_, path),
        ssh_stack.connect("h", control_path=path, config=None, agent=None) as shared,
    ):
        assert (await shared.run("echo x", text=True)).stdout == "x\n"
        async with shared.start(f"exec {place.marker}"):
            pass


async def forward_of_a_master(place: Place) -> None:
    async with (
        master(place) as (_, path),
        ssh_stack.connect("h", control_path=path, config=None, agent=None) as shared,
        shared.forward_local("127.0.0.1:0", f"127.0.0.1:{place.server.port}") as forward,
    ):
        await greeting(asyncio.open_connection(forward.host, forward.port))


async def remote_forward_of_a_master(place: Place) -> None:
    async with (
        master(place) as (_, path),
        ssh_stack.connect("h", control_path=path, config=None, agent=None) as shared,
        shared.forward_remote("127.0.0.1:0", f"127.0.0.1:{place.server.port}") as forward,
    ):
        await greeting(asyncio.open_connection(forward.host, forward.port))


async def remote_forward_that_a_master_has(place: Place) -> None:
    """As with a master of OpenSSH, which does not take it in proxy mode."""
    async with (
        master(place) as (_, path),
        ssh_stack.connect("h", control_path=path, config=None, agent=None) as shared,
    ):
        client = shared._client
        assert isinstance(client, SharedConnection)
        client._takes_forwards = False
        target = f"127.0.0.1:{place.server.port}"
        async with shared.forward_remote("127.0.0.1:0", target) as forward:
            await greeting(asyncio.open_connection(forward.host, forward.port))


def ask(path: Path, command: str, log: Path) -> int:
    """Run a command through a master, with descriptors of this process, as `ssh -S` does."""
    with log.open("wb") as output, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        descriptors = (nothing.fileno(), output.fileno(), output.fileno())
        with ControlSocket.connect(str(path), 20) as control:
            control.ask(m.NewSession(command=command), descriptors)
            while (message := control.next()) is not None:
                if isinstance(message, m.ExitMessage):
                    return message.status
    return -1


async def session_of_a_master(place: Place) -> None:
    await ask_master(place, f"exec {place.marker}")


async def session_of_a_master_that_ends(place: Place) -> None:
    await ask_master(place, "cat; exit 3")


async def ask_master(place: Place, command: str) -> None:
    async with master(place) as (running, path):
        client = asyncio.ensure_future(asyncio.to_thread(ask, path, command, place.here / "log"))
        try:
            await asyncio.sleep(0)
            await asyncio.shield(client)
        finally:
            await running.close()
            with suppress(ssh_stack.SSHError, OSError):
                await client


async def end_of_a_master(place: Place) -> None:
    async with master(place) as (running, _):
        await running.wait(0.01)


@pytest.mark.parametrize(
    "operation",
    [
        connection_of_a_master,
        forward_of_a_master,
        remote_forward_of_a_master,
        remote_forward_that_a_master_has,
        session_of_a_master,
        session_of_a_master_that_ends,
        end_of_a_master,
    ],
)
async def test_shared_connection_that_is_cancelled_anywhere_leaves_its_master_usable(
    operation: Operation, moment: Moment, tmp_path: Path
) -> None:
    assert await swept(operation, moment, tmp_path, no_socket_is_left) > 0


# ---------------------------------------------------------------- reverse connections


async def reverse(place: Place) -> None:
    options: dict[str, Any] = {
        "username": "me",
        "keys": [USER_KEY],
        "known_hosts": f"box {HOST_KEY.public_key.to_openssh()}".encode(),
        "config": None,
        "agent": None,
    }
    async with ssh_stack.listen_reverse("box", "127.0.0.1", **options) as listener:
        dialled = await place.server.dial("127.0.0.1", listener.port)
        try:
            async with await listener.accept() as connection:
                assert (await connection.run("echo x", text=True)).stdout == "x\n"
        finally:
            await dialled.close()


async def test_reverse_connection_that_is_cancelled_anywhere_leaves_nothing(
    moment: Moment, tmp_path: Path
) -> None:
    assert await swept(reverse, moment, tmp_path) > 1
