from __future__ import annotations

import pytest

from ssh_auth.server.methods import LEGAL, NUMBERS, SERVER_METHODS
from ssh_auth.server.methods.gssapi import ExpectMIC, ExpectToken
from ssh_auth.server.methods.keyboard_interactive import ExpectAnswers
from ssh_auth.server.states import ServerState

FURTHER: dict[type[ServerState], set[int]] = {
    ExpectAnswers: {61},
    ExpectToken: {61, 65},
    ExpectMIC: {63, 65, 66},
}


def every_state(kind: type[ServerState] = ServerState) -> set[str]:
    return {name for sub in kind.__subclasses__() for name in {sub.__name__, *every_state(sub)}}


def test_every_state_has_its_row() -> None:
    assert {state.__name__ for state in LEGAL} == every_state()


@pytest.mark.row("A01")
@pytest.mark.row("A02")
def test_server_states_accept_requests_and_awaited_responses_only() -> None:
    for state, row in LEGAL.items():
        numbers = {number for number in range(256) if number in row}
        assert numbers == {50} | FURTHER.get(state, set())


def test_numbers_of_methods_are_method_specific_ones() -> None:
    assert frozenset(range(60, 80)) >= NUMBERS
    assert all(method.NUMBERS <= NUMBERS for method in SERVER_METHODS.values())
