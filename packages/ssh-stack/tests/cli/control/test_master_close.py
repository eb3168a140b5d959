"""A master that is closed while one of its clients ends: nothing of the client is left."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ssh_connection.control import messages as m
from ssh_connection.control.client import ControlClient
from ssh_connection.control.framing import frame
from ssh_stack.cli.control.listener import ControlListener
from ssh_stack.cli.control.master import Master, MasterSettings
from ssh_stack.cli.forwards import Forwards
from ssh_stack.cli.report import Report
from ssh_stack.client.plan.forwards import ForwardsPlan
from ssh_stack.testing import connected

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ssh_connection.aio import Session, SessionHandler


@asynccontextmanager
async def master(path: Path, session: SessionHandler) -> AsyncGenerator[Master]:
    """Share a connection in memory."""
    async with connected(session=session) as pair:
        report = Report(quiet=True)
        forwards = Forwards(pair.client, report, ForwardsPlan())
        listener = ControlListener.open(str(path))
        yield Master(pair.client, forwards, listener, report, MasterSettings(place="here:22"))
        await forwards.close()


async def test_descriptors_of_a_client_that_ends_when_its_master_is_closed(tmp_path: Path) -> None:
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stays(session: Session) -> None:
        """Run until it is ended by force."""
        session.on_signal = lambda _: signalled.set()
        await session.write(b"runs")
        await asyncio.Future[None]()

    path = tmp_path / "m"
    async with master(path, stays) as running:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        client.sendall(ControlClient.hello + frame(m.NewSession(command="stays")))
        for _ in range(3):  # each comes with a byte of its own
            socket.send_fds(client, [b"\0"], [theirs.fileno()])
        theirs.close()
        assert await loop.sock_recv(ours, 4) == b"runs"
        client.close()
        await signalled.wait()  # the client is cleaned up
        await running.close()
        assert await loop.sock_recv(ours, 1) == b""
        ours.close()
