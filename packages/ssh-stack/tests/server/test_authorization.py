"""Who may log in: ready-made answers, and what becomes of several."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from loopback_server import USER, USER_KEY, serving
from ssh_auth import (
    ACCEPTED_ALGORITHMS,
    Accept,
    AuthContext,
    AuthenticationFailed,
    ChangePassword,
    Reject,
)
from ssh_connection.aio import ServerAuthentication
from ssh_keys import PrivateKey, PublicKey
from ssh_stack import AuthorizedKeys, InOrder, Passwords
from ssh_stack.server.authorization import Authorization, combine
from ssh_wire import UsageError
from ssh_wire.messages.auth import InfoRequest

ME = AuthContext(user="me")

ONE, OTHER = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
YES, NO = Accept(), Reject()


# ------------------------------------------------------------- several


async def _interactive(*_: object) -> InfoRequest:
    raise NotImplementedError


async def _other(*_: object) -> InfoRequest:
    raise NotImplementedError


def test_combination_of_one_part_is_that_part() -> None:
    keys = AuthorizedKeys([ONE.public_key])
    given = keys.authentication

    assert combine(given) is given
    assert combine([keys]) == combine(keys) == given
    assert combine(given).policy.required == (("publickey",),)


async def test_one_of_several_parts_is_enough() -> None:
    first, second = (
        AuthorizedKeys([ONE.public_key], ["me"]),
        AuthorizedKeys([OTHER.public_key], ["me"]),
    )
    both = combine([first, second, Passwords({"me": "secret"}), first])

    assert both.policy.required == (("publickey",), ("password",))
    assert both.public_key is not None
    assert [await both.public_key(ME, key.public_key) for key in (ONE, OTHER, USER_KEY)] == [
        YES,
        YES,
        NO,
    ]


async def test_method_of_several_parts_is_tried_with_each_part() -> None:
    async def refused(_context: AuthContext) -> Accept | Reject:
        return NO

    async def me(context: AuthContext) -> Accept | Reject:
        return YES if context.user == "me" else NO

    def change(*_: str) -> bool:
        return True

    first = Passwords({"you": "old"}, expired=["you"], change=change)
    second = Passwords({"me": "old"}, expired=["me"], change=change)
    both = combine(
        [first, second, ServerAuthentication(none=refused), ServerAuthentication(none=me)]
    )
    assert both.none is not None
    assert both.password is not None
    assert both.new_password is not None
    assert await both.none(ME) == YES
    assert await both.none(AuthContext(user="you")) == NO
    assert isinstance(await both.password(ME, "old"), ChangePassword)
    assert await both.new_password(ME, "old", "new") == YES
    assert await both.new_password(ME, "wrong", "new") == NO
    both.check()


def test_in_order_requires_methods_in_sequence() -> None:
    keys, passwords = AuthorizedKeys([ONE.public_key]), Passwords({})
    dialogue = ServerAuthentication(interactive=_interactive, banner="Hello")

    assert combine(InOrder(keys, passwords)).sequences == (("publickey", "password"),)
    assert combine(InOrder(keys, keys)).sequences == (("publickey", "publickey"),)
    several = combine([InOrder(keys, passwords), dialogue])
    assert several.sequences == (("publickey", "password"), ("keyboard-interactive",))
    assert several.banner == "Hello"


def test_in_order_of_invalid_parts_raises_usage_error() -> None:
    both = combine([AuthorizedKeys([]), Passwords({})])
    for parts in ((), (both,), (ServerAuthentication(),)):
        with pytest.raises(UsageError):
            InOrder(*parts)


def test_method_of_two_parts_is_refused_in_sequence() -> None:
    weak, strong = AuthorizedKeys([ONE.public_key]), AuthorizedKeys([OTHER.public_key])

    with pytest.raises(UsageError, match="publickey"):
        combine([weak, InOrder(strong, Passwords({}))])
    with pytest.raises(UsageError, match="publickey"):
        InOrder(weak, strong)


def test_two_keyboard_interactive_parts_are_refused() -> None:
    with pytest.raises(UsageError, match="keyboard-interactive"):
        combine(
            [
                ServerAuthentication(interactive=_interactive),
                ServerAuthentication(interactive=_other),
            ]
        )


def test_user_algorithms_of_two_parts_are_refused() -> None:
    one = ServerAuthentication(interactive=_interactive, algorithms=lambda _: ["ssh-ed25519"])
    other = ServerAuthentication(interactive=_interactive, algorithms=lambda _: [])

    assert combine([AuthorizedKeys([]), one]).algorithms is one.algorithms
    with pytest.raises(UsageError, match="algorithms"):
        combine([one, other])


def test_invalid_auth_raises_usage_error() -> None:
    with pytest.raises(UsageError, match="auth cannot be a str"):
        combine("secret")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the mistake


# ------------------------------------------------------------- at a server


async def test_server_requires_parts_in_order_or_one_of_them() -> None:
    keys, passwords = AuthorizedKeys([USER_KEY.public_key], [USER]), Passwords({USER: "secret"})
    auth: Authorization = InOrder(keys, passwords)
    async with serving(auth=auth) as here:
        async with here.connect(password="secret") as conn:
            assert (await conn.run("echo in")).stdout == b"in\n"
        for options in ({"password": "wrong"}, {"keys": None, "password": "secret"}, {}):
            with pytest.raises(AuthenticationFailed):
                async with here.connect(**options):
                    pass

    async with serving(auth=[keys, passwords]) as here:
        for options in ({}, {"keys": None, "password": "secret"}):
            async with here.connect(**options) as conn:
                assert (await conn.run("echo in")).stdout == b"in\n"


async def test_user_algorithms_restrict_algorithms_of_user() -> None:
    rsa = PrivateKey.generate("rsa", 2048)
    keys = AuthorizedKeys([rsa.public_key, USER_KEY.public_key], [USER, "other"])
    algorithms = {USER: ["rsa-sha2-256"]}

    def of(user: str) -> Sequence[str]:
        return algorithms.get(user, ACCEPTED_ALGORITHMS)

    async with serving(auth=keys, user_algorithms=of) as here:
        for user, expected in ((USER, "rsa-sha2-256"), ("other", "rsa-sha2-512")):
            # the answer to the first request says how the next may sign, if need be the same key's
            for tried in ([ONE, rsa], [rsa]):
                async with here.connect(username=user, keys=tried) as conn:
                    assert conn.auth_attempts[-1].algorithm == expected
        with pytest.raises(AuthenticationFailed):
            async with here.connect():
                pass
        async with here.connect(username="other"):
            pass


async def test_two_public_key_steps_need_two_keys() -> None:
    keys = AuthorizedKeys([ONE.public_key, OTHER.public_key], [USER])
    async with serving(auth=InOrder(keys, keys)) as here:
        async with here.connect(keys=[ONE, OTHER]):
            pass
        with pytest.raises(AuthenticationFailed):
            async with here.connect(keys=[ONE]):
                pass


@pytest.mark.row("R16")
async def test_function_that_raises_authenticates_no_user(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_context: AuthContext, _key: PublicKey) -> Accept:
        raise ZeroDivisionError

    async with serving(auth=ServerAuthentication(public_key=broken)) as here:
        with pytest.raises(AuthenticationFailed):
            async with here.connect():
                pass
    assert "ZeroDivisionError" in caplog.text
