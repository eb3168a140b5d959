from __future__ import annotations

import pytest

from ssh_sftp import ServerLimits
from ssh_sftp.messages import LimitsReply


@pytest.mark.row("P88")
def test_what_the_server_says_bounds_the_blocks() -> None:
    reply = LimitsReply(max_packet=262_144, max_read=261_120, max_write=100_000, max_handles=0)
    limits = ServerLimits.from_reply(reply)

    assert limits.read_block == 261_120
    assert limits.write_block == 100_000
    assert limits.max_handles is None


@pytest.mark.parametrize(
    ("told", "block"),
    [(None, 32_768), (2**64 - 1, 261_120), (1, 512), (1_000_000, 261_120)],
)
def test_read_blocks(told: int | None, block: int) -> None:
    assert ServerLimits(max_read=told).read_block == block


def test_a_small_packet_bounds_the_blocks_too() -> None:
    assert ServerLimits(max_packet=34_000, max_read=100_000).read_block == 34_000 - 1024
