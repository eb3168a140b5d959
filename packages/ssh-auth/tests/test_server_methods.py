"""What every method of a server states, and what its questions are asked with."""

from __future__ import annotations

import os
from typing import Any

import pytest

from server_talk import (
    CONTEXT,
    INTERACTIVE,
    KEYS,
    failure,
    interactive,
    password,
    query,
    talk_of,
)
from ssh_auth import (
    SERVER_METHODS,
    AnswersReceived,
    AuthLimits,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    PasswordChangeOffered,
    PasswordOffered,
    ServerAuth,
    ServerPolicy,
    ServerQuestion,
)
from ssh_auth.server.attempt_counter import AttemptCounter
from ssh_auth.server.methods import BY_REQUEST, FACTORS
from ssh_auth.server.methods.base import Conversation, Method
from ssh_auth.server.methods.gssapi import TokenReceived
from ssh_auth.server.policy import Remaining
from ssh_keys import CertificateSpec, issue
from ssh_wire import ProtocolError
from ssh_wire.messages.auth import InfoRequest, InfoResponse, Prompt

KEY = KEYS[0].public_key
SPEC = CertificateSpec(role="user", key_id="", principals=("ops",))
CERTIFICATE = issue(KEYS[1], KEY, spec=SPEC, random=os.urandom)


@pytest.mark.parametrize(
    ("question", "function", "arguments"),
    [
        (NoneOffered(1, "ops"), "none", ()),
        (PasswordOffered(1, "ops", "p"), "password", ("p",)),
        (PasswordChangeOffered(1, "ops", "p", "q"), "new_password", ("p", "q")),
        (KeyOffered(1, "ops", KEY, "ssh-ed25519"), "public_key", (KEY,)),
        (KeyVerified(1, "ops", CERTIFICATE, "x"), "certificate", (CERTIFICATE,)),
        (InteractiveStarted(1, "ops", "pam"), "interactive", (0, ())),
        (AnswersReceived(1, "ops", ("a",), 2), "interactive", (2, ("a",))),
        (TokenReceived(1, "ops", None, b"t"), "gssapi_step", (None, b"t")),
    ],
)
def test_question_names_its_function_and_what_it_is_about(
    question: ServerQuestion, function: str, arguments: tuple[object, ...]
) -> None:
    assert (question.function, question.arguments) == (function, arguments)
    method = next(m for m in SERVER_METHODS.values() if function in m.FUNCTIONS)
    assert len(arguments) == method.FUNCTIONS[function]


def test_each_function_and_each_request_belongs_to_one_method() -> None:
    functions = [name for method in SERVER_METHODS.values() for name in method.FUNCTIONS]
    requests = [each for method in SERVER_METHODS.values() for each in method.REQUESTS]
    assert len(functions) == len(set(functions))
    assert len(requests) == len(set(requests)) == len(BY_REQUEST)
    assert set(SERVER_METHODS) - {"none"} == FACTORS


def test_method_has_to_say_what_it_does() -> None:
    limits = AuthLimits()
    kind: Any = Method
    method = kind(Conversation(context=CONTEXT, limits=limits, counter=AttemptCounter(limits)))
    with pytest.raises(NotImplementedError):
        method.begin(query(KEYS[0]))
    with pytest.raises(NotImplementedError):
        method.step(object(), object())


# ------------------------------------------------------------- edges that order would hide


def test_every_method_can_be_offered_at_once() -> None:
    assert ServerPolicy(methods=tuple(SERVER_METHODS)).methods == tuple(SERVER_METHODS)


def test_what_remains_after_a_method_is_of_the_sequences_that_begin_with_it() -> None:
    remaining = Remaining((("password", "hostbased"), ("publickey", "hostbased"), ("hostbased",)))

    after = remaining.after("password")

    assert after == Remaining((("hostbased",),))


@pytest.mark.row("A04")
@pytest.mark.parametrize("service", ["bogus", "ssh-connectioN", "zzz", ""])
def test_other_services_are_refused_whatever_their_order(service: str) -> None:
    talk = talk_of(ServerPolicy(methods=("password",)))
    talk.receive(password(service=service))
    talk.expect_sent(failure("password"))
    talk.assert_idle()


@pytest.mark.row("A03")
def test_request_with_an_invalid_text_may_not_change_the_user_either() -> None:
    talk = talk_of(ServerPolicy(methods=("password",)))
    talk.receive(password())
    with pytest.raises(ProtocolError, match="changed the user"):
        talk.auth.receive(password(user="bob").encode()[:-6] + b"\xff" * 6)


def test_algorithms_of_a_user_are_told_without_sha1_alone() -> None:
    names = ("ssh-ed25519", "ssh-rsa", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "zzz")
    auth = ServerAuth(CONTEXT, ServerPolicy(algorithms=lambda _: names))
    auth.receive(query(KEYS[0]).encode())
    assert auth.take_server_sig_algs() == (names[0], names[2], names[3])


@pytest.mark.parametrize("method", sorted(SERVER_METHODS))
def test_what_remains_takes_a_method_that_a_sequence_begins_with_and_no_other(method: str) -> None:
    for other in SERVER_METHODS:
        assert Remaining(((other,),)).takes(method) is (other == method)


@pytest.mark.row("A10")
@pytest.mark.row("A16")
def test_longest_answers_and_the_most_prompts_are_taken() -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    prompts = InfoRequest(prompts=(Prompt(text="?", echo=True),) * 100)
    talk.auth.answer(talk.event(InteractiveStarted).request, prompts)
    talk.expect_sent(prompts)
    talk.receive(InfoResponse(responses=("x" * 1024,) * 100))
    assert talk.event(AnswersReceived).answers == ("x" * 1024,) * 100
