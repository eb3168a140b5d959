"""Requests with a text that is not UTF-8: a failure like any other, as with OpenSSH's server."""

from __future__ import annotations

import pytest

from server_talk import INTERACTIVE, PASSWORD, QUESTION, failure, interactive, password, talk_of
from ssh_auth import Accept, AuthLimits, InteractiveStarted, PasswordOffered
from ssh_auth.errors import TooManyAttempts
from ssh_wire import Message
from ssh_wire.messages.auth import InfoRequest, InfoResponse

MARK = "<mark>"


def replaced(message: Message, data: bytes) -> bytes:
    """The encoding of a message with the marked text replaced by bytes."""
    encoded = message.encode()
    old = len(MARK).to_bytes(4, "big") + MARK.encode()
    assert encoded.count(old) == 1
    return encoded.replace(old, len(data).to_bytes(4, "big") + data)


BAD = b"ols\xe9"
"""Latin-1, as some clients send it."""


@pytest.mark.parametrize("field", ["user", "password", "service"])
def test_password_request_that_is_not_utf_8_fails_without_a_question(
    field: str,
) -> None:
    talk = talk_of(PASSWORD)

    talk.auth.receive(replaced(password(**{"text" if field == "password" else field: MARK}), BAD))

    talk.expect_sent(failure("password"))
    talk.assert_idle()


def test_right_password_is_asked_about_after_one_that_is_not_utf_8() -> None:
    talk = talk_of(PASSWORD)
    talk.auth.receive(replaced(password(MARK), BAD))
    talk.expect_sent(failure("password"))

    talk.receive(password("s3cret"))

    offered = talk.event(PasswordOffered)
    assert offered.password == "s3cret"
    talk.auth.answer(offered.request, Accept())
    assert talk.auth.succeeded


def test_requests_that_are_not_utf_8_count_as_attempts() -> None:
    talk = talk_of(PASSWORD, AuthLimits(failures=2))
    talk.auth.receive(replaced(password(MARK), BAD))

    with pytest.raises(TooManyAttempts):
        talk.auth.receive(replaced(password(MARK), BAD))


@pytest.mark.parametrize("prompts", [0, 1, 2])
def test_answer_that_is_not_utf_8_fails_and_asks_no_question(prompts: int) -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    request = talk.event(InteractiveStarted).request
    talk.auth.answer(request, InfoRequest(prompts=QUESTION.prompts * prompts))
    talk.auth.take_messages()

    talk.auth.receive(replaced(InfoResponse(responses=(MARK,)), BAD))

    talk.expect_sent(failure("keyboard-interactive"))
    talk.assert_idle()
