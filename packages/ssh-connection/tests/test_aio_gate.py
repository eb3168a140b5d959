"""Who is let in: the functions of a server, and whatever goes wrong in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from programs import pair
from ssh_auth import (
    Accept,
    AuthenticationFailed,
    DecisionInvalid,
    InteractiveCredential,
    NoneCredential,
    PasswordCredential,
    Reject,
    Result,
    ServerAuth,
)
from ssh_auth.server import PasswordChangeOffered, PasswordOffered
from ssh_connection.aio import ServerAuthentication
from ssh_connection.aio.gate import Gate
from ssh_wire.messages.auth import InfoRequest, Prompt

pytestmark = pytest.mark.usefixtures("reports")


async def yes(*_: object) -> Result:
    return Accept()


async def fails(authentication: ServerAuthentication, *credentials: Any) -> None:
    ends = pair(authentication=authentication, client={"credentials": credentials})
    with pytest.raises(AuthenticationFailed):
        await ends.client.establish(ends.dial)
    assert ends.server.user is None
    await ends.server.close()


def test_a_method_without_a_function_is_not_offered() -> None:
    assert ServerAuthentication(password=yes).policy.methods == ("password",)
    every = ServerAuthentication(public_key=yes, password=yes, interactive=yes, none=yes)
    assert set(every.policy.methods) == {
        "publickey",
        "password",
        "keyboard-interactive",
        "none",
    }


@pytest.mark.row("R16")
async def test_a_function_that_raises_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> Result:
        problem = "the database is down"
        raise OSError(problem)

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=broken), PasswordCredential("secret"))
    assert "an authentication function failed" in caplog.text
    assert "secret" not in caplog.text


class Odd(BaseException):
    """An error that is not even an Exception."""


@pytest.mark.row("A14")
@pytest.mark.parametrize("error", [asyncio.CancelledError(), Odd()])
async def test_a_function_that_raises_what_no_one_catches_leaves_nobody_waiting(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> Result:
        raise error

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=broken), PasswordCredential("secret"))
    assert "an authentication function failed" in caplog.text


@pytest.mark.row("R16")
@pytest.mark.parametrize("answer", [True, None, "accept", Accept])
async def test_anything_but_an_answer_lets_nobody_in(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def odd(*_: object) -> Any:
        return answer

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(password=odd), PasswordCredential("secret"))
    assert "authentication of tester" in caplog.text


async def test_too_many_prompts_let_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    async def asks(_user: str, _round: int, _answers: Sequence[str]) -> InfoRequest:
        prompts = (Prompt(text="?", echo=True),) * 101
        return InfoRequest(name="", instruction="", prompts=prompts)

    async def answer(_name: str, _text: str, prompts: Sequence[Prompt]) -> list[str]:
        return [""] * len(prompts)

    with caplog.at_level(logging.ERROR):
        await fails(ServerAuthentication(interactive=asks), InteractiveCredential(answer))
    assert "asked what cannot be asked" in caplog.text


async def test_none_can_be_enough() -> None:
    async with pair(
        authentication=ServerAuthentication(none=yes),
        client={"credentials": [NoneCredential()]},
    ) as ends:
        assert ends.server.user is not None
        assert ends.server.user.key is None


class Answers(ServerAuth):
    """Notes what it is answered."""

    def __init__(self) -> None:
        super().__init__(b"id", ServerAuthentication(none=yes).policy)
        self.answers: list[Result] = []

    def answer(self, request: int, result: Result) -> bool:
        del request
        self.answers.append(result)
        return True


async def test_a_new_password_that_nobody_demanded_is_refused() -> None:
    auth = Answers()
    gate = Gate(ServerAuthentication(password=yes), auth)
    await gate.decide(PasswordChangeOffered(1, "tester", "old", "new"))
    await Gate(ServerAuthentication(none=yes), auth).decide(PasswordOffered(2, "tester", "x"))
    assert auth.answers == [Reject(), Reject()]


async def test_what_is_no_question_is_not_answered() -> None:
    auth = Answers()
    await Gate(ServerAuthentication(none=yes), auth).decide(DecisionInvalid(1, "tester", "x"))
    assert auth.answers == []
