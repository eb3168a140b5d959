"""Requests with a text that is not UTF-8: what OpenSSH's server refuses alone, ours does too."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Any

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import ChannelOpenRefused, Passwords
from ssh_wire.messages import connection as m
from tests.interop.connecting import connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.interop.peers import Peer

BAD = b"\xff\xfe"
HOST_KEY = PrivateKey.generate("ed25519")


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


REQUESTS = {
    "subsystem": string(BAD),
    "signal": string(BAD),
    "env": string(BAD) + string(BAD),
    "x11-req": b"\0" + string(BAD) + string(BAD) + struct.pack(">I", 0),
}


PORT = struct.pack(">I", 1)
OPENS = {"direct-tcpip": string(BAD) + PORT + string(BAD) + PORT}


@contextlib.asynccontextmanager
async def ours() -> AsyncGenerator[Any]:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=Passwords(lambda _, given: given == "password"),
        session=ssh_stack.LocalShell(),
        forwarding=ssh_stack.AllowForwarding(),
    ) as server:
        known = f"[127.0.0.1]:{server.port} {HOST_KEY.public_key.to_openssh()}".encode()
        async with ssh_stack.connect(
            "127.0.0.1",
            server.port,
            username="tester",
            password="password",
            known_hosts=known,
            config=None,
            agent=None,
            keys=None,
        ) as conn:
            yield conn


async def refuse_alone(conn: Any) -> None:
    """Send each request and open; the connection goes on."""
    sessions: Any = conn._sessions
    for kind, details in REQUESTS.items():
        channel = await sessions.open(1 << 20)
        request = m.ChannelRequest(recipient=0, kind=kind, want_reply=True, details=details)
        assert await channel.request(request) is False, kind
        assert await channel.request(m.ExecRequest(recipient=0, command=b"true"))
        channel.close()
    for kind, details in OPENS.items():
        with pytest.raises(ChannelOpenRefused):
            await sessions._open_channel(
                m.ChannelOpen(kind=kind, sender=0, window=1, max_packet=0, details=details)
            )
    assert (await conn.run("echo on", check=True)).stdout == b"on\n"


async def test_requests_that_are_not_utf_8_are_refused_alone_by_openssh(peer: Peer) -> None:
    async with connect(peer) as conn:
        await refuse_alone(conn)


async def test_our_server_refuses_requests_that_are_not_utf_8_alone() -> None:
    async with ours() as conn:
        await refuse_alone(conn)
