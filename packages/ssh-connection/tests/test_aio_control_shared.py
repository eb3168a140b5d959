"""A connection that is a master's, against a master that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from programs import until
from ssh_connection import ChannelOpenRefused, SSHTimeout
from ssh_connection.addresses import TCPAddress
from ssh_connection.aio import Timeouts
from ssh_connection.aio.control import SharedConnection, shared
from ssh_connection.aio.testing import client_settings
from ssh_connection.control import messages as c
from ssh_connection.control.errors import ControlRefused, ControlViolation, MasterLost
from ssh_connection.control.framing import frame
from ssh_connection.control.proxy import ProxyTransport
from ssh_connection.control.server import ControlServer
from ssh_transport import ConnectionLost
from ssh_wire import Message, OpenFailureReason, SSHError, UsageError
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

ADDRESS = TCPAddress("127.0.0.1", 0)


class Master:
    """One client's side of a master: takes the request, answers, and refuses every channel.

    Attributes:
        received: the payloads of the proxy mode.
        writer: the stream to the client.
    """

    def __init__(self, *answers: c.ControlMessage, behind: tuple[Message, ...] = ()) -> None:
        self.received: list[bytes] = []
        self.writer: asyncio.StreamWriter | None = None
        self._answers = answers
        self._behind = behind
        self._proxy = ProxyTransport()
        self._proxy.sink = self._take

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        core = ControlServer()
        while (found := core.next_request()) is None:
            core.receive(await reader.readexactly(1))
        assert isinstance(found[0], c.ProxyRequest)
        writer.write(core.hello + b"".join(map(frame, self._answers)))
        self.send(*self._behind)
        while self._answers and (data := await reader.read(4096)):
            self._proxy.receive(data)
            writer.write(self._proxy.take_outgoing() or b"")

    def send(self, *messages: Message) -> None:
        """Send messages of the connection protocol."""
        assert self.writer is not None
        for each in messages:
            self._proxy.send_payload(each.encode())
        self.writer.write(self._proxy.take_outgoing() or b"")

    def _take(self, payload: Any) -> None:
        self.received.append(bytes(payload))
        if payload[0] == m.SessionOpen.NUMBER:
            opened = m.ChannelOpen.decode(payload)
            self._proxy.send_payload(
                m.ChannelOpenFailure(
                    recipient=opened.sender,
                    reason=OpenFailureReason.RESOURCE_SHORTAGE,
                    description="full",
                ).encode()
            )


Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(folder: Path, serve: Served) -> AsyncGenerator[str]:
    """Give the path of a socket; whoever connects is served until it goes."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    path = str(folder / "master")
    listener = await asyncio.start_unix_server(connected, path)
    try:
        yield path
        await until(lambda: not tasks)
    finally:
        listener.close()
        await listener.wait_closed()


def connection(**timeouts: float) -> SharedConnection:
    return SharedConnection(attrs.evolve(client_settings(), timeouts=Timeouts(**timeouts)), bytes)


@asynccontextmanager
async def attached(folder: Path, master: Master) -> AsyncGenerator[SharedConnection]:
    """A connection in the proxy mode of a master."""
    async with listening(folder, master) as path:
        client = connection()
        await client.attach(path)
        try:
            yield client
        finally:
            await client.close()


async def test_channel_is_opened_through_the_master(tmp_path: Path) -> None:
    master = Master(c.Proxy())
    async with attached(tmp_path, master) as client:
        with pytest.raises(ChannelOpenRefused, match="full") as caught:
            await client.start("true").open()

    assert caught.value.reason == OpenFailureReason.RESOURCE_SHORTAGE
    assert [each[0] for each in master.received] == [m.SessionOpen.NUMBER]


async def test_message_right_behind_the_answer_is_taken(tmp_path: Path) -> None:
    master = Master(c.Proxy(), behind=(m.GlobalRequest(kind="x@y", want_reply=True),))
    async with attached(tmp_path, master):
        await until(lambda: master.received)

    assert master.received == [m.RequestFailure().encode()]


async def test_end_of_the_master_is_a_lost_connection(tmp_path: Path) -> None:
    master = Master(c.Proxy())
    async with attached(tmp_path, master) as client:
        await until(lambda: master.writer)
        assert master.writer is not None
        master.writer.close()
        await client.wait_closed()
        with pytest.raises(ConnectionLost, match="the master of the connection ended"):
            await client.start("true").open()


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (c.PermissionDenied(reason="no\x07"), ControlRefused, r"refused: no\\x07"),
        (c.Failure(reason="no such request"), ControlRefused, "could not do it: no such request"),
        (c.Ok(), ControlViolation, "ProxyRequest by Ok"),
        (c.Proxy(request_id=7), ControlViolation, "request 7, which was not asked"),
    ],
)
async def test_other_answer_than_the_proxy_mode_is_an_error(
    tmp_path: Path, answer: c.ControlMessage, error: type[SSHError], text: str
) -> None:
    async with listening(tmp_path, Master(answer)) as path:
        client = connection()
        with pytest.raises(error, match=text):
            await client.attach(path)
        await client.close()


async def test_master_that_ends_before_its_answer_is_lost(tmp_path: Path) -> None:
    async with listening(tmp_path, Master()) as path:
        client = connection()
        with pytest.raises(MasterLost, match="ended before it answered"):
            await client.attach(path)
        await client.close()


@pytest.mark.usefixtures("clock")
async def test_master_that_does_not_answer_is_given_up_in_time(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(tmp_path, silent) as path:
        client = connection(connect=5)
        with pytest.raises(SSHTimeout, match="waiting for the master at ") as caught:
            await client.attach(path)
        assert caught.value.seconds == 5
        await client.close()


async def test_socket_on_which_nothing_listens_is_an_error_of_the_system(tmp_path: Path) -> None:
    client = connection()
    with pytest.raises(FileNotFoundError):
        await client.attach(str(tmp_path / "none"))
    await client.close()


async def test_master_of_another_user_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[bytes] = []

    async def note(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.read())

    def other(_connected: object) -> int:
        return 12_345

    monkeypatch.setattr(shared, "peer_uid", other)
    async with listening(tmp_path, note) as path:
        client = connection()
        with pytest.raises(SSHError, match="belongs to another user"):
            await client.attach(path)
        await client.close()
        await until(lambda: arrived)
    assert arrived == [b""]


async def test_session_that_is_refused_is_a_sign_of_life_too(tmp_path: Path) -> None:
    master = Master(c.Proxy())
    async with attached(tmp_path, master) as client:
        assert 0 <= await client.ping() < 60
    assert [each[0] for each in master.received] == [m.SessionOpen.NUMBER]


async def test_what_belongs_to_the_master_is_refused_and_not_sent(tmp_path: Path) -> None:
    master = Master(c.Proxy())
    async with attached(tmp_path, master) as client:
        with pytest.raises(UsageError, match="no further session"):
            client.no_more_sessions()
        with pytest.raises(UsageError, match="a global request"):
            await client._global_request(m.GlobalRequest(kind="x@y", want_reply=True))
        with pytest.raises(UsageError, match="new keys"):
            client.rekey()
    assert master.received == []


async def test_forward_at_the_server_is_asked_of_a_master_by_a_socket_of_its_own(
    tmp_path: Path,
) -> None:
    asked: list[c.Request] = []

    async def master(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        core = ControlServer()
        while (found := core.next_request()) is None:
            core.receive(await reader.readexactly(1))
        asked.append(found[0])
        answers: dict[type[c.Request], c.ControlMessage] = {
            c.ProxyRequest: c.Proxy(),
            c.OpenForward: c.RemotePort(port=4711),
        }
        hello = frame(c.Hello())  # of OpenSSH, without extensions
        writer.write(hello + frame(answers.get(type(found[0]), c.Ok())))
        await reader.read()

    async with listening(tmp_path, master) as path:
        client = connection()
        await client.attach(path)
        async with client.forward_remote(ADDRESS, TCPAddress("127.0.0.1", 1)) as forward:
            assert forward.port == 4711
        left = await client.forward_remote(ADDRESS, TCPAddress("127.0.0.1", 1))
        await client.close()  # which closes what is left
        assert left.connections == 0

    kinds = [type(each) for each in asked]
    assert kinds == [c.ProxyRequest, *[c.OpenForward, c.CloseForward] * 2]


async def test_round_trip_is_that_of_a_session_that_is_closed_again(tmp_path: Path) -> None:
    class Opening(Master):
        def _take(self, payload: Any) -> None:
            self.received.append(bytes(payload))
            if payload[0] == m.SessionOpen.NUMBER:
                sender = m.ChannelOpen.decode(payload).sender
                confirmed = m.ChannelOpenConfirmation(
                    recipient=sender, sender=0, window=1, max_packet=1
                )
                self._proxy.send_payload(confirmed.encode())

    master = Opening(c.Proxy())
    async with attached(tmp_path, master) as client:
        assert 0 <= await client.ping() < 60
        await until(lambda: len(master.received) > 1)
    assert [each[0] for each in master.received] == [
        m.SessionOpen.NUMBER,
        m.ChannelClose.NUMBER,
    ]
