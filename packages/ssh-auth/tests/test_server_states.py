from __future__ import annotations

from typing import get_args

import pytest

from ssh_auth.server.states import LEGAL, ExpectAnswers, ServerState


def test_every_state_has_its_row() -> None:
    assert set(LEGAL) == set(get_args(ServerState))


@pytest.mark.row("A01")
@pytest.mark.row("A02")
def test_server_states_accept_requests_and_awaited_responses_only() -> None:
    for state, row in LEGAL.items():
        numbers = {number for number in range(256) if number in row}
        assert numbers == ({50, 61} if state is ExpectAnswers else {50})
