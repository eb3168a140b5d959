"""IPQoS: the class of traffic of a connection, from its beginning to its use."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from loopback_server import serving
from ssh_connection.pty import Pty
from ssh_stack import AllowForwarding, Rooted
from ssh_stack.client import connecting


@pytest.fixture
def classes(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Note the classes that a socket is given."""
    found: list[int | None] = []

    def note(sock: socket.socket, value: int | None) -> None:
        assert sock.family == socket.AF_INET
        found.append(value)

    monkeypatch.setattr(connecting, "set_traffic_class", note)
    return found


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [0xB8, 0]),
        (["IPQoS af21 cs1"], [0x48, 0x20]),
        (["IPQoS af11"], [0x28, 0x28]),
        (["IPQoS none"], [None, None]),
    ],
)
async def test_command_without_terminal_makes_traffic_bulk_once(
    lines: list[str], expected: list[int | None], classes: list[int | None]
) -> None:
    async with serving() as here, here.connect(config_options=lines) as connection:
        assert classes == expected[:1]
        await connection.run("true")
        await connection.run("true")

    assert classes == expected


async def test_session_with_terminal_leaves_traffic_interactive(
    classes: list[int | None],
) -> None:
    async with serving() as here, here.connect() as connection:
        async with connection.start("true", pty=Pty()) as process:
            await process.wait()

        assert classes == [0xB8]


@pytest.mark.parametrize("what", ["stream", "subsystem", "start"])
async def test_other_channels_make_traffic_bulk(
    what: str, classes: list[int | None], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"forwarding": AllowForwarding(), "sftp": Rooted(tmp_path)}
    async with serving(**options) as here, here.connect() as connection:
        match what:
            case "stream":
                stream = await connection.open_tcp("127.0.0.1", here.server.port)
                await stream.close()
            case "subsystem":
                async with connection.sftp() as sftp:
                    await sftp.stat("/")
            case _:
                async with connection.start("true") as process:
                    await process.wait()

        assert classes == [0xB8, 0]
