from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_talk import (
    QUESTION,
    SESSION,
    SUCCESS,
    dialogue,
    failure,
    memory,
    no_password,
    outcomes,
    renew,
    reply,
    talk_of,
)
from ssh_auth import (
    AuthCredential,
    AuthLimits,
    AuthProgress,
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientAuth,
    ClientPolicy,
    HostbasedCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    Outcome,
    PasswordCredential,
    PasswordNeeded,
    PromptsReceived,
    SignatureNeeded,
    UnusableCredential,
)
from ssh_auth.testing import Talk, finish
from ssh_keys import PrivateKey
from ssh_wire import Message, ProtocolError, UsageError, lazy_attrs
from ssh_wire.messages.auth import (
    REQUESTS,
    InfoRequest,
    KeyboardInteractiveRequest,
    PasswdChangeReq,
    PasswordRequest,
    PublicKeyOk,
    PublicKeyRequest,
    UserauthBanner,
)

# ------------------------------------------------------------------- order and partial success


def test_methods_that_the_server_does_not_list_are_reported_and_not_sent(
    key: PrivateKey,
) -> None:
    talk = talk_of(memory(key), PasswordCredential("s3cret"), dialogue())
    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    talk.message(PublicKeyRequest)

    talk.receive(failure("keyboard-interactive"))

    talk.message(KeyboardInteractiveRequest)
    assert outcomes(talk) == [Outcome.REJECTED, Outcome.NOT_OFFERED]
    assert talk.auth.attempts[0].remaining == ("keyboard-interactive",)


def test_partial_success_is_followed_by_what_the_server_lists(key: PrivateKey) -> None:
    talk = talk_of(PasswordCredential("s3cret"), memory(key))
    talk.message(PasswordRequest)
    talk.receive(failure("publickey"))
    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    talk.message(PublicKeyRequest)

    talk.receive(failure("password", partial=True))

    talk.message(PasswordRequest)  # refused before, wanted now
    talk.receive(SUCCESS)
    assert outcomes(talk) == [Outcome.REJECTED, Outcome.PARTIAL, Outcome.ACCEPTED]


def test_skipped_credential_is_tried_when_the_server_lists_it(
    key: PrivateKey,
) -> None:
    talk = talk_of(NoneCredential(probe=True), memory(key), PasswordCredential("s3cret"))
    talk.receive(failure("password"))
    talk.auth.take_messages()

    talk.receive(failure("publickey", "password"))

    talk.event(SignatureNeeded)
    assert outcomes(talk) == [Outcome.NOT_OFFERED, Outcome.REJECTED]


@pytest.mark.parametrize("partial", [False, True])
def test_empty_list_of_methods_excludes_no_credential(key: PrivateKey, partial: bool) -> None:
    talk = talk_of(PasswordCredential("s3cret"), memory(key))
    talk.message(PasswordRequest)

    talk.receive(failure(partial=partial))

    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    talk.receive(failure())
    error = talk.event(AuthRejected).error
    assert error.remaining_methods == ()
    assert "the server" not in str(error)


def test_unusable_credential_is_reported_once_and_not_sent(key: PrivateKey) -> None:
    problem = "others can read it; run chmod 600 /k"
    talk = talk_of(
        NoneCredential(probe=True),
        UnusableCredential("publickey", "file /k", problem, "SHA256:abc"),
        PasswordCredential("one"),
        memory(key),
    )
    talk.receive(failure("password", "publickey"))
    talk.receive(failure("publickey", partial=True))
    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    talk.receive(failure("publickey"))

    error = talk.event(AuthRejected).error
    assert [attempt.outcome for attempt in error.attempts] == [
        Outcome.UNUSABLE,
        Outcome.PARTIAL,
        Outcome.REJECTED,
    ]
    first = error.attempts[0]
    assert (first.source, first.detail, first.fingerprint) == ("file /k", problem, "SHA256:abc")
    assert f"publickey (file /k, SHA256:abc) could not be used: {problem}; " in str(error)
    assert "still requires publickey" in str(error)


@pytest.mark.row("A21")
def test_partial_success_for_ever_uses_up_the_credentials() -> None:
    talk = talk_of(PasswordCredential("one"), PasswordCredential("two"))

    talk.receive(failure("password", partial=True), failure("password", partial=True))

    assert len(talk.event(AuthRejected).error.attempts) == 2


class Endless:
    """A strategy that never gives up."""

    def __init__(self, credential: AuthCredential) -> None:
        self.credential = credential

    def next_credential(self, progress: AuthProgress, /) -> AuthCredential:
        del progress
        return self.credential


@pytest.mark.row("A21")
@pytest.mark.parametrize("partial", [True, False])
def test_client_stops_after_64_attempts(partial: bool) -> None:
    auth = ClientAuth("ops", SESSION, Endless(PasswordCredential("s3cret")))
    auth.start()
    for _ in range(64):
        assert not auth.finished
        auth.receive(failure("password", partial=partial).encode())

    assert len(auth.take_messages()) == 64
    event = auth.next_event()
    assert isinstance(event, AuthRejected)
    assert event.error.reason == "64 attempts are enough"


@pytest.mark.row("A21")
def test_endless_strategy_of_unoffered_methods_ends() -> None:
    auth = ClientAuth("ops", SESSION, Endless(PasswordCredential("s3cret")))
    auth.start()

    auth.receive(failure("publickey").encode())

    assert isinstance(auth.next_event(), AuthRejected)


@pytest.mark.row("A21")
def test_client_stops_after_64_rounds_of_prompts() -> None:
    talk = talk_of(dialogue())
    for _ in range(64):
        talk.receive(QUESTION)
        talk.event(PromptsReceived)
        reply(talk.auth, ["?"])

    talk.receive(QUESTION)

    assert "do not end" in str(talk.event(AuthRejected).error)


@pytest.mark.row("A21")
@pytest.mark.parametrize("size", [0, 32_000])
def test_banners_without_end_end_the_authentication(size: int) -> None:
    limits = AuthLimits(banner_flood_bytes=100_000)
    talk = talk_of(PasswordCredential("s3cret"), limits=limits)
    banner = UserauthBanner(message="x" * size)
    fitting = 100_000 // len(banner.encode())
    for _ in range(fitting):
        talk.receive(banner)
        talk.event(BannerReceived)

    talk.receive(banner)

    assert "banners" in talk.event(AuthRejected).error.reason


def test_overlong_banner_is_cut_and_the_user_is_authenticated() -> None:
    limits = AuthLimits(banner_bytes=1_000)
    talk = talk_of(PasswordCredential("s3cret"), limits=limits)

    talk.receive(UserauthBanner(message="x" * 5_000), UserauthBanner(message="more"), SUCCESS)

    text = talk.event(BannerReceived).text
    assert text == "x" * 1_000 + "…\n[the banner is cut after 1000 bytes]\n"
    talk.event(AuthSucceeded)


def test_banner_is_escaped() -> None:
    talk = talk_of()

    talk.receive(UserauthBanner(message="Hello\r\n\x1b[2J\udcff"))

    assert talk.event(BannerReceived).text == "Hello\n\\x1b[2J\\xff"


# ------------------------------------------------------------------- what may not come


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "message",
    [SUCCESS, failure("password"), PublicKeyOk(algorithm="a", key=b""), QUESTION],
)
def test_answer_without_a_request_is_a_protocol_error(message: Message) -> None:
    talk = talk_of(PasswordCredential(no_password))
    talk.event(PasswordNeeded)

    with pytest.raises(ProtocolError):
        talk.receive(message)
    assert not talk.auth.finished


@pytest.mark.row("A19")
@pytest.mark.parametrize("message", [SUCCESS, failure("password"), UserauthBanner(message="")])
def test_message_after_success_is_a_protocol_error(message: Message) -> None:
    talk = talk_of(PasswordCredential("s3cret"))
    talk.receive(SUCCESS)

    with pytest.raises(ProtocolError):
        talk.receive(message)


@pytest.mark.row("A02")
def test_success_without_a_pending_request_is_a_protocol_error(key: PrivateKey) -> None:
    talk = talk_of(KeyCredential(KeySigner(key), query=False))
    talk.event(SignatureNeeded)

    with pytest.raises(ProtocolError):
        talk.receive(SUCCESS)


def test_success_answers_a_query_where_the_server_wants_no_signature(key: PrivateKey) -> None:
    talk = talk_of(KeyCredential(KeySigner(key), query=True))

    talk.receive(SUCCESS)

    (attempt,) = talk.event(AuthSucceeded).attempts
    assert (attempt.method, attempt.outcome) == ("publickey", Outcome.ACCEPTED)
    assert attempt.fingerprint == key.public_key.fingerprint()


def test_answers_without_prompts_are_the_callers_error() -> None:
    talk = talk_of(PasswordCredential(no_password), PasswordCredential(no_password))
    first = talk.event(PasswordNeeded)
    talk.auth.answer(first, None)
    second = talk.event(PasswordNeeded)

    for question in (first, PasswordNeeded(second.credential, "?"), lazy_attrs.evolve(second)):
        with pytest.raises(UsageError):
            talk.auth.answer(question, "s3cret")
    talk.auth.answer(second, "s3cret")
    with pytest.raises(UsageError):
        talk.auth.answer(second, "s3cret")


@pytest.mark.parametrize("value", [b"s3cret", 1, True, ("s3cret",), "\ud800"])
def test_answer_that_is_no_password_is_the_callers_error(value: object) -> None:
    talk = talk_of(PasswordCredential(no_password))

    with pytest.raises(UsageError):
        reply(talk.auth, value)
    reply(talk.auth, "s3cret")
    talk.message(PasswordRequest)


@pytest.mark.parametrize("value", ["", None, 1])
def test_answer_that_is_no_signature_is_the_callers_error(key: PrivateKey, value: object) -> None:
    talk = talk_of(memory(key))

    with pytest.raises(UsageError):
        reply(talk.auth, value)


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 3))
def test_any_bytes_are_progress_or_a_protocol_error(payloads: list[bytes], which: int) -> None:
    credentials: list[AuthCredential] = [
        NoneCredential(),
        PasswordCredential("s3cret"),
        dialogue(),
        PasswordCredential(no_password),
    ]
    auth = talk_of(credentials[which]).auth

    try:
        for payload in payloads:
            auth.receive(payload)
    except ProtocolError:
        pass


REPLIES: list[Message] = [
    SUCCESS,
    failure("password", "keyboard-interactive", "publickey"),
    failure("password", partial=True),
    QUESTION,
    InfoRequest(),
    PasswdChangeReq(prompt="?"),
    UserauthBanner(message="hi"),
]


@given(st.lists(st.sampled_from(REPLIES), max_size=20))
def test_any_order_of_answers_ends_in_one_result_at_the_most(messages: list[Message]) -> None:
    auth = talk_of(PasswordCredential("a", renew), dialogue(), PasswordCredential("b")).auth
    results = 0
    for message in messages:
        try:
            auth.receive(message.encode())
        except ProtocolError:
            break
        while (event := auth.next_event()) is not None:
            if isinstance(event, PasswordNeeded):
                reply(auth, "new")
            elif isinstance(event, PromptsReceived):
                reply(auth, ["a"] * len(event.prompts))
            results += isinstance(event, AuthSucceeded | AuthRejected)

    assert results == auth.finished
    for payload in auth.take_messages():
        if payload[0] != 61:
            REQUESTS.decode(payload)


# ------------------------------------------------------------------- proof


def demanding(*credentials: AuthCredential) -> Talk[ClientAuth]:
    policy = ClientPolicy(require_proof=True)
    auth = ClientAuth("ops", SESSION, credentials, policy=policy)
    auth.start()
    return Talk(auth)


@pytest.mark.row("A20")
def test_success_of_none_is_refused_where_proof_is_required() -> None:
    talk = demanding(NoneCredential())

    talk.receive(SUCCESS)

    error = talk.event(AuthRejected).error
    assert [attempt.outcome for attempt in error.attempts] == [Outcome.UNPROVEN]
    assert "without any proof" in str(error)
    assert not talk.auth.succeeded
    with pytest.raises(ProtocolError):
        talk.receive(SUCCESS)


@pytest.mark.row("A20")
@pytest.mark.parametrize(
    "asked", [[], [InfoRequest()], [InfoRequest(name="Welcome")], [InfoRequest(), InfoRequest()]]
)
def test_success_after_no_prompts_is_refused_where_proof_is_required(
    asked: list[InfoRequest],
) -> None:
    talk = demanding(dialogue())
    for request in asked:
        talk.receive(request)
        if talk.auth.question is not None:
            reply(talk.auth, ())
            talk.event(PromptsReceived)

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.UNPROVEN]
    talk.event(AuthRejected)


@pytest.mark.row("A20")
def test_success_of_a_query_is_refused_where_proof_is_required(key: PrivateKey) -> None:
    talk = demanding(KeyCredential(KeySigner(key), query=True))

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.UNPROVEN]


@pytest.mark.row("A20")
@pytest.mark.parametrize("method", ["password", "keyboard-interactive", "publickey", "hostbased"])
def test_success_is_taken_where_something_was_proven(method: str, key: PrivateKey) -> None:
    signer = KeySigner(key)
    given: dict[str, AuthCredential] = {
        "password": PasswordCredential("s3cret"),
        "keyboard-interactive": dialogue(),
        "publickey": KeyCredential(signer),
        "hostbased": HostbasedCredential(signer, "here", "me"),
    }
    talk = demanding(given[method])
    if method == "keyboard-interactive":
        talk.receive(QUESTION)
    if talk.auth.question is not None:
        talk.auth.answer(talk.auth.question, finish(talk.auth.question.obtain()))

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.ACCEPTED]


@pytest.mark.row("A20")
def test_second_factor_may_ask_nothing_where_the_first_proved_something() -> None:
    talk = demanding(PasswordCredential("s3cret"), dialogue())
    talk.receive(failure("keyboard-interactive", partial=True))

    talk.receive(SUCCESS)  # the user has tapped on a telephone

    assert outcomes(talk) == [Outcome.PARTIAL, Outcome.ACCEPTED]


@pytest.mark.row("A20")
def test_proof_that_was_refused_does_not_count() -> None:
    talk = demanding(PasswordCredential("s3cret"), NoneCredential())
    talk.receive(failure("password"))

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.REJECTED, Outcome.UNPROVEN]


@pytest.mark.row("A20")
def test_proof_that_was_abandoned_does_not_count() -> None:
    talk = demanding(PasswordCredential("s3cret"), NoneCredential())
    talk.receive(PasswdChangeReq(prompt="?"))  # and there is no new one

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.EXPIRED, Outcome.UNPROVEN]


def test_credential_of_a_method_that_is_not_in_the_table_is_the_callers_error() -> None:
    @attrs.frozen
    class Odd:
        method: str = "odd"
        source: str = "caller"

    with pytest.raises(UsageError, match="there is no method 'odd'"):
        talk_of(Odd())


def test_algorithms_of_the_server_can_be_read() -> None:
    auth = talk_of(start=False).auth
    assert auth.server_sig_algs is None
    auth.server_sig_algs = ("ssh-ed25519",)
    assert auth.server_sig_algs == ("ssh-ed25519",)


@pytest.mark.row("A20")
def test_query_behind_a_refused_signature_proves_nothing(rsa: PrivateKey) -> None:
    talk = demanding(KeyCredential(KeySigner(rsa), query=True))
    talk.receive(PublicKeyOk(algorithm="rsa-sha2-512", key=rsa.public_key.blob))
    reply(talk.auth, b"signature")
    talk.auth.server_sig_algs = ("rsa-sha2-256",)
    talk.receive(failure("publickey"))  # the key is asked about with the other algorithm

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.REJECTED, Outcome.UNPROVEN]


@pytest.mark.row("A20")
def test_new_password_is_a_proof() -> None:
    talk = demanding(PasswordCredential("old", renew))
    talk.receive(PasswdChangeReq(prompt="?"))
    reply(talk.auth, "new")

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.ACCEPTED]


def test_key_that_was_accepted_in_part_is_not_tried_with_another_algorithm(
    rsa: PrivateKey,
) -> None:
    talk = talk_of(KeyCredential(KeySigner(rsa)), PasswordCredential("s3cret"))
    reply(talk.auth, b"signature")
    talk.message(PublicKeyRequest)
    talk.auth.server_sig_algs = ("rsa-sha2-256",)

    talk.receive(failure("publickey", "password", partial=True))

    talk.message(PasswordRequest)
