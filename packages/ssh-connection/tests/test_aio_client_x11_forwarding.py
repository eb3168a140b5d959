"""X11 that a client forwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from programs import pair, settle, until, upper
from sockets import listening
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import Channel, ServerConnection, SessionForwards
from ssh_connection.aio.client import x11_forwarding
from ssh_connection.aio.client.x11_forwarding import LocalDisplay
from ssh_connection.aio.testing import EndpointPair
from ssh_connection.x11 import Display, X11Credential
from ssh_transport import ConnectionLost
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

NAME = b"MIT-MAGIC-COOKIE-1"
REAL = X11Credential(NAME.decode(), b"the-real-cookie!")


def setup(cookie: bytes) -> bytes:
    """The setup of an X11 client."""
    sizes = b"".join(size.to_bytes(2, "little") for size in (11, 0, len(NAME), len(cookie), 0))
    return b"l\0" + sizes + NAME + b"\0\0" + cookie


class XServer:
    """Takes the setup of its clients, and answers what follows it in capitals."""

    def __init__(self) -> None:
        self.setups: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.setups.append(await reader.readexactly(len(setup(REAL.cookie))))
        while data := await reader.read(1000):
            writer.write(data.upper())


class Connected:
    """A client and a server, of which sessions have X11 forwarded."""

    def __init__(self, ends: EndpointPair, display: XServer) -> None:
        self.ends = ends
        self.display = display

    async def ask(self) -> bytes:
        """Run a session that asks for X11; return the cookie that the server is given."""
        await self.ends.client.run("true")
        found = self.ends.client._session_forwarding._x11
        assert found is not None
        return bytes.fromhex((await found.prepare()).cookie)

    async def open(self) -> Channel:
        return await open_channel(self.ends.server)


async def open_channel(server: ServerConnection) -> Channel:
    channel = Channel()
    message = m.X11Open(
        sender=0, window=100_000, max_packet=0, origin_host="127.0.0.1", origin_port=1
    )
    channel.adopt(server._mux.open(message, channel))
    await channel.wait_opened()
    return channel


@asynccontextmanager
async def connected(folder: Path, **options: Any) -> AsyncGenerator[Connected]:
    """A connection whose sessions have X11 forwarded to a display at a Unix socket."""
    server = XServer()
    path = folder / "display:0"
    clients: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        try:
            await server(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            clients.discard(writer)
            writer.close()

    display = Display.parse(str(path))

    async def source() -> LocalDisplay:
        return attrs.evolve(LocalDisplay(display=display, credential=REAL), **options)

    forwards = SessionForwards(x11=source, every_x11=True)
    listener = await asyncio.start_unix_server(serve, path)
    try:
        async with pair(upper, client={"session_forwards": forwards}) as ends:
            yield Connected(ends, server)
            await ends.client.close()
        await until(lambda: not clients)
    finally:
        listener.close()
        await listener.wait_closed()


@pytest.mark.row("C19")
async def test_program_with_the_cookie_that_was_given_is_joined_with_the_real_one(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path) as made:
        given = await made.ask()
        channel = await made.open()
        stream = channel.stream()
        for byte in setup(given):
            await stream.write(bytes([byte]))
        await stream.write(b"hello")
        assert await stream.reader.readexactly(5) == b"HELLO"
        stream.write_eof()
        assert await stream.read() == b""

    assert made.display.setups == [setup(REAL.cookie)]
    assert given != REAL.cookie


@pytest.mark.row("C19")
async def test_program_with_another_cookie_is_cut_before_the_display_has_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(tmp_path) as made:
        await made.ask()
        for cookie in (REAL.cookie, bytes(16)):
            channel = await made.open()
            channel.write(setup(cookie))
            await channel.wait_closed()
    assert made.display.setups == []
    assert "has another cookie" in caplog.text


@pytest.mark.row("C19")
async def test_x11_before_a_session_has_asked_is_refused(tmp_path: Path) -> None:
    async with connected(tmp_path) as made:
        with pytest.raises(ChannelOpenRefused) as caught:
            await made.open()
        assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        await made.ask()
        (await made.open()).abort()


async def test_program_that_ends_in_its_setup_is_cut(tmp_path: Path) -> None:
    async with connected(tmp_path) as made:
        given = await made.ask()
        channel = await made.open()
        channel.write(setup(given)[:20])
        channel.write_eof()
        await channel.wait_closed()
    assert made.display.setups == []


async def test_connections_to_the_display_are_capped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x11_forwarding, "MAX_X11_CHANNELS", 3)
    async with connected(tmp_path) as made:
        await made.ask()
        channels = [await made.open() for _ in range(3)]
        with pytest.raises(ChannelOpenRefused) as caught:
            await made.open()
        assert caught.value.reason == OpenFailureReason.RESOURCE_SHORTAGE
        channels[0].abort()
        await channels[0].wait_closed()
        await settle()
        await made.open()


async def test_single_connection_is_asked_for_and_kept_to(tmp_path: Path) -> None:
    async with connected(tmp_path, single_connection=True) as made:
        given = await made.ask()
        channel = await made.open()
        channel.write(setup(given))
        with pytest.raises(ChannelOpenRefused):
            await made.open()
        await made.ends.client.run("another")
        (await made.open()).abort()


async def test_connection_after_the_time_for_x11_is_refused(tmp_path: Path, clock: Any) -> None:
    now = asyncio.get_running_loop().time()
    async with connected(tmp_path, deadline=now + 3600) as made:
        given = await made.ask()
        early = await made.open()
        clock._ahead += 7200
        early.write(setup(given))  # too late, too
        await early.wait_closed()
        with pytest.raises(ChannelOpenRefused) as caught:
            await made.open()
    assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert made.display.setups == []


async def test_display_that_is_gone_is_refused(tmp_path: Path) -> None:
    async def source() -> LocalDisplay:
        display = Display.parse(str(tmp_path / "gone:0"))
        return LocalDisplay(display=display, credential=REAL)

    forwards = SessionForwards(x11=source, every_x11=True)
    async with pair(upper, client={"session_forwards": forwards}) as ends:
        await ends.client.run("true")
        with pytest.raises(ChannelOpenRefused) as caught:
            await open_channel(ends.server)
    assert caught.value.reason == OpenFailureReason.CONNECT_FAILED


async def test_channel_of_a_connection_lost_while_the_display_is_reached_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(tmp_path) as made:
        await made.ask()

        async def reach(_display: Display, bridge: Any) -> None:
            reached.append(bridge)
            made.ends.client._end(ConnectionLost("the connection was lost"))

        reached: list[Any] = []
        monkeypatch.setattr(x11_forwarding, "_connect", reach)
        opening = asyncio.create_task(made.open())
        await until(lambda: reached)
        await made.ends.client.close()
        assert made.ends.link is not None
        made.ends.link.cut()
        with pytest.raises(ConnectionLost):
            await opening
    assert made.display.setups == []
    assert "cannot be reached" not in caplog.text


async def test_display_of_a_host_is_reached_by_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    server = XServer()
    async with listening(server) as port:
        monkeypatch.setattr("ssh_connection.x11.display.BASE_PORT", port - 10)

        async def source() -> LocalDisplay:
            return LocalDisplay(display=Display.parse("127.0.0.1:10"), credential=REAL)

        forwards = SessionForwards(x11=source, every_x11=True)
        async with pair(upper, client={"session_forwards": forwards}) as ends:
            await ends.client.run("true")
            found = ends.client._session_forwarding._x11
            assert found is not None
            stream = (await open_channel(ends.server)).stream()
            await stream.write(setup(bytes.fromhex((await found.prepare()).cookie)) + b"x")
            assert await stream.reader.readexactly(1) == b"X"
            await stream.close()
    assert server.setups == [setup(REAL.cookie)]
