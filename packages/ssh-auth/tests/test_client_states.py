from __future__ import annotations

import pytest

from ssh_auth import PasswordCredential
from ssh_auth.client.methods import NAMES, NUMBERS, find_method
from ssh_auth.client.methods.keyboard_interactive import ExpectPrompts
from ssh_auth.client.methods.password import (
    AwaitPassword,
    ExpectPasswordVerdict,
    PasswordNeeded,
)
from ssh_auth.client.methods.publickey import ExpectKeyVerdict
from ssh_auth.client.methods.table import LEGAL, METHODS
from ssh_auth.client.states import ClientState, ExpectStart, ExpectVerdict, Finished


def names(kind: type[ClientState]) -> set[str]:
    return {kind.__name__}.union(*map(names, kind.__subclasses__()))


def test_every_state_has_its_row() -> None:
    assert {each.__name__ for each in LEGAL} == names(ClientState) - {
        "ClientState",
        "Trying",
        "Await",
    }


def test_every_method_has_its_name_and_the_numbers_of_its_messages() -> None:
    assert {name: method.NAME for name, method in METHODS.items()} == {n: n for n in METHODS}
    assert {name: find_method(name) for name in NAMES} == METHODS
    assert find_method("odd") is None
    for method in METHODS.values():
        received = {m.NUMBER for row in method.LEGAL.values() for m in row}
        assert received - {51, 52, 53} <= method.NUMBERS <= set(range(60, 80))
    assert frozenset().union(*(method.NUMBERS for method in METHODS.values())) == NUMBERS


@pytest.mark.row("A02")
@pytest.mark.row("A01")
def test_no_state_takes_a_request_or_a_message_of_the_connection() -> None:
    for row in LEGAL.values():
        for number in (*range(50), 50, *range(80, 256)):
            assert number not in row


def test_verdicts_are_legal_only_while_a_request_is_pending() -> None:
    for state, row in LEGAL.items():
        assert (51 in row) == state.__name__.startswith(
            "Expect"
        ) or state.__name__ == "ExpectStart"
    assert 52 in LEGAL[ExpectVerdict]
    waiting = {state for state in LEGAL if state.__name__.startswith("Expect")} - {ExpectStart}
    assert {state for state, row in LEGAL.items() if 52 in row} == waiting
    assert {ExpectKeyVerdict, ExpectPasswordVerdict, ExpectPrompts} <= waiting
    assert not list(LEGAL[Finished])


def test_states_do_not_show_passwords() -> None:
    credential = PasswordCredential("s3cret")

    assert "s3cret" not in repr(ExpectPasswordVerdict(credential, "s3cret", 0))
    question = PasswordNeeded(credential)
    assert "s3cret" not in repr(AwaitPassword(credential, question, "s3cret", 1))
