from __future__ import annotations

import pytest

from server_talk import (
    BOTH,
    INTERACTIVE,
    PASSWORD,
    failure,
    interactive,
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
def test_the_sixth_failure_disconnects_with_14() -> None:
    talk = talk_of(PASSWORD)
    for _ in range(5):
        talk.hear(password("wrong"))
        talk.auth.answer(talk.event(PasswordOffered).request, Reject())
    talk.hear(password("wrong"))
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts) as caught:
        talk.auth.answer(request, Reject())

    assert caught.value.reason is DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    assert len(talk.auth.take_messages()) == 5
    assert not talk.auth.answer(request, Accept())
    with pytest.raises(TooManyAttempts):
        talk.hear(password("right"))
    assert talk.quiet()


@pytest.mark.row("A12")
def test_the_33rd_query_disconnects(key: PrivateKey) -> None:
    talk = talk_of()
    for index in range(32):
        talk.hear(query(key))
        talk.auth.answer(talk.event(KeyOffered).request, Accept() if index % 2 else Reject())

    with pytest.raises(TooManyAttempts):
        talk.hear(query(key))


@pytest.mark.row("A12")
def test_the_129th_request_disconnects() -> None:
    talk = talk_of(INTERACTIVE)
    for _ in range(128):
        talk.hear(interactive())
        started = talk.event(InteractiveStarted)
        talk.auth.answer(started.request, Partial(("keyboard-interactive",)))

    with pytest.raises(TooManyAttempts):
        talk.hear(interactive())


@pytest.mark.row("A12")
def test_a_partial_success_sets_no_count_back(key: PrivateKey) -> None:
    talk = talk_of(BOTH, AuthLimits(failures=2))
    talk.hear(password())
    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts):
        talk.auth.answer(request, Reject())


# ------------------------------------------------------------------- late and invalid answers


@pytest.mark.row("A13")
def test_a_new_request_abandons_the_old_and_its_late_answer_is_not_heard() -> None:
    talk = talk_of(PASSWORD)
    talk.hear(password("first"))
    first = talk.event(PasswordOffered)
    talk.hear(password("second"))
    second = talk.event(PasswordOffered)

    assert not talk.auth.answer(first.request, Accept())
    assert talk.auth.pending
    talk.said()  # and no FAILURE for it

    assert talk.auth.answer(second.request, Reject())
    talk.said(failure("password"))
    assert not talk.auth.answer(second.request, Accept())
    assert talk.quiet()


@pytest.mark.row("A13")
def test_a_burst_of_requests_asks_about_the_last_only() -> None:
    talk = talk_of(PASSWORD)

    talk.hear(password("1"), password("2"), password("3"))

    assert talk.event(PasswordOffered).password == "3"
    assert talk.auth.next_event() is None


@pytest.mark.row("A13")
def test_abandoned_requests_count() -> None:
    talk = talk_of(PASSWORD)
    talk.hear(*[password(str(number)) for number in range(6)])

    with pytest.raises(TooManyAttempts):
        talk.hear(password("7"))
    talk.said()


@pytest.mark.row("A13")
def test_after_the_connection_is_gone_no_answer_is_heard() -> None:
    talk = talk_of(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    talk.auth.close()

    assert not talk.auth.answer(request, Accept())
    talk.said()
    assert talk.quiet()


@pytest.mark.row("A13")
def test_after_a_protocol_error_no_answer_is_heard() -> None:
    talk = talk_of(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request
    with pytest.raises(ProtocolError):
        talk.auth.receive(b"\x5a")

    assert not talk.auth.answer(request, Accept())
    assert talk.quiet()


class Sneaky:
    """Equal to everything, and true."""

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = object.__hash__


@pytest.mark.row("A14")
@pytest.mark.parametrize("result", [None, 1, True, "False", object(), Sneaky(), Accept])
def test_what_is_no_result_is_a_reject_and_is_reported(result: object) -> None:
    talk = talk_of(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    talk.auth.answer(request, result)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    talk.said(failure("password"))
    invalid = talk.event(DecisionInvalid)
    assert (invalid.request, invalid.user) == (request, "ops")
    assert talk.quiet()


@pytest.mark.row("A14")
def test_a_forgotten_await_lets_nobody_in() -> None:
    async def backend() -> Accept:
        return Accept()

    talk = talk_of(PASSWORD)
    talk.hear(password())
    forgotten = backend()

    talk.auth.answer(talk.event(PasswordOffered).request, forgotten)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    forgotten.close()
    talk.said(failure("password"))
    assert "coroutine" in talk.event(DecisionInvalid).problem
