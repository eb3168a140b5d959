"""Who may log in with which password, and what becomes of one that has expired."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from loopback_server import USER, serving
from ssh_auth import Accept, AuthContext, AuthenticationFailed, ChangePassword, Outcome, Reject
from ssh_stack import Passwords
from ssh_wire import UsageError

ME = AuthContext(user="me")

YES, NO = Accept(), Reject()

# ------------------------------------------------------------- passwords


async def test_password_is_compared_with_mapping() -> None:
    passwords = Passwords({"me": "secret", "nobody": ""})

    assert await passwords.decide(ME, "secret") == YES
    assert await passwords.decide(ME, "Secret") == NO
    assert await passwords.decide(AuthContext(user="nobody"), "") == NO
    assert await passwords.decide(AuthContext(user="unknown"), "") == NO
    assert await passwords.decide(ME, "\udcff") == NO


async def asynchronous(user: str, password: str) -> bool:
    await asyncio.sleep(0)
    return (user, password) == ("me", "secret")


def in_a_thread(user: str, password: str) -> bool:
    assert threading.current_thread() is not threading.main_thread()
    return (user, password) == ("me", "secret")


class AsyncObject:
    async def __call__(self, user: str, password: str) -> bool:
        return await asynchronous(user, password)


def awaitable(user: str, password: str) -> Awaitable[bool]:
    return asynchronous(user, password)


@pytest.mark.parametrize("check", [asynchronous, in_a_thread, AsyncObject(), awaitable])
async def test_password_is_checked_by_function(
    check: Callable[[str, str], bool | Awaitable[bool]],
) -> None:
    assert await Passwords(check).decide(ME, "secret") == YES
    assert await Passwords(check).decide(ME, "wrong") == NO


@pytest.mark.row("R16")
@pytest.mark.parametrize("answer", [1, "yes", None, object()])
async def test_password_function_accepts_only_with_true(answer: object) -> None:
    async def check(_user: str, _password: str) -> bool:
        return answer  # type: ignore[return-value] # pyright: ignore[reportReturnType] - what a careless function gives

    passwords = Passwords(check)

    assert await passwords.decide(ME, "secret") == NO


async def test_password_is_in_neither_repr_nor_log(caplog: pytest.LogCaptureFixture) -> None:
    passwords = Passwords({"me": "sesame"})
    with caplog.at_level(logging.DEBUG):
        await passwords.decide(AuthContext(user="m\x1be"), "open sesame")

    assert "sesame" not in repr(passwords) + caplog.text
    assert "password refused for m\\x1be" in caplog.text


# ------------------------------------------------------------- expired passwords


def changing(**options: Any) -> tuple[Passwords, dict[str, str]]:
    """Passwords of which "old" has expired, and where they are."""
    kept = {"me": "old", "other": "fresh"}

    def change(user: str, old: str, new: str) -> bool:
        assert kept[user] == old
        if len(new) < 6:
            return False
        kept[user] = new
        return True

    def expired(user: str) -> bool:
        return kept[user] == "old"

    given: dict[str, Any] = {"expired": expired, "change": change, **options}
    return Passwords(lambda user, password: kept.get(user) == password, **given), kept


async def test_new_password_is_requested_after_expired_one() -> None:
    passwords, _ = changing()

    assert isinstance(await passwords.decide(ME, "old"), ChangePassword)
    assert await passwords.decide(ME, "wrong") == NO
    assert await passwords.decide(AuthContext(user="other"), "fresh") == YES


async def test_new_password_replaces_old_one() -> None:
    passwords, kept = changing()

    again = await passwords.decide_new(ME, "old", "short")
    assert isinstance(again, ChangePassword)
    assert "will not do" in again.prompt
    assert isinstance(await passwords.decide_new(ME, "old", "old"), ChangePassword)
    assert await passwords.decide_new(ME, "old", "long enough") == YES
    assert kept["me"] == "long enough"


async def test_only_expired_password_is_changed_with_old_one() -> None:
    passwords, kept = changing()

    assert await passwords.decide_new(ME, "wrong", "long enough") == NO
    assert await passwords.decide_new(AuthContext(user="other"), "fresh", "long enough") == NO
    assert kept == {"me": "old", "other": "fresh"}


@pytest.mark.row("A18")
async def test_expired_password_that_cannot_be_changed_is_rejected() -> None:
    passwords = Passwords({"me": "old"}, expired=["me"])

    assert await passwords.decide(ME, "old") == NO
    assert await passwords.decide_new(ME, "old", "new password") == NO
    assert passwords.authentication.new_password is None


@pytest.mark.parametrize("answer", [1, "yes", None])
async def test_change_function_accepts_only_with_true(answer: object) -> None:
    async def change(*_: str) -> Any:
        return answer

    passwords = Passwords({"me": "old"}, expired=["me"], change=change)
    assert isinstance(await passwords.decide_new(ME, "old", "new password"), ChangePassword)


@pytest.mark.parametrize("options", [{"expired": "me"}, {"change": "passwd"}])
def test_invalid_functions_raise_usage_error(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Passwords({}, **options)


async def test_expired_password_is_changed_during_login() -> None:
    prompts: list[str] = []

    def renew(prompt: str) -> str:
        prompts.append(prompt)
        return "short" if len(prompts) == 1 else "long enough"

    kept = {USER: "old"}

    def change(user: str, _old: str, new: str) -> bool:
        if len(new) > 6:
            kept[user] = new
        return len(new) > 6

    passwords = Passwords(
        lambda user, given: kept.get(user) == given,
        expired=lambda user: kept[user] == "old",
        change=change,
    )
    async with serving(auth=passwords) as here:
        with pytest.raises(AuthenticationFailed) as caught:
            await here.connect(keys=None, password="old").open()
        assert caught.value.attempts[0].outcome is Outcome.EXPIRED

        async with here.connect(keys=None, password="old", change_password=renew) as connection:
            assert connection.auth_attempts[-1].outcome is Outcome.ACCEPTED
        assert prompts == [
            f"The password of {USER} has expired.",
            "That password will not do; choose another one.",
        ]
        async with here.connect(keys=None, password="long enough"):
            pass
