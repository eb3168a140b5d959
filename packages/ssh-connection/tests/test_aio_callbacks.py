"""Functions that are given to a server: which are refused, and how they are called."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from ssh_connection.aio.callbacks import awaited, check_async
from ssh_wire import UsageError


async def two(user: str, key: str) -> str:
    return f"{user} {key}"


async def optional(user: str, key: str, mine: str = "mine") -> str:
    return f"{user} {key} {mine}"


async def any_number(*args: str) -> str:
    return " ".join(args)


def passing_on(user: str, key: str) -> Awaitable[str]:
    return two(user, key)


def passing_on_too(user: str, key: str) -> Coroutine[Any, Any, str]:
    return two(user, key)


class Decider:
    """Decides as an object, and by a method."""

    async def __call__(self, user: str, key: str) -> str:
        return f"{user} {key}"

    async def method(self, user: str, key: str) -> str:
        return f"{user} {key}"


def typed(function: Callable[[str, str], Awaitable[str]]) -> Callable[..., Any]:
    return function


GOOD: list[tuple[Callable[..., Any], str]] = [
    (two, "u k"),
    (optional, "u k mine"),
    (any_number, "u k"),
    (passing_on, "u k"),
    (passing_on_too, "u k"),
    (Decider(), "u k"),
    (Decider().method, "u k"),
    (partial(optional, mine="p"), "u k p"),
    (partial(any_number, "p"), "p u k"),
    (typed(lambda user, key: two(key, user)), "k u"),
]


@pytest.mark.parametrize(("function", "answer"), GOOD)
async def test_function_that_takes_the_arguments_is_awaited(function: Any, answer: str) -> None:
    check_async("public_key", function, 2)

    assert await awaited(function, "u", "k") == answer


def plain(user: str, key: str) -> bool:
    return user == key


def unannotated(user: str, key: str) -> bool:
    return user == key


unannotated.__annotations__.clear()


async def generator(user: str, key: str) -> AsyncGenerator[str]:
    yield user + key


async def one(user: str) -> str:
    return user


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (plain, "write `async def`"),
        (unannotated, "write `async def`"),
        (partial(plain, "me"), "takes others"),
        (generator, "write `async def`"),
        (one, "is called with 2 arguments; one takes others"),
        (lambda: two("u", "k"), "takes others"),
        (True, "not a bool"),
        (None, "not a NoneType"),
        ("decide", "not a str"),
    ],
)
def test_unusable_function_is_refused_by_its_name(function: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_async("public_key", function, 2)
    assert words in str(caught.value)
    assert "public_key" in str(caught.value)


async def test_function_that_is_not_async_is_named_when_it_is_called() -> None:
    def decide(_user: str, _key: str) -> bool:
        return True

    with pytest.raises(TypeError, match="decide returned bool: it is not async"):
        await awaited(decide, "u", "k")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_function_without_a_signature_is_accepted() -> None:
    check_async("public_key", max, 2)
