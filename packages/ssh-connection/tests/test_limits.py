"""Limits have their defaults, and are frozen."""

from __future__ import annotations

import attrs
import pytest

from ssh_connection import ConnectionLimits
from ssh_transport import Limits


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("channels", 1024),
        ("sessions", 10),
        ("window", 2 * 1024 * 1024),
        ("max_packet", 32 * 1024),
        ("max_data", 32 * 1024),
        ("global_requests", 64),
        ("environment", 128),
    ],
)
def test_limits_have_their_defaults(name: str, default: int) -> None:
    assert getattr(ConnectionLimits(), name) == default


def test_limits_are_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ConnectionLimits().channels = 1  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]


def test_packets_that_are_announced_fit_into_those_of_the_transport() -> None:
    limits = ConnectionLimits()
    assert max(limits.max_packet, limits.max_data) + 1024 < Limits().packet_length
