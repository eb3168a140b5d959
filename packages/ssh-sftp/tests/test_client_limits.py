from __future__ import annotations

from typing import Any

import pytest

from ssh_sftp import ServerLimits, SFTPOptions
from ssh_sftp.client.limits import within_limit
from ssh_sftp.messages import LimitsReply
from ssh_wire import UsageError


@pytest.mark.row("P88")
def test_reported_limits_bound_the_blocks() -> None:
    reply = LimitsReply(max_packet=262_144, max_read=261_120, max_write=100_000, max_handles=0)
    limits = ServerLimits.from_reply(reply)

    assert limits.read_block == 261_120
    assert limits.write_block == 100_000
    assert limits.max_handles is None


@pytest.mark.parametrize(
    ("told", "block"),
    [(None, 32_768), (2**64 - 1, 261_120), (1, 512), (1_000_000, 261_120)],
)
def test_read_block_follows_the_reported_limit(told: int | None, block: int) -> None:
    assert ServerLimits(max_read=told).read_block == block


def test_small_packet_limit_bounds_the_blocks_too() -> None:
    assert ServerLimits(max_packet=34_000, max_read=100_000).read_block == 34_000 - 1024


@pytest.mark.parametrize(
    ("told", "wanted", "block"),
    [
        (None, None, 32_768),
        (None, 100_000, 100_000),
        (65_536, 100_000, 65_536),
        (100_000, 4_096, 4_096),
    ],
)
def test_size_in_the_options_is_bounded_by_the_limit_of_the_server(
    told: int | None, wanted: int | None, block: int
) -> None:
    limits = ServerLimits(max_read=told, max_write=told)
    options = SFTPOptions(read_size=wanted, write_size=wanted)

    assert limits.read_size(options) == limits.write_size(options) == block


@pytest.mark.parametrize(
    "option",
    [{"read_size": 0}, {"write_size": 10**6}, {"timeout": 0}, {"max_depth": 0}],
)
def test_options_out_of_bounds_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(option))):
        SFTPOptions(**option)


def test_bound_on_the_rate_makes_requests_small_and_slow_ones_patient() -> None:
    assert within_limit(SFTPOptions()) == SFTPOptions()
    slow = within_limit(SFTPOptions(limit=1_000))
    assert (slow.read_size, slow.write_size, slow.timeout) == (512, 512, None)
    assert (slow.first_outstanding, slow.max_outstanding) == (2_048, 2_048)
    fast = within_limit(SFTPOptions(limit=400_000, read_size=1_000))
    assert (fast.read_size, fast.write_size, fast.timeout) == (1_000, 32_768, 120.0)
    assert within_limit(SFTPOptions(limit=10**8)).read_size is None
    with pytest.raises(UsageError, match="limit=0"):
        SFTPOptions(limit=0)
