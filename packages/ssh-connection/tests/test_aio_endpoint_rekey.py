"""A rekey under load loses nothing."""

from __future__ import annotations

import asyncio
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


@pytest.mark.row("R10")
async def test_rekey_from_both_sides_under_load_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchanges: list[float] = []
    completed = RekeyPolicy.completed

    def counted(policy: RekeyPolicy, now: float) -> None:
        exchanges.append(now)
        completed(policy, now)

    monkeypatch.setattr(RekeyPolicy, "completed", counted)
    async with pair(
        both,
        transport=rekeying("server", rekey_bytes=400_000),
        client={"transport": rekeying("client", rekey_bytes=300_000)},
    ) as ends:
        done = await ends.client.run("both", input=bytes(3_000_000))
        assert (len(done.stdout), len(done.stderr)) == (8 << 20, 8 << 20)
        assert len(exchanges) > 40


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
