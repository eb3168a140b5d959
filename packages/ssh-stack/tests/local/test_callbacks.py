"""Functions of the caller's that are asked for a secret."""

from __future__ import annotations

import threading
from collections.abc import Awaitable
from typing import Any

import pytest

from ssh_stack.local.callbacks import call_for_decision, call_for_text, is_async
from ssh_wire import UsageError


async def asynchronous(prompt: str = "") -> str | None:
    return f"{prompt}async"


def plain(prompt: str = "") -> str | None:
    assert threading.current_thread() is not threading.main_thread()
    return f"{prompt}plain"


def passed_on() -> Awaitable[str | None]:
    return asynchronous("passed on ")


class Asker:
    """A callable object."""

    async def __call__(self) -> str:
        return "object"


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (asynchronous, "async"),
        (plain, "plain"),
        (passed_on, "passed on async"),
        (Asker(), "object"),
        (lambda: None, None),
    ],
)
async def test_function_of_any_kind_is_called_for_text(function: Any, answer: str | None) -> None:
    assert await call_for_text(function, what="password") == answer


@pytest.mark.parametrize(("answer", "accepted"), [(True, True), (1, False), (None, False)])
async def test_decision_is_accepted_only_with_true(answer: Any, accepted: bool) -> None:
    async def decide(host: str) -> Any:
        return answer if host == "web1" else None

    assert await call_for_decision(decide, "web1") is accepted

    def plainly(host: str) -> Any:
        return answer if host == "web1" else None

    assert await call_for_decision(plainly, "web1") is accepted


async def test_arguments_are_passed_to_function() -> None:
    assert await call_for_text(plain, "new: ", what="change_password") == "new: plain"


@pytest.mark.parametrize("answer", [b"bytes", 1, True, ["a"]])
async def test_answer_that_is_not_text_names_option(answer: object) -> None:
    async def odd() -> Any:
        return answer

    with pytest.raises(UsageError, match="given as passphrase returned"):
        await call_for_text(odd, what="passphrase")


async def test_answer_that_is_not_text_is_not_quoted() -> None:
    def odd() -> Any:
        return b"s3cret"

    with pytest.raises(UsageError) as caught:
        await call_for_text(odd, what="password")
    assert "s3cret" not in str(caught.value)


def test_coroutine_functions_and_callables_are_async() -> None:
    assert is_async(asynchronous)
    assert is_async(Asker())
    assert not is_async(plain)
    assert not is_async(passed_on)
