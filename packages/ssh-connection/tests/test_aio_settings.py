"""Settings are checked when they are made."""

from __future__ import annotations

import attrs
import pytest

from ssh_connection.aio import KeepaliveOptions, Timeouts


@pytest.mark.parametrize("name", ["connect", "handshake", "auth", "open", "close"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_timeout_that_is_not_above_zero_is_refused(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be more than 0 seconds"):
        Timeouts(**{name: seconds})


def test_every_timeout_is_finite_by_default() -> None:
    assert all(0 < seconds < 3600 for seconds in attrs.astuple(Timeouts()))


def test_keepalive_interval_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="interval must be more than 0 seconds"):
        KeepaliveOptions(interval=0)
