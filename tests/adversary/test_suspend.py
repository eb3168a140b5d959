"""The machine sleeps for hours, or its clock is set: timers act once, and the session goes on."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import AuthorizedKeys, KeepaliveOptions, LocalShell, Rooted, Server
from ssh_transport.trace import MessageSent
from tests.adversary.relay import Relay, relaying

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
KEXINIT, GLOBAL_REQUEST, PING = 20, 80, 192
HOUR = 3600.0


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose monotonic clock jumps, as it does where it counts suspended time."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead: float = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def run(test: Callable[[JumpingLoop], Coroutine[Any, Any, None]]) -> None:
    loop = JumpingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(test(loop))


def serve(folder: Path, **options: Any) -> ssh_stack.Serve:
    return ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
        session=LocalShell(shell="/bin/sh"),
        sftp=Rooted(folder),
        **options,
    )


def connect(server: Server | Relay, **options: Any) -> ssh_stack.Connect:
    key = HOST_KEY.public_key.to_openssh()
    return ssh_stack.connect(
        "127.0.0.1",
        server.port,
        username="me",
        keys=[USER_KEY],
        agent=None,
        config=None,
        known_hosts=f"[127.0.0.1]:{server.port} {key}".encode(),
        **options,
    )


class Sent(Counter[int]):
    """Counts what a client sends, by the number of the message."""

    def __call__(self, traced: object) -> None:
        if isinstance(traced, MessageSent):
            self[traced.number] += 1


@pytest.mark.row("R19")
@pytest.mark.parametrize("hours", [1, 30])
def test_keepalive_and_rekey_act_once_after_a_suspend(hours: int, tmp_path: Path) -> None:
    async def test(loop: JumpingLoop) -> None:
        sent = Sent()
        keepalive = KeepaliveOptions(interval=15.0, count_max=3)
        async with (
            serve(tmp_path, keepalive=keepalive) as server,
            connect(server, keepalive=keepalive, trace=sent) as connection,
            connection.start("cat") as process,
        ):
            await process.stdin.write(b"before ")
            assert await process.stdout.read(7) == b"before "
            sent.clear()

            loop.ahead += hours * HOUR
            await connection.ping()
            await process.stdin.write(b"behind")
            assert await process.stdout.read(6) == b"behind"
            await asyncio.sleep(0.2)

            assert sent[KEXINIT] == 1
            assert sent[GLOBAL_REQUEST] + sent[PING] == 2  # the keepalive, and our own
            assert not connection.is_closed

    run(test)


@pytest.mark.row("R19")
def test_peer_that_went_away_during_a_suspend_is_noticed_by_keepalive(tmp_path: Path) -> None:
    async def test(loop: JumpingLoop) -> None:
        keepalive = KeepaliveOptions(interval=0.1, count_max=2)
        async with (
            serve(tmp_path, keepalive=keepalive) as server,
            relaying(Relay(server.port)) as relay,
            connect(relay, keepalive=keepalive) as connection,
        ):
            relay.fail()
            loop.ahead += HOUR
            async with asyncio.timeout(20):
                await connection.wait_closed()
            assert isinstance(connection.end, ssh_stack.ConnectionLost)

    run(test)


@pytest.mark.row("R19")
def test_transfer_goes_on_after_a_suspend(tmp_path: Path) -> None:
    content = bytes(range(256)) * 40_000

    async def test(loop: JumpingLoop) -> None:
        (tmp_path / "file").write_bytes(content)
        jumped = False

        def jump(*_: object) -> None:
            nonlocal jumped
            if not jumped:
                jumped = True
                loop.ahead += HOUR

        async with (
            serve(tmp_path) as server,
            connect(server) as connection,
            connection.sftp() as sftp,
        ):
            await sftp.get("file", tmp_path / "got", progress=jump)
        assert jumped
        assert (tmp_path / "got").read_bytes() == content

    run(test)


@pytest.mark.row("X07")
@pytest.mark.parametrize("days", [1, -1])
def test_wall_clock_that_is_set_disturbs_no_session(days: int, tmp_path: Path) -> None:
    async def test(_loop: JumpingLoop) -> None:
        sent = Sent()
        keepalive = KeepaliveOptions(interval=15.0, count_max=3)
        async with (
            serve(tmp_path, keepalive=keepalive) as server,
            connect(server, keepalive=keepalive, trace=sent) as connection,
        ):
            now = time.time()
            with mock.patch("time.time", return_value=now + days * 24 * HOUR):
                sent.clear()
                assert (await connection.run("echo works", text=True)).stdout == "works\n"
                async with connection.sftp() as sftp:
                    await sftp.stat("/")
                await connection.ping()
            assert sent[KEXINIT] == 0
            assert sent[GLOBAL_REQUEST] + sent[PING] == 1

    run(test)
