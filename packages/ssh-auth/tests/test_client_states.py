from __future__ import annotations

from typing import get_args

import pytest

from ssh_auth import PasswordCredential
from ssh_auth.client.states import (
    LEGAL,
    AwaitPassword,
    ClientState,
    ExpectKeyVerdict,
    ExpectPasswordVerdict,
    ExpectPrompts,
    ExpectVerdict,
    Finished,
)


def test_every_state_has_its_row() -> None:
    assert set(LEGAL) == set(get_args(ClientState))


@pytest.mark.row("A02")
@pytest.mark.row("A01")
def test_no_state_takes_a_request_or_a_message_of_the_connection() -> None:
    for row in LEGAL.values():
        for number in (*range(50), 50, 61, *range(80, 256)):
            assert number not in row


def test_verdicts_are_legal_only_while_a_request_is_pending() -> None:
    for state, row in LEGAL.items():
        assert (51 in row) == state.__name__.startswith(
            "Expect"
        ) or state.__name__ == "ExpectStart"
    assert 52 in LEGAL[ExpectVerdict]
    assert {n for n, row in LEGAL.items() if 52 in row} == {
        ExpectVerdict,
        ExpectKeyVerdict,
        ExpectPasswordVerdict,
        ExpectPrompts,
    }
    assert not list(LEGAL[Finished])


def test_states_do_not_show_passwords() -> None:
    credential = PasswordCredential("s3cret")

    assert "s3cret" not in repr(ExpectPasswordVerdict(credential, "s3cret", 0))
    assert "s3cret" not in repr(AwaitPassword(credential, "s3cret", 1))
