"""Forwards that a master has at the server for this program, with the master's answers given."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from programs import until
from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_connection.aio.control.forwards import MasterForward, listen_by_master
from ssh_connection.aio.forward.requested import Destination
from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlRefused, MasterLost

pytestmark = pytest.mark.usefixtures("reports")

LISTEN = TCPAddress("127.0.0.1", 0)


class Master:
    """Answers what it is asked."""

    def __init__(self, answer: m.ControlMessage | None = None) -> None:
        self.asked: list[m.Request] = []
        self._answer = answer or m.RemotePort(port=4711)

    async def ask(self, request: m.Request) -> m.ControlMessage:
        await asyncio.sleep(0)
        self.asked.append(request)
        if isinstance(request, m.CloseForward):
            problem = "it has ended"
            raise MasterLost(problem)
        return self._answer

    @property
    def path(self) -> str:
        """Where it is to carry the connections."""
        assert isinstance(self.asked[0], m.OpenForward)
        return self.asked[0].connect_host


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.glob("ssh-*"))


@asynccontextmanager
async def forwarded(
    master: Master, destination: Destination, listen: TCPAddress | UnixAddress = LISTEN
) -> AsyncGenerator[MasterForward]:
    forward = await listen_by_master(listen, destination, master.ask, 60.0)
    try:
        yield forward
    finally:
        await forward.close()


async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.read()).upper())
    await writer.drain()
    writer.close()


@asynccontextmanager
async def serving() -> AsyncGenerator[TCPAddress]:
    async with await asyncio.start_server(upper, "127.0.0.1", 0) as server:
        yield TCPAddress(*server.sockets[0].getsockname())


async def test_connection_is_carried_to_its_end_in_both_directions() -> None:
    master = Master()
    async with serving() as address, forwarded(master, Destination(address)) as forward:
        assert forward.address == TCPAddress("127.0.0.1", 4711)
        reader, writer = await asyncio.open_unix_connection(master.path)
        data = b"x" * 3_000_000
        writer.write(data)
        await writer.drain()
        assert forward.connections == 1
        writer.write_eof()
        assert await reader.read() == data.upper()
        writer.close()
        await forward.wait_idle()
        assert forward.connections == 0
    opened, closed = master.asked
    assert isinstance(opened, m.OpenForward)
    assert isinstance(closed, m.CloseForward)
    assert (closed.listen_port, closed.connect_host) == (0, opened.connect_host)


async def test_socket_of_the_server_is_asked_for_and_reaches_a_socket_here(folder: Path) -> None:
    master, there = Master(m.Ok()), UnixAddress("/there")
    server = await asyncio.start_unix_server(upper, folder / "target")
    destination = Destination(UnixAddress(str(folder / "target")))
    async with server, forwarded(master, destination, there) as forward:
        assert forward.address == there
        reader, writer = await asyncio.open_unix_connection(master.path)
        writer.write(b"x")
        writer.write_eof()
        assert await reader.read() == b"X"
        writer.close()
    asked = master.asked[0]
    assert isinstance(asked, m.OpenForward)
    assert (asked.listen_host, asked.listen_port) == ("/there", m.UNIX_PORT)


@pytest.mark.parametrize("address", [TCPAddress("127.0.0.1", 1), TCPAddress("a" * 70, 1)])
async def test_connection_to_what_is_not_reached_is_cut(address: TCPAddress) -> None:
    master = Master()
    async with forwarded(master, Destination(address)):
        reader, writer = await asyncio.open_unix_connection(master.path)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(("allowed", "code"), [(True, 0), (False, 2)])
async def test_connection_that_asks_by_socks_reaches_what_is_permitted(
    allowed: bool,
    code: int,
) -> None:
    master = Master()
    async with (
        serving() as address,
        forwarded(master, Destination(None, lambda _: allowed)),
    ):
        reader, writer = await asyncio.open_unix_connection(master.path)
        port = address.port.to_bytes(2, "big")
        writer.write(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + port + b"x")
        assert (await reader.readexactly(4))[3] == code
        writer.write_eof()
        assert (await reader.read()).endswith(b"X") is allowed
        writer.close()


async def test_end_of_the_forward_cuts_its_connections() -> None:
    master = Master()
    async with serving() as address, forwarded(master, Destination(address)) as forward:
        reader, writer = await asyncio.open_unix_connection(master.path)
        writer.write(b"x")
        await until(lambda: forward.connections)
        await asyncio.sleep(0)
        forward.abort()
        with suppress(ConnectionResetError):  # where the byte was not read when it was cut
            assert await reader.read() in {b"", b"X"}
        writer.close()
        await forward.wait_idle()


async def test_target_that_resets_cuts_the_connection() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    master = Master()
    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        address = TCPAddress(*server.sockets[0].getsockname())
        async with forwarded(master, Destination(address)) as forward:
            _, writer = await asyncio.open_unix_connection(master.path)
            writer.write(b"x" * 100_000)
            await forward.wait_idle()
            await until(lambda: not forward.connections)
            writer.close()


async def test_refusal_of_the_master_is_told_and_leaves_nothing() -> None:
    master = Master(m.Failure(reason="remote port forwarding failed"))
    with pytest.raises(ControlRefused, match="at the server: the master could not"):
        await listen_by_master(LISTEN, Destination(LISTEN), master.ask, 60.0)


async def test_listening_that_is_cancelled_is_cancelled_at_the_master() -> None:
    class Slow(Master):
        async def ask(self, request: m.Request) -> m.ControlMessage:
            if isinstance(request, m.CloseForward):
                return await super().ask(request)
            self.asked.append(request)
            await asyncio.Event().wait()
            return m.Ok()

    master = Slow()
    listening = asyncio.ensure_future(
        listen_by_master(LISTEN, Destination(LISTEN), master.ask, 60.0)
    )
    await until(lambda: master.asked)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert isinstance(master.asked[-1], m.CloseForward)
