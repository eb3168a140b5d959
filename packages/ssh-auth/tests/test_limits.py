from __future__ import annotations

import attrs
import pytest

from ssh_auth import AuthLimits


def test_limits_have_the_documented_defaults() -> None:
    assert attrs.asdict(AuthLimits()) == {
        "user_name_bytes": 1024,
        "password_bytes": 1024,
        "failures": 6,
        "requests": 128,
        "key_queries": 32,
        "prompts": 100,
        "rounds": 64,
        "client_attempts": 64,
        "password_changes": 3,
        "banner_bytes": 262_144,
        "banner_flood_bytes": 1_048_576,
    }


def test_limits_do_not_change() -> None:
    limits = AuthLimits(failures=1)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        limits.failures = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
