"""What clients may ask for on sessions of a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from programs import Anywhere, Remote, cat, limited, pair, upper
from ssh_auth import (
    NOTHING,
    Accept,
    AuthContext,
    Permissions,
    Result,
)
from ssh_connection import ChannelOpenRefused, RequestRefused
from ssh_connection.aio import ClientConnection, Pty, ServerAuthentication, Session
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.testing import EndpointPair
from ssh_transport import PeerDisconnected
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


def letting_in(permissions: Permissions) -> ServerAuthentication:
    async def anybody(_context: AuthContext) -> Result:
        return Accept(permissions)

    return ServerAuthentication(none=anybody)


async def refusal(client: ClientConnection, message: m.OpenHead) -> int:
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


async def session_of(ends: EndpointPair) -> Channel:
    return await ends.client.sessions.open(1000)


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
async def test_session_starts_one_program_and_takes_no_settings_after_it(
    second: m.RequestHead,
) -> None:
    async with pair(Remote(), subsystems={"s": Remote()}, env=frozenset({"LANG"})) as ends:
        channel = await session_of(ends)
        assert await channel.request(m.ExecRequest(recipient=0, command=b"x"))
        assert not await channel.request(second)


@pytest.mark.row("C13")
async def test_session_accepts_a_command_after_a_refused_subsystem() -> None:
    async with pair(upper) as ends:
        channel = await session_of(ends)
        assert not await channel.request(m.SubsystemRequest(recipient=0, name="none"))
        assert await channel.request(m.ExecRequest(recipient=0, command=b"x"))
        assert ends.server._mux.channels


@pytest.mark.row("C15")
@pytest.mark.parametrize(
    "command", [b"", b"a\0b", b"\xff\xfe", b"x" * 250_000], ids=["", "NUL", "bytes", "long"]
)
async def test_command_arrives_as_the_bytes_that_were_sent(command: bytes) -> None:
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
async def test_unknown_subsystem_is_refused(name: str) -> None:
    async with pair(upper, subsystems={"sftp": cat}) as ends:
        with pytest.raises(RequestRefused, match="subsystem"):
            async with ends.client.subsystem(name):
                pass
        with pytest.raises(RequestRefused, match="subsystem"):
            await ends.client.open_subsystem(name)


@pytest.mark.row("C14")
async def test_no_variable_is_set_that_was_not_allowed() -> None:
    async with pair(upper, env=frozenset({"LANG", "A=B", ""})) as ends:
        env = {"LANG": "de", "LD_PRELOAD": "evil.so", "A=B": "x", "": "x"}
        done = await ends.client.run("say", env=env)
        assert done.stdout == b"SAY LANG=DE"
        channel = await session_of(ends)
        assert not await channel.request(m.EnvRequest(recipient=0, name=b"LC\0", value=b"x"))


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
async def test_terminal_size_is_brought_within_its_limits(
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
async def test_terminal_with_malformed_modes_is_refused() -> None:
    async with pair(upper) as ends:
        channel = await session_of(ends)
        message = m.PtyRequest(recipient=0, term="x", columns=1, rows=1, modes=b"\x01\0")
        assert not await channel.request(message)


@pytest.mark.row("C16")
async def test_forced_command_alone_runs_whatever_is_requested() -> None:
    written: list[bytes | None] = []
    asked: list[bytes | None] = []
    remote = Remote()

    async def note(session: Session) -> None:
        written.append(session.command)
        asked.append(session.original_command)
        await remote(session)

    async with pair(
        note,
        subsystems={"sftp": cat},
        authentication=letting_in(
            Permissions(
                forced_command="only this",
                pty=False,
                agent=False,
                forward_open=NOTHING,
                forward_listen=NOTHING,
            )
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
    assert written == [b"only this"] * 3
    assert asked == [b"rm -rf /", None, b"sftp"]
    assert remote.signals == []


_SFTP_ONLY = b"This service allows sftp connections only.\n"


@pytest.mark.parametrize(
    ("forced", "request_", "answer"),
    [
        # session.c: IS_INTERNAL_SFTP, SUBSYSTEM_INT_SFTP and SUBSYSTEM_INT_SFTP_ERROR
        ("internal-sftp", m.SubsystemRequest(recipient=0, name="sftp"), b"SFTP"),
        ("internal-sftp ", m.SubsystemRequest(recipient=0, name="sftp"), b"SFTP"),
        ("internal-sftp", m.ExecRequest(recipient=0, command=b"id"), _SFTP_ONLY),
        ("internal-sftp", m.ShellRequest(recipient=0), _SFTP_ONLY),
        (
            "internal-sftp -R",
            m.SubsystemRequest(recipient=0, name="sftp"),
            b"internal-sftp with arguments is not served.\n",
        ),
        ("internal-sftp-x", m.SubsystemRequest(recipient=0, name="sftp"), b"a command"),
    ],
)
async def test_internal_sftp_is_served_by_the_server_itself(
    forced: str, request_: m.RequestHead, answer: bytes
) -> None:
    def says(text: bytes) -> Callable[[Session], Awaitable[int]]:
        async def handler(session: Session) -> int:
            await session.write(text)
            return 0

        return handler

    async with pair(
        says(b"a command"),
        subsystems={"sftp": says(b"SFTP")},
        authentication=letting_in(Permissions(forced_command=forced)),
    ) as ends:
        channel = await session_of(ends)
        stream = channel.stream()
        assert await channel.request(request_)
        assert await stream.reader.read() == answer


async def test_internal_sftp_is_refused_where_no_sftp_is_served() -> None:
    async with pair(
        cat, authentication=letting_in(Permissions(forced_command="internal-sftp"))
    ) as ends:
        channel = await session_of(ends)
        assert not await channel.request(m.SubsystemRequest(recipient=0, name="sftp"))


class Odd(BaseException):
    """No `Exception`, as what ends a program."""


async def test_client_is_told_of_a_handler_that_ends_with_what_is_no_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(_session: Session) -> int:
        raise Odd

    async with pair(handler) as ends, ends.client.start("x") as process:
        assert await process.wait() == 255
        assert await ends.client.ping() >= 0
    logged = [each.exc_info[0] for each in caplog.records if each.exc_info]
    assert logged == [Odd]
