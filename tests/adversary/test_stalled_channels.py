"""A channel that is not read keeps its window and no more, and no other one waits for it (R04)."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import pytest

from tests.adversary.places import Place, served

MIB = 1024 * 1024
SIZE = 24 * MIB


def content() -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in range(SIZE // 8))


async def fetch(place: Place) -> None:
    done = await place.connection.run("head -c 8000000 /dev/zero", max_output=10 * MIB)
    assert len(done.stdout) == 8_000_000


@pytest.mark.row("R04")
@pytest.mark.timeout(180)
async def test_channel_that_is_not_read_holds_its_window_and_goes_on_later(tmp_path: Path) -> None:
    data = content()
    (tmp_path / "data").write_bytes(data)
    async with (
        served(tmp_path) as place,
        place.connection.start(f"cat {tmp_path / 'data'}") as stalled,
    ):
        assert await stalled.stdout.readexactly(8) == data[:8]
        await fetch(place)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(3):
                await fetch(place)  # another one works, and the stalled one gets its turns
            kept = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert kept < 3 * MIB
        digest = hashlib.sha256(data[:8])
        while piece := await stalled.stdout.read(MIB):
            digest.update(piece)
        assert digest.digest() == hashlib.sha256(data).digest()
        assert await stalled.wait() == 0


@pytest.mark.row("R04")
async def test_many_channels_that_are_not_read_leave_another_its_pace(tmp_path: Path) -> None:
    """Its pace is how often data of it is received between two turns of its reader."""
    async with served(tmp_path) as place:
        scopes = [place.connection.start("cat /dev/zero") for _ in range(8)]
        stalled = [await scope.open() for scope in scopes]
        for each in stalled:
            assert await each.stdout.readexactly(1) == b"\0"
        async with place.connection.start("head -c 20000000 /dev/zero") as process:
            sizes: list[int] = []
            while piece := await process.stdout.read(MIB):
                sizes.append(len(piece))
        assert sum(sizes) == 20_000_000
        assert sum(sizes) / len(sizes) > 8 * 1024
        for each in stalled:
            await each.close()
