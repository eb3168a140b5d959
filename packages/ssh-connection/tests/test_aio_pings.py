"""PINGs: who waits for which PONG, and what is asked of a peer that has none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from programs import inject, pair, replace, settle
from ssh_connection.aio.pings import Pings
from ssh_transport import ConnectionLost
from ssh_wire.messages.transport import Pong

pytestmark = pytest.mark.usefixtures("reports")


async def test_pong_wakes_the_one_that_sent_its_ping() -> None:
    sent: list[bytes] = []
    pings = Pings()
    first, second = pings.ask(sent.append), pings.ask(sent.append)

    pings.answered(b"PING!")
    pings.answered(sent[1])

    assert sent[0] != sent[1]
    assert (first.done(), second.done()) == (False, True)
    first.cancel()
    pings.answered(sent[0])
    pings.fail(ConnectionLost("gone"))


async def test_lost_connection_fails_every_ping() -> None:
    pings = Pings()
    waiting = pings.ask(lambda _: None)
    pings.fail(ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        await waiting


@pytest.mark.parametrize("offered", [True, False])
async def test_ping_is_a_message_of_its_own_where_the_peer_has_it(*, offered: bool) -> None:
    async with pair() as ends:
        asked: list[object] = []
        ask = ends.client._global_request

        async def note(message: Any) -> Any:
            asked.append(message.kind)
            return await ask(message)

        replace(ends.client, "_global_request", note)
        if not offered:
            ends.client._core._machine.extensions.names.pop("ping@openssh.com")
        assert await ends.client.ping() >= 0
        assert asked == ([] if offered else ["keepalive@openssh.com"])
        assert await ends.server.ping() >= 0


async def test_pong_that_nothing_asked_for_changes_nothing() -> None:
    async with pair() as ends:
        inject(ends.server, Pong(data=b"x"), b"\xc1")
        await settle()
        assert await ends.client.ping() >= 0


async def test_pings_are_answered_during_a_key_exchange() -> None:
    async with pair() as ends:
        ends.client.rekey()
        times = await asyncio.gather(*(ends.client.ping() for _ in range(5)))
        assert min(times) >= 0
