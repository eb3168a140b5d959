from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import failure_delay

SECRET = b"s" * 32


@pytest.mark.row("A15")
@given(st.text(max_size=20), st.floats(0, 30))
def test_failure_is_sent_at_the_users_own_time_or_twice_that_and_so_on(
    user: str, elapsed: float
) -> None:
    own = failure_delay(user, SECRET, 0.0)
    assert 0.005 <= own <= 0.0092

    at = elapsed + failure_delay(user, SECRET, elapsed)

    assert at >= elapsed
    ratio = at / own
    assert ratio == pytest.approx(2 ** round(log2(ratio)))
    assert at / 2 < max(elapsed, own)


def test_time_of_a_user_differs_between_users_and_servers() -> None:
    assert failure_delay("a", SECRET, 0) != failure_delay("b", SECRET, 0)
    assert failure_delay("a", SECRET, 0) != failure_delay("a", b"other", 0)
    assert failure_delay("a", SECRET, 0) == failure_delay("a", SECRET, 0)
