from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import (
    SFTPConnectionLost,
    SFTPOptions,
    SFTPProtocolError,
    SFTPTimeout,
    SFTPUnsupported,
)
from ssh_sftp import messages as m
from ssh_sftp.aio import SFTPClient
from ssh_sftp.messages import Request
from ssh_sftp.testing import memory_pipes
from ssh_wire import Message


async def test_start_without_a_reply_times_out() -> None:
    near, _ = memory_pipes()
    with pytest.raises(SFTPTimeout):
        async with SFTPClient.from_pipe(near, SFTPOptions(timeout=0.01)):
            pass


async def test_requests_after_close_raise(client: SFTPClient) -> None:
    await client.close()
    with pytest.raises(SFTPConnectionLost):
        await client.stat("/")
    with pytest.raises(SFTPConnectionLost):
        await client.get("/", ".", recursive=True)


async def test_request_on_a_lost_pipe_raises(client: SFTPClient) -> None:
    client._session.pipe_closed(OSError("cable"))
    with pytest.raises(SFTPConnectionLost, match="cable"):
        await client.stat("/")


async def test_failure_of_the_pipe_is_raised_unchanged(client: SFTPClient) -> None:
    client._session.pipe_closed(SFTPProtocolError("told"))
    with pytest.raises(SFTPProtocolError, match="told"):
        await client.stat("/")


async def test_request_of_a_missing_extension_raises(scripted: Any) -> None:
    def reply(request: Request) -> list[Message]:
        return [m.Status(id=request.id, code=0)]

    async with scripted(reply) as sftp:
        assert sftp.extensions == {}
        assert (await sftp.limits()).max_read is None
        for call in (
            sftp.statvfs("/"),
            sftp.posix_rename("a", "b"),
            sftp.hardlink("a", "b"),
            sftp.expand_path("~"),
            sftp.home("me"),
        ):
            with pytest.raises(SFTPUnsupported):
                await call


@pytest.mark.row("P88")
@pytest.mark.parametrize(
    ("details", "told"),
    [(b"", None), (bytes(31), None), (bytes(33), None), (b"\0\0\0\0\0\0\x80\0" * 5, 32_768)],
)
async def test_limits_reply_of_another_length_is_handled(
    client: SFTPClient, details: bytes, told: int | None
) -> None:
    session = client._session
    await session.ready()
    session._limited = session._loop.create_future()
    session._on_limits(m.ExtendedReply(id=1, details=details))

    assert (await client.limits()).max_read == told


async def test_limits_request_that_is_refused_leaves_the_defaults(client: SFTPClient) -> None:
    session = client._session
    await session.ready()
    session._limited = session._loop.create_future()
    session._on_limits(m.Status(id=1, code=8))

    assert (await client.limits()).max_read == 261_120


async def test_limits_without_a_reply_raise_when_the_session_ends(client: SFTPClient) -> None:
    session = client._session
    await session.ready()
    session._limited = session._loop.create_future()
    session._on_limits(SFTPConnectionLost("lost"))
    with pytest.raises(SFTPConnectionLost):
        await client.limits()
