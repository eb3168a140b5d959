from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import cast

import pytest

from ssh_auth import (
    AuthCredential,
    AuthProgress,
    HostbasedCredential,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
)
from ssh_keys import PrivateKey
from ssh_stack.client.auth_option import given_credentials
from ssh_wire import UsageError
from ssh_wire.messages.auth import Prompt

KEY = KeyCredential(KeySigner(PrivateKey.generate("ed25519")))
PROMPT = Prompt(text="?", echo=True)


def given(*credentials: AuthCredential, first: bool = False) -> list[AuthCredential]:
    found = given_credentials(credentials, ask_methods_first=first)
    assert isinstance(found, Sequence)
    return list(found)


def here() -> str:
    return threading.current_thread().name


def test_credentials_keep_their_order_behind_the_question_for_the_methods() -> None:
    password = PasswordCredential("x")

    first, *others = given(password, KEY, first=True)

    assert isinstance(first, NoneCredential)
    assert first.probe
    assert [each.method for each in others] == ["password", "publickey"]
    assert given(KEY) == [KEY]


def test_credential_that_is_given_several_times_stays_one() -> None:
    password = PasswordCredential(lambda: "x")

    one, other = given(password, password)

    assert one is other


async def test_plain_functions_are_called_in_threads() -> None:
    main = here()
    password, dialogue, host = given(
        PasswordCredential(here, lambda prompt: f"{prompt}{here()}"),
        InteractiveCredential(lambda _name, _text, _prompts: [here()]),
        HostbasedCredential(KEY.signer, here, "me"),
    )
    assert isinstance(password, PasswordCredential)
    assert isinstance(dialogue, InteractiveCredential)
    assert isinstance(host, HostbasedCredential)

    answers = await dialogue.ask("", "", [PROMPT])

    assert await password.ask(None) != main
    assert await password.ask("") != main
    assert answers is not None
    assert answers != [main]
    assert await host.name_of_host() != f"{main}."


async def test_async_functions_are_called_in_the_loop() -> None:
    async def ask() -> str:
        return here()

    (password,) = given(PasswordCredential(ask))

    assert isinstance(password, PasswordCredential)
    assert await password.ask(None) == here()


async def test_host_name_that_is_no_text_is_the_callers_error() -> None:
    def number() -> str:
        return cast("str", 7)

    (host,) = given(HostbasedCredential(KEY.signer, number, "me"))

    assert isinstance(host, HostbasedCredential)
    with pytest.raises(UsageError, match="client_host returned int"):
        await host.name_of_host()


async def test_credentials_of_a_strategy_call_plain_functions_in_threads() -> None:
    class Strategy:
        def next_credential(self, progress: AuthProgress, /) -> AuthCredential | None:
            return None if progress.attempts else PasswordCredential(here)

    strategy = given_credentials(Strategy(), ask_methods_first=True)
    assert not isinstance(strategy, Sequence)

    password = strategy.next_credential(AuthProgress(remaining=None, attempts=()))

    assert isinstance(password, PasswordCredential)
    assert await password.ask(None) != here()
