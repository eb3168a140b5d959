"""The server's end: deny by default, serve what was switched on, end what breaks rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from programs import Anywhere, Remote, cat, inject, limited, pair, settle, until, upper
from ssh_auth import (
    Accept,
    KeyCredential,
    KeySigner,
    PasswordCredential,
    Permissions,
    Reject,
    Result,
)
from ssh_connection import ChannelOpenRefused, RequestRefused
from ssh_connection.aio import ClientConnection, Pty, ServerAuthentication, Session
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.testing import EndpointPair
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import ConnectionLost, PeerDisconnected
from ssh_wire import DisconnectReason, OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


def letting_in(*, denied: Sequence[str], force_command: str | None = None) -> ServerAuthentication:
    async def anybody(_user: str) -> Result:
        return Accept(Permissions(frozenset(denied), force_command))

    return ServerAuthentication(none=anybody)


async def refusal(client: ClientConnection, message: m.AnyChannelOpen) -> int:
    with pytest.raises(ChannelOpenRefused) as caught:
        await client._open(message)
    return caught.value.reason


def peer_error(client: ClientConnection) -> PeerDisconnected:
    lost = client._lost.result()
    error = lost if isinstance(lost, PeerDisconnected) else lost.__cause__
    assert isinstance(error, PeerDisconnected)
    return error


def other(kind: str) -> m.ChannelOpen:
    return m.ChannelOpen(kind=kind, sender=0, window=100, max_packet=0)


# ---------------------------------------------------------------- channels


@pytest.mark.row("C09")
@pytest.mark.parametrize(
    "kind", ["tun@openssh.com", "auth-agent@openssh.com", "direct-streamlocal@openssh.com", ""]
)
async def test_an_unknown_channel_type_is_refused_with_reason_3(kind: str) -> None:
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
        for message in (x11, forwarded):
            reason = await refusal(ends.client, message)
            assert reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED


@pytest.mark.row("C17")
async def test_forwarding_is_denied_by_default() -> None:
    async with pair() as ends:
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.open_tcp("127.0.0.1", 22)
        assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        with pytest.raises(RequestRefused, match=r"to listen on 127\.0\.0\.1:0"):
            async with ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1"):
                pass
        answer = await ends.client._global_request(
            m.CancelTCPIPForward(want_reply=True, address="", port=1)
        )
        assert answer == m.RequestFailure()


@pytest.mark.row("C16")
async def test_forwarding_is_denied_to_whom_it_is_denied() -> None:
    async with pair(
        authentication=letting_in(denied=["port-forwarding"]), forwarding=Anywhere()
    ) as ends:
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)


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
async def test_a_session_that_is_closed_makes_room_within_the_same_packet() -> None:
    async with pair(Remote(), **limited(sessions=1)) as ends:
        for _ in range(20):
            process = await ends.client.start("x").open()
            process._channel.abort()


@pytest.mark.row("C22")
async def test_a_session_after_no_more_sessions_ends_the_connection() -> None:
    async with pair(upper) as ends:
        await ends.client.run("before")
        answer = await ends.client._global_request(
            m.GlobalRequest(kind="no-more-sessions@openssh.com", want_reply=True)
        )
        assert answer == m.RequestSuccess()
        with pytest.raises((ConnectionLost, PeerDisconnected)):
            await ends.client.run("after")
        assert peer_error(ends.client).code == DisconnectReason.PROTOCOL_ERROR


# ---------------------------------------------------------------- requests on sessions


async def session_of(ends: EndpointPair) -> Channel:
    return await ends.client._open_session(1000)


@pytest.mark.row("C13")
@pytest.mark.parametrize(
    "second",
    [
        m.ExecRequest(recipient=0, command=b"x"),
        m.ShellRequest(recipient=0),
        m.SubsystemRequest(recipient=0, name="s"),
        m.PtyRequest(recipient=0, term="", columns=1, rows=1),
        m.EnvRequest(recipient=0, name=b"LANG", value=b"C"),
    ],
)
async def test_one_program_a_session_and_nothing_is_set_behind_it(
    second: m.AnyChannelRequest,
) -> None:
    async with pair(Remote(), subsystems={"s": Remote()}, env=frozenset({"LANG"})) as ends:
        channel = await session_of(ends)
        assert await channel.request(m.ExecRequest(recipient=0, command=b"x"))
        assert not await channel.request(second)


@pytest.mark.row("C13")
async def test_a_program_that_was_refused_leaves_room_for_another() -> None:
    async with pair(upper) as ends:
        channel = await session_of(ends)
        assert not await channel.request(m.SubsystemRequest(recipient=0, name="none"))
        assert await channel.request(m.ExecRequest(recipient=0, command=b"x"))
        assert ends.server._mux.channels


@pytest.mark.row("C15")
@pytest.mark.parametrize(
    "command", [b"", b"a\0b", b"\xff\xfe", b"x" * 250_000], ids=["", "NUL", "bytes", "long"]
)
async def test_a_command_arrives_as_the_bytes_that_it_is(command: bytes) -> None:
    got: list[bytes | None] = []

    async def note(session: Session) -> None:
        got.append(session.command)

    async with pair(note) as ends:
        channel = await session_of(ends)
        assert await channel.request(m.ExecRequest(recipient=0, command=command))
        await channel.wait_closed()
    assert got == [command]


@pytest.mark.row("C15")
@pytest.mark.parametrize("name", ["../../bin/sh", "", "SFTP"])
async def test_an_unknown_subsystem_is_refused(name: str) -> None:
    async with pair(upper, subsystems={"sftp": cat}) as ends:
        with pytest.raises(RequestRefused, match="subsystem"):
            async with ends.client.subsystem(name):
                pass
        with pytest.raises(RequestRefused, match="subsystem"):
            await ends.client.open_subsystem(name)


@pytest.mark.row("C14")
async def test_no_variable_is_set_that_was_not_allowed() -> None:
    async with pair(upper, env=frozenset({"LANG", "A=B", ""})) as ends:
        env = {"LANG": "de", "LD_PRELOAD": "evil.so", "A=B": "x", "": "x", "LC\0": "x"}
        done = await ends.client.run("say", env=env)
        assert done.stdout == b"SAY LANG=DE"


@pytest.mark.row("C14")
async def test_no_more_variables_than_the_limit() -> None:
    names = [f"V{number}" for number in range(200)]
    async with pair(upper, env=frozenset(names), **limited(environment=3)) as ends:
        channel = await session_of(ends)
        answers = [
            await channel.request(m.EnvRequest(recipient=0, name=each.encode(), value=b"x"))
            for each in names[:5]
        ]
        assert answers == [True, True, True, False, False]


@pytest.mark.row("C14")
@pytest.mark.parametrize(
    ("size", "seen"),
    [((80, 24), (80, 24)), ((0, 0), (80, 24)), ((2**32 - 1, 2**32 - 1), (65535, 65535))],
)
async def test_a_terminal_has_a_size_that_it_can_have(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    got: list[tuple[int, int]] = []

    async def note(session: Session) -> None:
        assert session.pty is not None
        got.append((session.pty.columns, session.pty.rows))

    async with pair(note) as ends:
        await ends.client.run("x", pty=Pty("vt100", *size))
    assert got == [seen]


@pytest.mark.row("C14")
async def test_a_terminal_with_broken_modes_is_refused() -> None:
    async with pair(upper) as ends:
        channel = await session_of(ends)
        message = m.PtyRequest(recipient=0, term="x", columns=1, rows=1, modes=b"\x01\0")
        assert not await channel.request(message)


@pytest.mark.row("C16")
async def test_under_a_forced_command_only_that_command_runs() -> None:
    said: list[bytes | None] = []
    remote = Remote()

    async def note(session: Session) -> None:
        said.append(session.command)
        await remote(session)

    async with pair(
        note,
        subsystems={"sftp": cat},
        authentication=letting_in(
            force_command="only this", denied=["pty", "port-forwarding", "agent-forwarding"]
        ),
        forwarding=Anywhere(),
    ) as ends:
        for request in (
            m.ExecRequest(recipient=0, command=b"rm -rf /"),
            m.ShellRequest(recipient=0),
            m.SubsystemRequest(recipient=0, name="sftp"),
        ):
            channel = await session_of(ends)
            pty = m.PtyRequest(recipient=0, term="x", columns=1, rows=1)
            assert not await channel.request(pty)
            agent = m.ChannelRequest(recipient=0, kind="auth-agent-req@openssh.com")
            assert not await channel.request(agent)
            assert await channel.request(request)
            assert not await channel.request(m.SignalRequest(recipient=0, name="TERM"))
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)
        with pytest.raises(RequestRefused):
            await ends.client.forward_remote("127.0.0.1:0", "127.0.0.1:1").open()
    assert said == [b"only this"] * 3
    assert remote.signals == []


# ---------------------------------------------------------------- handlers


@pytest.mark.row("R16")
async def test_a_handler_that_raises_ends_its_session_with_255(
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


async def test_a_stream_that_ends_under_a_handler_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def write(_session: Session) -> None:
        problem = "the pipe is broken"
        raise BrokenPipeError(problem)

    async with pair(write) as ends:
        assert (await ends.client.run("x")).exit_status == 255
    assert "failed" not in caplog.text


async def test_a_session_that_the_client_closes_cancels_its_handler() -> None:
    remote = Remote()
    async with pair(remote) as ends:
        process = await ends.client.start("x").open()
        await remote.started.wait()
        process._channel.abort()
        await remote.ended.wait()
        assert remote.cancelled


# ---------------------------------------------------------------- login


@pytest.mark.usefixtures("clock")
async def test_a_login_that_takes_too_long_is_ended() -> None:
    async def never(_user: str) -> Result:
        await asyncio.Event().wait()
        return Accept()

    ends = pair(authentication=ServerAuthentication(none=never), login_grace=3.0)
    with pytest.raises((ConnectionLost, PeerDisconnected), match="login took too long"):
        await ends.client.establish(ends.dial)
    await ends.server.wait_closed()
    assert ends.server.user is None


async def test_too_many_attempts_end_with_reason_14_behind_the_last_failure() -> None:
    asked: list[str] = []

    async def wrong(_user: str, password: str) -> Result:
        asked.append(password)
        return Reject()

    ends = pair(
        authentication=ServerAuthentication(password=wrong),
        client={"credentials": [PasswordCredential(str(each)) for each in range(20)]},
    )
    with pytest.raises((ConnectionLost, PeerDisconnected)) as caught:
        await ends.client.establish(ends.dial)
    error = caught.value
    cause = error if isinstance(error, PeerDisconnected) else error.__cause__
    assert isinstance(cause, PeerDisconnected)
    assert cause.code == DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    assert asked == ["0", "1", "2", "3", "4", "5"]
    assert ends.client._login is not None
    # every failure but the last, which the disconnect stands for, was heard
    assert len(ends.client._login._auth.attempts) == 5
    await ends.server.close()


async def test_what_authentication_had_to_say_leaves_before_the_disconnect() -> None:
    """The banner is queued by the request that also breaks a rule."""
    shown: list[str] = []
    ends = pair(
        authentication=ServerAuthentication(none=None, password=_reject, banner="hello"),
        client={"on_banner": shown.append, "credentials": [PasswordCredential("x")]},
    )
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await until(lambda: ends.server._auth is not None)
    await settle(10)
    inject(ends.client, b"\x32\0\0\0\x05other\0\0\0\x01x\0\0\0\x04none")
    with pytest.raises((ConnectionLost, PeerDisconnected)):
        await connecting
    assert shown == ["hello"]
    await ends.server.close()


async def _reject(_user: str, _password: str) -> Result:
    await settle(50)
    return Reject()


async def test_messages_wait_for_the_decision_that_lets_them_in() -> None:
    gate = asyncio.Event()
    key = PrivateKey.generate("ed25519")

    async def slowly(_user: str, _key: PublicKey) -> Result:
        await gate.wait()
        return Accept()

    ends = pair(
        upper,
        authentication=ServerAuthentication(public_key=slowly),
        client={"credentials": [KeyCredential(KeySigner(key))]},
    )
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await until(lambda: ends.server._auth is not None and ends.server._auth.pending)
    gate.set()
    await connecting
    assert (await ends.client.run("x")).stdout == b"X"
    await ends.close()


async def test_a_decision_that_comes_after_the_end_is_not_heard() -> None:
    gate = asyncio.Event()

    async def late(_user: str, _answers: Sequence[str] = ()) -> Result:
        try:
            await gate.wait()
        except asyncio.CancelledError:
            return Accept()
        return Accept()

    ends = pair(authentication=ServerAuthentication(none=late))
    connecting = asyncio.create_task(ends.client.establish(ends.dial))
    await settle(20)
    assert ends.link is not None
    ends.link.cut()
    with pytest.raises(ConnectionLost):
        await connecting
    await ends.server.wait_closed()
    assert ends.server.user is None
