"""X11 at a server."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from programs import Remote, pair, settle, until
from sockets import connecting
from ssh_auth import Accept, AuthContext, Permissions
from ssh_connection.aio import Channel, ServerAuthentication
from ssh_connection.aio.server.x11_displays import SessionX11, X11Displays
from ssh_connection.aio.services.x11 import bind_display
from ssh_connection.aio.testing import EndpointPair
from ssh_connection.channel import ChannelProtocol
from ssh_connection.services import ChannelType
from ssh_wire import UsageError
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

COOKIE = "00112233445566778899aabbccddeeff"


def request(protocol: str = "MIT-MAGIC-COOKIE-1", **fields: object) -> m.X11Request:
    found = m.X11Request(
        recipient=0, single_connection=False, protocol=protocol, cookie=COOKIE, screen=0
    )
    return found.replace(**fields)


def free_display() -> int:
    """The number of a display whose port is free, far from real ones."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1]) - 6000


class XClients:
    """What arrives at the client: the X11 channels that the server opens."""

    def __init__(self, ends: EndpointPair) -> None:
        self.opened: list[m.X11Open] = []
        self.channels: list[Channel] = []
        row = ChannelType(message=m.X11Open, opened=self._opened)
        ends.client._mux.services.register(row)

    def _opened(self, message: m.X11Open, core: ChannelProtocol) -> None:
        self.opened.append(message)
        channel = Channel(core)
        core.confirm(channel)
        self.channels.append(channel)


@asynccontextmanager
async def connected(
    remote: Remote, *, permitted: bool = True, on: bool = True
) -> AsyncGenerator[EndpointPair]:
    async def accept(_context: AuthContext) -> Accept:
        return Accept(permissions=Permissions(x11=permitted))

    x11 = X11Displays(offset=free_display()) if on else None
    async with pair(remote, authentication=ServerAuthentication(none=accept), x11=x11) as ends:
        yield ends


def display_of(remote: Remote) -> SessionX11:
    found = remote.sessions[-1].x11
    assert found is not None
    return found


def port_of(found: SessionX11) -> int:
    return 6000 + int(found.display.partition(":")[2].partition(".")[0])


async def start(ends: EndpointPair, asked: m.X11Request) -> Channel:
    channel = await ends.client.sessions.open(100_000)
    assert await channel.request(asked) is True
    assert await channel.request(m.ExecRequest(recipient=0, command=b"x")) is True
    return channel


async def test_program_of_the_session_reaches_the_client() -> None:
    remote = Remote()
    async with connected(remote) as ends:
        clients = XClients(ends)
        session = await start(ends, request(screen=1))
        display = display_of(remote)
        assert display.display.startswith("localhost:")
        assert display.display.endswith(".1")
        assert display.authority == display.display.replace("localhost:", "unix:")
        assert (display.protocol, display.cookie) == ("MIT-MAGIC-COOKIE-1", COOKIE)
        async with connecting(port_of(display)) as (reader, writer):
            writer.write(b"setup")
            await until(lambda: clients.channels)
            stream = clients.channels[0].stream()
            assert await stream.reader.readexactly(5) == b"setup"
            await stream.write(b"answer")
            assert await reader.readexactly(6) == b"answer"
            stream.write_eof()
            assert await reader.read() == b""
        assert clients.opened[0].origin_host in {"127.0.0.1", "::1"}
        assert clients.opened[0].origin_port
        session.abort()


async def test_display_is_gone_with_its_session_but_not_what_is_connected() -> None:
    remote = Remote()
    async with connected(remote) as ends:
        clients = XClients(ends)
        session = await start(ends, request())
        port = port_of(display_of(remote))
        async with connecting(port) as (reader, writer):
            await until(lambda: clients.channels)
            session.abort()
            await session.wait_closed()
            await settle()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            stream = clients.channels[0].stream()
            writer.write(b"still")
            assert await stream.reader.readexactly(5) == b"still"
            await stream.close()
            assert await reader.read() == b""


async def test_single_connection_is_the_last_one() -> None:
    remote = Remote()
    async with connected(remote) as ends:
        clients = XClients(ends)
        session = await start(ends, request(single_connection=True))
        port = port_of(display_of(remote))
        async with connecting(port):
            await until(lambda: clients.channels)
            await settle()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
        session.abort()


@pytest.mark.row("C16")
@pytest.mark.parametrize(("on", "permitted"), [(False, True), (True, False)])
async def test_x11_is_refused_where_settings_or_permissions_exclude_it(
    *, on: bool, permitted: bool
) -> None:
    async with connected(Remote(), on=on, permitted=permitted) as ends:
        channel = await ends.client.sessions.open(100_000)
        assert await channel.request(request()) is False


@pytest.mark.row("C19")
@pytest.mark.parametrize(
    "asked",
    [
        request(cookie="00\nadd :0 . 00"),
        request(cookie=""),
        request(cookie="00 00"),
        request(protocol="MIT-MAGIC-COOKIE-1\nsource /etc/passwd"),
        request(protocol=""),
    ],
)
async def test_cookie_that_xauth_would_read_as_more_is_refused(asked: m.X11Request) -> None:
    async with connected(Remote()) as ends:
        channel = await ends.client.sessions.open(100_000)
        assert await channel.request(asked) is False


async def test_second_request_and_one_after_the_command_are_refused() -> None:
    async with connected(Remote()) as ends:
        channel = await start(ends, request())
        assert await channel.request(request()) is False
        other = await ends.client.sessions.open(100_000)
        assert await other.request(request()) is True
        assert await other.request(request()) is False


async def test_client_that_refuses_the_channel_costs_the_program_its_connection() -> None:
    remote = Remote()
    async with connected(remote) as ends:
        session = await start(ends, request())
        async with connecting(port_of(display_of(remote))) as (reader, _):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        session.abort()


def test_display_that_another_program_has_is_passed_over() -> None:
    first = free_display()
    number, sockets = bind_display(X11Displays(offset=first))
    other, more = bind_display(X11Displays(offset=first))
    for each in (*sockets, *more):
        each.close()
    assert number == first
    assert other > first


def test_display_for_other_machines_has_the_name_of_this_one() -> None:
    number, sockets = bind_display(X11Displays(offset=free_display(), localhost=False))
    names = [each.getsockname()[0] for each in sockets]
    for each in sockets:
        each.close()
    found = SessionX11.at(X11Displays(localhost=False), number, request(screen=500))

    assert names[0] == socket.inet_ntoa(bytes(4))
    assert found.display == f"{socket.gethostname()}:{number}.0"
    assert found.authority == found.display


def test_no_display_is_free_where_all_are_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65534))
        taken.listen()
        with pytest.raises(OSError, match="is free"):
            bind_display(X11Displays(offset=59534))


@pytest.mark.parametrize("offset", [-1, 59535, 100_000])
def test_offset_that_is_not_the_number_of_a_display_is_refused(offset: int) -> None:
    with pytest.raises(UsageError, match="offset"):
        X11Displays(offset=offset)


def test_cookie_is_not_in_the_representation() -> None:
    assert COOKIE not in repr(SessionX11.at(X11Displays(), 10, request()))


async def test_request_for_which_no_display_is_free_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65534))
        taken.listen()
        async with pair(Remote(), x11=X11Displays(offset=59534)) as ends:
            channel = await ends.client.sessions.open(100_000)
            assert await channel.request(request()) is False
    assert "X11 cannot be forwarded: no display from 59534 on is free" in caplog.text


@pytest.mark.parametrize("fault", ["family", "address"])
def test_display_has_one_family_where_the_machine_lacks_the_other(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    class Lacking(socket.socket):
        def __init__(self, family: int, kind: int) -> None:
            if fault == "family" and family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "no such family")
            super().__init__(family, kind)

        def bind(self, address: Any, /) -> None:
            if self.family == socket.AF_INET6:
                raise OSError(errno.EADDRNOTAVAIL, "no such address")
            super().bind(address)

    offset = free_display()
    monkeypatch.setattr("ssh_connection.aio.services.x11.socket.socket", Lacking)
    _, sockets = bind_display(X11Displays(offset=offset))
    names = [each.getsockname()[0] for each in sockets]
    for each in sockets:
        each.close()

    assert names == ["127.0.0.1"]


def test_display_whose_port_is_taken_in_one_family_is_passed_over_in_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[socket.socket] = []

    class Taken(socket.socket):
        def bind(self, address: Any, /) -> None:
            made.append(self)
            if self.family == socket.AF_INET6 and address[1] == 6000 + offset:
                raise OSError(errno.EADDRINUSE, "address in use")
            if self.family == socket.AF_INET6:
                raise OSError(errno.EADDRNOTAVAIL, "no such address")
            super().bind(address)

    offset = free_display()
    monkeypatch.setattr("ssh_connection.aio.services.x11.socket.socket", Taken)
    number, sockets = bind_display(X11Displays(offset=offset))
    unclosed = [each for each in made if each.fileno() >= 0]
    for each in sockets:
        each.close()

    assert number > offset
    assert unclosed == sockets
