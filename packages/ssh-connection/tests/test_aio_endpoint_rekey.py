"""A rekey under load loses nothing."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from programs import Remote, both, cat, pair, settle
from ssh_connection import ConnectionLimits
from ssh_transport import TransportOptions, profiles
from ssh_transport.rekey import RekeyPolicy

pytestmark = pytest.mark.usefixtures("reports")


def rekeying(role: str, **options: Any) -> TransportOptions:
    algorithms = profiles("default", "client" if role == "client" else "server")
    return TransportOptions(algorithms=algorithms, **options)


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When a key exchange was complete, on either side."""
    found: list[float] = []
    completed = RekeyPolicy.completed

    def counted(policy: RekeyPolicy, now: float) -> None:
        found.append(now)
        completed(policy, now)

    monkeypatch.setattr(RekeyPolicy, "completed", counted)
    return found


@pytest.mark.row("R10")
async def test_rekey_from_both_sides_under_load_loses_nothing(exchanges: list[float]) -> None:
    async with pair(
        both,
        transport=rekeying("server", rekey_bytes=400_000),
        client={"transport": rekeying("client", rekey_bytes=300_000)},
    ) as ends:
        done = await ends.client.run("both", input=bytes(3_000_000))
        assert (len(done.stdout), len(done.stderr)) == (8 << 20, 8 << 20)
        assert len(exchanges) > 40


@pytest.mark.row("R10")
@pytest.mark.parametrize(
    ("limit", "size", "least"), [(16, 100_000, 2000), (1024, 400_000, 400), (1 << 18, 4 << 20, 16)]
)
async def test_storm_of_rekeys_of_both_sides_changes_no_byte(
    limit: int, size: int, least: int, exchanges: list[float]
) -> None:
    data = random.Random(limit).randbytes(size)  # noqa: S311 (nothing secret)
    async with pair(
        cat,
        transport=rekeying("server", rekey_bytes=limit),
        client={"transport": rekeying("client", rekey_bytes=limit)},
    ) as ends:
        back = b""
        async with ends.client.start("cat") as process:
            for at in range(0, size, size // 50):
                piece = data[at : at + size // 50]
                writing = asyncio.ensure_future(process.stdin.write(piece))
                back += await process.stdout.readexactly(len(piece))
                await writing
        assert back == data
        while len(exchanges) < least:  # idle, too: each is begun at once
            ends.client.rekey()
            ends.server.rekey()
            await ends.client.ping()
        assert not ends.client.is_closed


@pytest.mark.row("R10")
async def test_rekey_on_request_completes_while_a_channel_closes() -> None:
    async with pair(cat) as ends:
        for _ in range(5):
            running = asyncio.create_task(ends.client.run("cat", input=bytes(100_000)))
            await settle(3)
            ends.client.rekey()
            ends.server.rekey()
            assert len((await running).stdout) == 100_000


@pytest.mark.row("C07")
async def test_thousand_channels_send_everything_during_a_rekey() -> None:
    remote = Remote()
    limits = ConnectionLimits(sessions=1000, window=1000)
    async with pair(remote, client={"limits": limits}, limits=limits) as ends:
        scopes = [ends.client.start("x") for _ in range(1000)]
        processes = await asyncio.gather(*(scope.open() for scope in scopes))
        for process in processes:
            process._channel.connect(process, auto_adjust=True)
        for session in remote.sessions:
            session.channel.write(bytes(600))
        ends.client.rekey()  # from here on everything waits: adjusts, EOF, signals, CLOSE
        for process in processes:
            process.stdin.write_eof()
            process.terminate()
            process.resize(1, 1)
            process._channel.close()
        await asyncio.gather(*(process.wait_closed() for process in processes))
        assert not ends.client.is_closed
        assert await ends.client.ping() >= 0
