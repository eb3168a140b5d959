"""Endpoints joined in memory behave as over a socket."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from programs import both, cat, pair, settle
from ssh_connection.aio.testing import EndpointPair, client_settings, server_settings
from ssh_keys import PublicKey
from ssh_transport import ConnectionLost, HostKeyRefused

pytestmark = pytest.mark.usefixtures("reports")


async def test_endpoint_pair_of_the_docstring_runs_a_command() -> None:
    async with EndpointPair(server_settings(cat)) as ends:
        done = await ends.client.run("cat", input=b"hello")
    assert (done.stdout, done.exit_status) == (b"hello", 0)
    assert ends.client.is_closed
    assert ends.server.is_closed


async def test_pair_that_cannot_be_established_leaves_no_tasks() -> None:
    async def distrust(_key: PublicKey) -> bool:
        return False

    ends = EndpointPair(client=attrs.evolve(client_settings(), verify_host_key=distrust))
    with pytest.raises(HostKeyRefused):
        await ends.__aenter__()
    await ends.server.wait_closed()


async def test_frozen_link_carries_nothing() -> None:
    async with pair(cat) as ends:
        assert ends.link is not None
        ends.link.freeze()
        running = asyncio.create_task(ends.client.run("cat"))
        await settle()
        assert not running.done()
        running.cancel()
        ends.link.cut()
        with pytest.raises((asyncio.CancelledError, ConnectionLost)):
            await running


async def test_cut_link_ends_both_sides_with_the_error() -> None:
    async with pair() as ends:
        assert ends.link is not None
        error = OSError("torn")
        ends.link.cut(error)
        await ends.client.wait_closed()
        await ends.server.wait_closed()
    assert ends.client._lost.result().__cause__ is error


async def test_paused_reader_stops_the_writer() -> None:
    async with pair(both) as ends:
        running = asyncio.create_task(ends.client.run("both"))
        await settle(5)
        assert ends.link is not None
        stream = ends.link._ends[0]
        stream.pause_reading()
        await settle(200)
        waiting = ends.link._pipes[1].size
        await settle(200)
        assert ends.link._pipes[1].size == waiting
        assert not running.done()
        assert not stream.is_closing()
        stream.resume_reading()
        assert len((await running).stdout) == 8 * 1024 * 1024
