"""Networks that reset, half-close and fall silent, at every stage of a connection (R03)."""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import (
    AuthorizedKeys,
    CommandInterrupted,
    KeepaliveOptions,
    LocalShell,
    Rooted,
    Server,
    Timeouts,
)
from ssh_wire import SSHError
from tests.adversary.cancelling import leaves_nothing, until
from tests.adversary.relay import Fault, Relay, relaying

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
MIB = 1024 * 1024
SOON = 20.0
"""Seconds in which an error has to arrive: far fewer on a machine that is not busy."""
KEEPALIVE = KeepaliveOptions(interval=0.5, count_max=3)
LOGIN = 3.0  # seconds for each part of a connection: what a busy machine needs, too

STAGES = {
    "nothing was sent": 0,
    "within the identification": 10,
    "within KEXINIT": 400,
    "in the key exchange": 1500,
    "in authentication": 3200,
    "in the session": 4200,
    "in the output": MIB,
}
"""How many bytes of the server arrive before the fault, from the first to the last stage."""


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[Server]:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
        session=LocalShell(shell="/bin/sh", grace=0.2),
        sftp=Rooted(folder),
        keepalive=KEEPALIVE,
        login_grace=LOGIN,
    ) as server:
        yield server


def connecting(relay: Relay, **options: Any) -> ssh_stack.Connect:
    given: dict[str, Any] = {
        "username": "me",
        "keys": [USER_KEY],
        "agent": None,
        "config": None,
        "known_hosts": f"[127.0.0.1]:{relay.port} {HOST_KEY.public_key.to_openssh()}".encode(),
        "keepalive": KEEPALIVE,
        "timeouts": Timeouts(connect=LOGIN, handshake=LOGIN, auth=LOGIN),
        **options,
    }
    return ssh_stack.connect("127.0.0.1", relay.port, **given)


async def use(relay: Relay) -> None:
    async with connecting(relay) as connection:
        await connection.run("head -c 3000000 /dev/zero; exec sleep 300")


@pytest.mark.row("R03")
@pytest.mark.parametrize("fault", ["silence", "reset", "end to client", "end to server"])
@pytest.mark.parametrize("stage", STAGES)
async def test_broken_network_is_an_error_in_bounded_time_and_leaves_nothing(
    stage: str, fault: Fault, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    async with serving(tmp_path) as server, leaves_nothing() as check:
        async with relaying(Relay(server.port, fault, STAGES[stage])) as relay:
            working = asyncio.create_task(use(relay))
            waiting = asyncio.create_task(relay.failed.wait())
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            await waiting
            started = loop.time()
            with pytest.raises((OSError, SSHError)):
                await working
            assert loop.time() - started < SOON
            await until(lambda: not server.connections, lambda: server.connections)
        await check()


@pytest.mark.row("R03")
@pytest.mark.parametrize("fault", ["end to client", "reset", "silence"])
async def test_what_arrived_before_the_fault_is_in_the_error(fault: Fault, tmp_path: Path) -> None:
    arrived = asyncio.Event()
    async with (
        serving(tmp_path) as server,
        relaying(Relay(server.port, fault)) as relay,
        connecting(relay) as connection,
    ):
        # standard error follows when standard output has left
        script = "printf output; sleep 0.5; echo >&2; exec sleep 300"
        running = asyncio.create_task(connection.run(script, stderr=lambda _: arrived.set()))
        await arrived.wait()
        relay.fail()
        with pytest.raises(CommandInterrupted) as caught:
            await running
    assert caught.value.completed.stdout == b"output"
    assert caught.value.completed.exit_status is None


@pytest.mark.row("R03")
@pytest.mark.row("R05")
@pytest.mark.parametrize("fault", ["silence", "reset", "end to client", "end to server"])
async def test_transfer_over_a_broken_network_leaves_no_half_file(
    fault: Fault, tmp_path: Path
) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    (there / "file").write_bytes(bytes(8 * MIB))
    async with (
        serving(there) as server,
        relaying(Relay(server.port, fault, 2 * MIB)) as relay,
        connecting(relay) as connection,
        connection.sftp() as sftp,
    ):
        with pytest.raises((OSError, SSHError)):
            await sftp.get("file", here / "file")
    assert not (here / "file").exists()


@pytest.mark.parametrize("piece", [1, 65536])
async def test_segments_of_any_size_carry_a_session(piece: int, tmp_path: Path) -> None:
    relaxed = Timeouts(connect=30.0, handshake=30.0, auth=30.0)
    async with (
        serving(tmp_path) as server,
        relaying(Relay(server.port, piece=piece)) as relay,
        connecting(relay, timeouts=relaxed) as connection,
    ):
        done = await connection.run("cat", input=bytes(range(256)) * 40)
    assert done.stdout == bytes(range(256)) * 40
