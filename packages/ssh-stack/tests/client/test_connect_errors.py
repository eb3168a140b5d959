"""What a failed connection shows: the line of its user and the error, not those of the loop."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest

import ssh_stack
from loopback_server import serving
from ssh_keys import PrivateKey
from ssh_stack import sync

OPTIONS: dict[str, Any] = {"config": None, "agent": None, "keys": None, "known_hosts": None}


@pytest.fixture
def closed() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def silent() -> Generator[int]:
    """A port that takes connections and says nothing of SSH."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield int(server.getsockname()[1])


def frames(error: BaseException) -> list[str]:
    """The files of every frame that a traceback shows, causes included."""
    found: list[str] = []
    each: BaseException | None = error
    while each is not None:
        found += [frame.filename for frame in traceback.extract_tb(each.__traceback__)]
        presented = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        each = presented
    return found


async def test_refused_connection_shows_few_frames(closed: int) -> None:
    with pytest.raises(ssh_stack.ConnectRefused) as caught:
        async with ssh_stack.connect("127.0.0.1", closed, **OPTIONS):
            pass
    found = frames(caught.value)
    assert found[0] == __file__
    assert len(found) <= 4
    assert not any("asyncio" in name for name in found)


async def test_refused_login_shows_few_frames() -> None:
    stranger = PrivateKey.generate("ed25519")
    async with serving() as here:
        with pytest.raises(ssh_stack.AuthenticationFailed) as caught:
            async with here.connect(keys=[stranger]):
                pass
    found = frames(caught.value)
    assert found[0] == __file__ or found[0].endswith("test_connect_errors.py")
    assert len(found) <= 5
    assert not any("asyncio" in name for name in found)


def test_blocking_connection_shows_few_frames(closed: int) -> None:
    connecting = sync.connect("127.0.0.1", closed, **OPTIONS)
    with pytest.raises(ssh_stack.ConnectRefused) as caught, connecting:
        pass
    found = frames(caught.value)
    assert found[0] == __file__
    assert len(found) <= 10
    assert not any("asyncio" in name for name in found)


async def test_timeout_names_stage_and_host(silent: int) -> None:
    timeouts = ssh_stack.Timeouts(handshake=0.05)
    with pytest.raises(ssh_stack.SSHTimeout) as caught:
        await ssh_stack.connect("127.0.0.1", silent, timeouts=timeouts, **OPTIONS)
    expected = f"timed out after 0.05 s while exchanging keys with 127.0.0.1 port {silent}"
    assert str(caught.value) == expected
