from __future__ import annotations

import pytest

from server_talk import (
    BOTH,
    INTERACTIVE,
    KEYS,
    PASSWORD,
    failure,
    interactive,
    none,
    password,
    query,
    signed,
    talk_of,
)
from ssh_auth import (
    Accept,
    AuthLimits,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    Partial,
    PasswordOffered,
    Reject,
    TooManyAttempts,
)
from ssh_keys import PrivateKey
from ssh_wire import DisconnectReason, ProtocolError

# ------------------------------------------------------------------- caps


@pytest.mark.row("A12")
def test_sixth_failure_disconnects_with_14() -> None:
    talk = talk_of(PASSWORD)
    for _ in range(5):
        talk.receive(password("wrong"))
        talk.auth.answer(talk.event(PasswordOffered).request, Reject())
    talk.receive(password("wrong"))
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts) as caught:
        talk.auth.answer(request, Reject())

    assert caught.value.reason is DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    assert len(talk.auth.take_messages()) == 5
    assert not talk.auth.answer(request, Accept())
    with pytest.raises(TooManyAttempts):
        talk.receive(password("right"))
    talk.assert_idle()


@pytest.mark.row("A12")
def test_query_number_33_disconnects(key: PrivateKey) -> None:
    talk = talk_of()
    for index in range(32):
        talk.receive(query(key))
        talk.auth.answer(talk.event(KeyOffered).request, Accept() if index % 2 else Reject())

    with pytest.raises(TooManyAttempts):
        talk.receive(query(key))


@pytest.mark.row("A12")
def test_request_number_129_disconnects() -> None:
    talk = talk_of(INTERACTIVE)
    for _ in range(128):
        talk.receive(interactive())
        started = talk.event(InteractiveStarted)
        talk.auth.answer(started.request, Partial(("keyboard-interactive",)))

    with pytest.raises(TooManyAttempts):
        talk.receive(interactive())


@pytest.mark.row("A12")
def test_partial_success_resets_no_count(key: PrivateKey) -> None:
    talk = talk_of(BOTH, AuthLimits(failures=2))
    talk.receive(password())
    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    talk.receive(password())
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts):
        talk.auth.answer(request, Reject())


# ------------------------------------------------------------------- late and invalid answers


@pytest.mark.row("A13")
def test_new_request_abandons_the_pending_one_and_its_late_answer_is_ignored() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password("first"))
    first = talk.event(PasswordOffered)
    talk.receive(password("second"))
    second = talk.event(PasswordOffered)

    assert not talk.auth.answer(first.request, Accept())
    assert talk.auth.pending
    talk.expect_sent()  # and no FAILURE for it

    assert talk.auth.answer(second.request, Reject())
    talk.expect_sent(failure("password"))
    assert not talk.auth.answer(second.request, Accept())
    talk.assert_idle()


@pytest.mark.row("A13")
def test_burst_of_requests_asks_about_the_last_only() -> None:
    talk = talk_of(PASSWORD)

    talk.receive(password("1"), password("2"), password("3"))

    assert talk.event(PasswordOffered).password == "3"
    assert talk.auth.next_event() is None


@pytest.mark.row("A13")
def test_abandoned_requests_count() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(*[password(str(number)) for number in range(6)])

    with pytest.raises(TooManyAttempts):
        talk.receive(password("7"))
    talk.expect_sent()


@pytest.mark.row("A13")
def test_answer_after_the_end_of_the_connection_is_ignored() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    request = talk.event(PasswordOffered).request

    talk.auth.close()

    assert not talk.auth.answer(request, Accept())
    talk.expect_sent()
    talk.assert_idle()


@pytest.mark.row("A13")
def test_answer_after_a_protocol_error_is_ignored() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    request = talk.event(PasswordOffered).request
    with pytest.raises(ProtocolError):
        talk.auth.receive(b"\x5a")

    assert not talk.auth.answer(request, Accept())
    talk.assert_idle()


class Sneaky:
    """Equal to everything, and true."""

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = object.__hash__


@pytest.mark.row("A14")
@pytest.mark.parametrize("result", [None, 1, True, "False", object(), Sneaky(), Accept])
def test_value_that_is_not_a_result_is_a_reject_and_is_reported(result: object) -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    request = talk.event(PasswordOffered).request

    talk.auth.answer(request, result)

    talk.expect_sent(failure("password"))
    invalid = talk.event(DecisionInvalid)
    assert (invalid.request, invalid.user) == (request, "ops")
    talk.assert_idle()


@pytest.mark.row("A14")
def test_forgotten_await_authenticates_no_client() -> None:
    async def backend() -> Accept:
        return Accept()

    talk = talk_of(PASSWORD)
    talk.receive(password())
    forgotten = backend()

    talk.auth.answer(talk.event(PasswordOffered).request, forgotten)

    forgotten.close()
    talk.expect_sent(failure("password"))
    assert "coroutine" in talk.event(DecisionInvalid).problem


# ------------------------------------------------------------------- what a driver holds back


@pytest.mark.row("A15")
def test_failure_waits_to_be_sent_until_it_is_taken() -> None:
    talk = talk_of(PASSWORD)
    assert not talk.auth.failing
    talk.receive(password("wrong"))
    assert not talk.auth.failing
    talk.auth.answer(talk.event(PasswordOffered).request, Reject())
    assert talk.auth.failing
    talk.auth.take_messages()
    assert not talk.auth.failing
    assert talk.auth.failures == 1


@pytest.mark.row("A15")
def test_answer_to_none_is_not_held_back() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(none())
    assert not talk.auth.failing
    talk.receive(password("", user="ops"))
    assert talk.auth.failing


def test_partial_success_is_not_a_failure(key: PrivateKey) -> None:
    talk = talk_of(BOTH)
    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert not talk.auth.failing


def test_failures_that_count_are_those_that_are_not_free() -> None:
    talk = talk_of(BOTH)
    talk.receive(none())
    assert talk.auth.failures == 0  # the first one asks for the methods
    talk.receive(query(KEYS[0]))
    talk.auth.answer(talk.event(KeyOffered).request, Reject())
    assert talk.auth.failures == 0  # queries have a cap of their own
    talk.receive(password())
    assert talk.auth.failures == 1  # it is not its turn
    talk.receive(none())
    assert talk.auth.failures == 2
