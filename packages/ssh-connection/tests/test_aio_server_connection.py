"""The server's end: deny by default, serve what was switched on, end what breaks rules."""

from __future__ import annotations

import logging
from typing import Any

import attrs
import pytest

from programs import Anywhere, Remote, inject, limited, pair, upper
from ssh_connection import ChannelOpenRefused
from ssh_connection.aio import (
    ClientConnection,
    ServerConnection,
    Session,
)
from ssh_connection.aio.testing import EndpointPair
from ssh_transport import PeerDisconnected
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


async def refusal(client: ClientConnection, message: m.OpenHead) -> int:
    with pytest.raises(ChannelOpenRefused) as caught:
        await client._open(message)
    return caught.value.reason


def other(kind: str) -> m.ChannelOpen:
    return m.ChannelOpen(kind=kind, sender=0, window=100, max_packet=0)


@pytest.mark.row("C09")
@pytest.mark.parametrize("kind", ["tun@openssh.com", "sessions", "x@example.com", ""])
async def test_unknown_channel_type_is_refused_with_reason_3(kind: str) -> None:
    async with pair() as ends:
        reason = await refusal(ends.client, other(kind))
        assert reason == OpenFailureReason.UNKNOWN_CHANNEL_TYPE


@pytest.mark.row("C09")
async def test_channels_that_only_a_server_opens_are_refused() -> None:
    async with pair(forwarding=Anywhere()) as ends:
        x11 = m.X11Open(sender=0, window=1, max_packet=0, origin_host="", origin_port=0)
        forwarded = m.ForwardedTCPIPOpen(
            sender=0,
            window=1,
            max_packet=0,
            address="",
            port=1,
            origin_host="",
            origin_port=0,
        )
        for message in (x11, forwarded, other("auth-agent@openssh.com"), other("agent-connect")):
            reason = await refusal(ends.client, message)
            assert reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED


@pytest.mark.row("C08")
async def test_no_more_sessions_than_the_limit_and_a_closed_one_makes_room() -> None:
    remote = Remote()
    async with pair(remote, **limited(sessions=2)) as ends:
        first = await ends.client.start("1").open()
        await ends.client.start("2").open()
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.start("3").open()
        assert caught.value.reason == OpenFailureReason.RESOURCE_SHORTAGE
        await first.close()
        async with ends.client.start("3"):
            pass


@pytest.mark.row("C08")
async def test_closed_session_makes_room_within_the_same_packet() -> None:
    async with pair(Remote(), **limited(sessions=1)) as ends:
        for _ in range(20):
            process = await ends.client.start("x").open()
            process._channel.abort()


@pytest.mark.row("R16")
async def test_session_ends_with_255_when_its_handler_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(session: Session) -> None:
        await session.write(b"before")
        problem = "mine"
        raise ValueError(problem)

    async with pair(broken) as ends:
        with caplog.at_level(logging.ERROR):
            done = await ends.client.run("x")
        assert (done.stdout, done.exit_status) == (b"before", 255)
        assert "a session handler failed" in caplog.text
        assert await ends.client.ping() >= 0


async def test_broken_pipe_in_a_handler_is_not_logged_as_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def write(_session: Session) -> None:
        problem = "the pipe is broken"
        raise BrokenPipeError(problem)

    async with pair(write) as ends:
        assert (await ends.client.run("x")).exit_status == 255
    assert "failed" not in caplog.text


async def test_handler_is_cancelled_when_the_client_closes_its_session() -> None:
    remote = Remote()
    async with pair(remote) as ends:
        process = await ends.client.start("x").open()
        await remote.started.wait()
        process._channel.abort()
        await remote.ended.wait()
        assert remote.cancelled


def reporting(**functions: Any) -> EndpointPair:
    ends = pair(upper)
    settings = attrs.evolve(ends.server._settings, **functions)
    ends.server = ServerConnection(settings, bytes)
    return ends


async def test_on_authenticated_is_called_once_with_the_user_known() -> None:
    users: list[str] = []

    def authenticated(connection: ServerConnection) -> None:
        assert connection.user is not None
        users.append(connection.user.name)

    async with reporting(on_authenticated=authenticated) as ends:
        await ends.client.run("x")
    assert users == ["tester"]


@pytest.mark.parametrize("closer", ["client", "server"])
async def test_on_end_is_told_none_where_a_side_closes(closer: str) -> None:
    ended: list[Exception | None] = []

    def end(_connection: ServerConnection, error: Exception | None) -> None:
        ended.append(error)

    async with reporting(on_end=end) as ends:
        await (ends.client if closer == "client" else ends.server).close()
        await ends.server.wait_closed()
        await ends.server.close()
    assert ended == [None]


async def test_on_end_is_told_what_ended_the_connection_otherwise() -> None:
    ended: list[Exception | None] = []

    def end(_connection: ServerConnection, error: Exception | None) -> None:
        ended.append(error)

    async with reporting(on_end=end) as ends:
        inject(ends.server, b"\x5a")  # a CHANNEL_OPEN that is cut off
        await ends.server.wait_closed()
        await ends.client.wait_closed()
    assert [type(error) for error in ended] == [PeerDisconnected]


async def test_functions_that_raise_are_logged_and_do_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        problem = "mine"
        raise ValueError(problem)

    async with reporting(on_authenticated=fail, on_end=fail) as ends:
        assert (await ends.client.run("x")).stdout == b"X"
    assert [record.message for record in caplog.records if record.exc_info] == [
        "on_authenticated failed",
        "on_end failed",
    ]
