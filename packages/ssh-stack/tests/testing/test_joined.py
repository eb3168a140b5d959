"""A client and a server in memory behave as over a socket, for either API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ssh_connection.aio import Session
from ssh_keys import PrivateKey
from ssh_stack import (
    AuthenticationFailed,
    AuthorizedKeys,
    ConnectionLost,
    HostKeyError,
    Rooted,
    UnknownOption,
    UsageError,
)
from ssh_stack.testing import Answer, Answers, connected


async def upper(session: Session) -> int:
    await session.write((await session.stdin.read()).upper())
    return 3


async def test_pair_runs_a_command() -> None:
    async with connected(session=upper) as pair:
        done = await pair.client.run("upper", input=b"hello")
        assert pair.server.user is not None
        assert pair.server.user.name == pair.client.username == "tester"
    assert (done.stdout, done.exit_status) == (b"HELLO", 3)
    assert pair.client.is_closed
    assert pair.server.is_closed


def test_blocking_pair_runs_a_command() -> None:
    with connected(session=upper) as pair:
        done = pair.client.run("upper", input=b"hello")
        assert pair.server.user is not None
    assert (done.stdout, done.exit_status) == (b"HELLO", 3)
    assert pair.client.is_closed
    assert pair.server.is_closed


async def test_pair_transfers_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(range(256)) * 4096)
    async with connected(sftp=Rooted(tmp_path)) as pair, pair.client.sftp() as sftp:
        assert await sftp.read_bytes("data") == bytes(range(256)) * 4096


async def test_cut_pair_tells_the_client_that_the_connection_is_lost() -> None:
    begun = asyncio.Event()

    async def hang(session: Session) -> int:
        begun.set()
        return len(await session.stdin.read())

    async with connected(session=hang) as pair, pair.client.start("hang") as process:
        await begun.wait()
        pair.link.cut()
        with pytest.raises(ConnectionLost):
            await process.wait()
        await pair.server.wait_closed()


def test_cut_blocking_pair_tells_the_client_that_the_connection_is_lost() -> None:
    with connected(session=upper) as pair, pair.client.start("upper") as process:
        pair.link.cut()
        with pytest.raises(ConnectionLost):
            process.wait()


async def test_server_and_client_take_options_of_their_own() -> None:
    host, user = PrivateKey.generate("ecdsa"), PrivateKey.generate("ed25519")
    auth = AuthorizedKeys([user.public_key], users=["alice"])
    client = {"username": "alice", "keys": [user]}
    async with connected(client, host_keys=[host], auth=auth, session=upper) as pair:  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] # a dict that is built
        assert pair.client.host_key == host.public_key
        assert pair.client.username == "alice"


async def test_pair_whose_client_is_refused_leaves_nothing() -> None:
    stranger = PrivateKey.generate("ed25519")
    with pytest.raises(AuthenticationFailed):
        await connected({"keys": [stranger]}, session=upper).__aenter__()


def test_blocking_pair_whose_host_is_not_trusted_leaves_nothing() -> None:
    with pytest.raises(HostKeyError):
        connected({"known_hosts": b""}, session=upper).__enter__()


def test_option_that_cannot_be_used_is_refused_at_once() -> None:
    with pytest.raises(UnknownOption):
        connected(sessions=upper)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(UsageError):
        connected(login_grace=-1)


async def test_answers_serve_the_sessions_of_a_pair() -> None:
    answers = Answers()
    answers.answer("uptime", Answer(stdout=b"up 3 days\n"))
    async with connected(session=answers) as pair:
        assert (await pair.client.run("uptime", text=True)).stdout == "up 3 days\n"
    assert answers.commands == ["uptime"]
