from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

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
    AuthLimits,
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientAuth,
    ClientPolicy,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    NoneCredential,
    Outcome,
    PasswordCredential,
    PasswordNeeded,
    PromptsReceived,
    SignatureNeeded,
    SignedRequest,
    Unsigned,
    password_answers,
)
from ssh_auth.testing import Talk
from ssh_keys import PrivateKey
from ssh_wire import ProtocolError, UsageError
from ssh_wire.messages.auth import (
    InfoRequest,
    InfoResponse,
    KeyboardInteractiveRequest,
    NoneRequest,
    PasswdChangeReq,
    PasswordChangeRequest,
    PasswordRequest,
    Prompt,
    PublicKeyOk,
    PublicKeyQuery,
    PublicKeyRequest,
    UserauthBanner,
)

# ------------------------------------------------------------------- none


def test_client_without_credentials_asks_for_the_methods() -> None:
    talk = talk_of()
    assert talk.message(NoneRequest) == NoneRequest(user="ops", service="ssh-connection")

    talk.receive(failure("publickey", "password"))

    assert not talk.auth.succeeded
    error = talk.event(AuthRejected).error
    assert error.remaining_methods == ("publickey", "password")
    assert error.attempts == ()
    assert "no key, password or other credential to try" in str(error)


def test_none_may_be_enough_and_is_visible() -> None:
    talk = talk_of(NoneCredential())
    talk.message(NoneRequest)

    talk.receive(SUCCESS)

    (attempt,) = talk.event(AuthSucceeded).attempts
    assert (attempt.method, attempt.outcome) == ("none", Outcome.ACCEPTED)
    assert talk.auth.finished
    assert talk.auth.succeeded


def test_client_starts_once() -> None:
    talk = talk_of()

    with pytest.raises(UsageError):
        talk.auth.start()


@pytest.mark.row("A16")
@pytest.mark.parametrize("name", ["", "a" * 1025, "a\0b", "\ud800"])
def test_user_name_that_no_server_takes_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        ClientAuth(name, SESSION, [])


@pytest.mark.row("A16")
@pytest.mark.parametrize("name", ["a", "a" * 1024, "ü" * 512])
def test_user_name_of_up_to_1024_bytes_is_sent(name: str) -> None:
    auth = ClientAuth(name, SESSION, [])
    auth.start()

    assert NoneRequest.decode(auth.take_messages()[0]).user == name


# ------------------------------------------------------------------- publickey


def test_only_key_in_memory_signs_without_a_query(key: PrivateKey) -> None:
    talk = talk_of(memory(key))
    needed = talk.event(SignatureNeeded)
    assert SignedRequest.decode(needed.data) == SignedRequest(
        session_id=SESSION,
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        key=key.public_key.blob,
    )
    assert talk.auth.take_messages() == []

    reply(talk.auth, b"signature")

    request = talk.message(PublicKeyRequest)
    assert (request.algorithm, request.key, request.signature) == (
        "ssh-ed25519",
        key.public_key.blob,
        b"signature",
    )
    talk.receive(SUCCESS)
    assert talk.event(AuthSucceeded).attempts[0].fingerprint == key.public_key.fingerprint()


def test_each_of_several_keys_is_queried_first(key: PrivateKey, other: PrivateKey) -> None:
    talk = talk_of(memory(key), memory(other))
    assert talk.message(PublicKeyQuery).key == key.public_key.blob

    talk.receive(failure("publickey"))
    query = talk.message(PublicKeyQuery)
    assert query.key == other.public_key.blob

    talk.receive(PublicKeyOk(algorithm="ssh-ed25519", key=query.key))
    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    talk.receive(SUCCESS)
    assert outcomes(talk) == [Outcome.REJECTED, Outcome.ACCEPTED]


@pytest.mark.parametrize("query", [True, False])
def test_key_is_queried_first_as_the_caller_chooses(key: PrivateKey, query: bool) -> None:
    talk = talk_of(KeyCredential(KeySigner(key), query=query))

    assert bool(talk.auth.take_messages()) == query


def test_refused_none_of_the_caller_is_an_attempt() -> None:
    talk = talk_of(NoneCredential())
    talk.receive(failure("publickey"))

    error = talk.event(AuthRejected).error
    assert [(a.method, a.outcome) for a in error.attempts] == [("none", Outcome.REJECTED)]
    assert "none" not in str(error)  # every server that wants authentication refuses it


def test_probe_succeeds_where_the_server_wants_no_authentication(key: PrivateKey) -> None:
    talk = talk_of(NoneCredential(probe=True), memory(key))
    talk.message(NoneRequest)

    talk.receive(SUCCESS)

    assert [(a.method, a.outcome) for a in talk.auth.attempts] == [("none", Outcome.ACCEPTED)]


def test_probe_learns_the_methods_and_is_not_an_attempt(key: PrivateKey) -> None:
    talk = talk_of(NoneCredential(probe=True), memory(key), PasswordCredential("s3cret"))
    talk.message(NoneRequest)

    talk.receive(failure("password"))

    assert talk.message(PasswordRequest).password == "s3cret"
    assert outcomes(talk) == [Outcome.NOT_OFFERED]


@pytest.mark.parametrize("wrong", ["algorithm", "key"])
def test_answer_about_another_key_is_a_protocol_error(
    key: PrivateKey, other: PrivateKey, wrong: str
) -> None:
    talk = talk_of(memory(key), memory(other))
    answer = PublicKeyOk(
        algorithm="rsa-sha2-512" if wrong == "algorithm" else "ssh-ed25519",
        key=(other if wrong == "key" else key).public_key.blob,
    )

    with pytest.raises(ProtocolError):
        talk.receive(answer)
    assert talk.auth.next_event() is None


@pytest.mark.row("A22")
def test_nothing_is_signed_or_sent_before_the_start(key: PrivateKey) -> None:
    talk = talk_of(memory(key), PasswordCredential("s3cret"), start=False)
    talk.receive(UserauthBanner(message="hello"))

    talk.event(BannerReceived)
    assert talk.auth.next_event() is None
    assert talk.auth.take_messages() == []


@pytest.mark.row("A22")
def test_key_that_the_server_refuses_signs_nothing(key: PrivateKey, other: PrivateKey) -> None:
    talk = talk_of(memory(key), memory(other))

    talk.receive(failure("publickey"), failure("publickey"))

    talk.event(AuthRejected)
    assert talk.auth.next_event() is None


@pytest.mark.parametrize(
    ("listed", "algorithm"), [(None, "rsa-sha2-512"), (("rsa-sha2-256",), "rsa-sha2-256")]
)
def test_rsa_key_signs_with_an_algorithm_that_the_server_lists(
    rsa: PrivateKey, listed: tuple[str, ...] | None, algorithm: str
) -> None:
    auth = ClientAuth("ops", SESSION, [memory(rsa)])
    auth.server_sig_algs = listed
    auth.start()

    event = auth.next_event()

    assert isinstance(event, SignatureNeeded)
    assert event.algorithm == algorithm


@pytest.mark.parametrize("query", [True, False])
def test_refused_key_signs_with_an_algorithm_announced_meanwhile(
    rsa: PrivateKey, key: PrivateKey, query: bool
) -> None:
    """The second EXT_INFO comes before the answer to the first request."""
    auth = ClientAuth(
        "ops",
        SESSION,
        [KeyCredential(KeySigner(rsa), query=query), memory(key)],
        server_sig_algs=("rsa-sha2-512", "rsa-sha2-256"),
    )
    talk = Talk(auth)
    auth.start()

    def refused() -> str:
        if query:
            algorithm = talk.message(PublicKeyQuery).algorithm
        else:
            algorithm = talk.event(SignatureNeeded).algorithm
            reply(auth, b"signature")
            talk.message(PublicKeyRequest)
        talk.receive(failure("publickey"))
        return algorithm

    auth.server_sig_algs = ("rsa-sha2-256", "ssh-ed25519")
    assert [refused(), refused()] == ["rsa-sha2-512", "rsa-sha2-256"]
    assert talk.message(PublicKeyQuery).algorithm == "ssh-ed25519"
    assert outcomes(talk) == [Outcome.REJECTED, Outcome.REJECTED]
    assert [attempt.algorithm for attempt in auth.attempts] == ["rsa-sha2-512", "rsa-sha2-256"]


@pytest.mark.parametrize("listed", [(), ("ecdsa-sha2-nistp256",), ("rsa-sha2-512",)])
def test_refused_key_is_not_tried_again_without_another_algorithm(
    rsa: PrivateKey, key: PrivateKey, listed: tuple[str, ...]
) -> None:
    talk = talk_of(memory(rsa), memory(key))
    talk.message(PublicKeyQuery)
    talk.auth.server_sig_algs = listed
    talk.receive(failure("publickey"))
    assert talk.message(PublicKeyQuery).algorithm == "ssh-ed25519"


def test_another_algorithm_costs_an_attempt(rsa: PrivateKey) -> None:
    talk = talk_of(KeyCredential(KeySigner(rsa), query=True), limits=AuthLimits(client_attempts=1))
    talk.message(PublicKeyQuery)
    talk.auth.server_sig_algs = ("rsa-sha2-256",)
    talk.receive(failure("publickey"))
    assert "attempts are enough" in str(talk.event(AuthRejected).error)


def test_rsa_key_without_a_listed_algorithm_is_reported_and_not_sent(rsa: PrivateKey) -> None:
    auth = ClientAuth("ops", SESSION, [memory(rsa)], server_sig_algs=("ssh-rsa",))
    auth.start()
    NoneRequest.decode(auth.take_messages()[0])

    auth.receive(failure("publickey").encode())

    event = auth.next_event()
    assert isinstance(event, AuthRejected)
    (attempt,) = event.error.attempts
    assert attempt.outcome is Outcome.NO_ALGORITHM
    assert attempt.detail == "the server lists none of the key's"


def test_key_without_an_allowed_algorithm_is_reported_as_our_policy(
    key: PrivateKey,
) -> None:
    policy = ClientPolicy(algorithms=("rsa-sha2-512",))
    auth = ClientAuth("ops", SESSION, [memory(key)], policy=policy)
    auth.start()
    auth.receive(failure("publickey").encode())

    (attempt,) = auth.attempts
    assert attempt.outcome is Outcome.NO_ALGORITHM
    assert attempt.detail == "none of the key's may be used"


def test_sha1_signs_only_where_it_is_named_and_the_server_lists_nothing(
    rsa: PrivateKey,
) -> None:
    policy = ClientPolicy(algorithms=("rsa-sha2-512", "ssh-rsa"))
    talk = Talk(ClientAuth("ops", SESSION, [memory(rsa)], policy=policy))
    talk.auth.start()
    assert talk.event(SignatureNeeded).algorithm == "rsa-sha2-512"
    reply(talk.auth, b"signature")

    talk.receive(failure("publickey"))

    assert talk.event(SignatureNeeded).algorithm == "ssh-rsa"
    reply(talk.auth, b"signature")
    talk.receive(failure("publickey"))
    assert [a.algorithm for a in talk.event(AuthRejected).error.attempts] == [
        "rsa-sha2-512",
        "ssh-rsa",
    ]


def test_next_credential_is_tried_when_a_signer_fails(key: PrivateKey) -> None:
    talk = talk_of(memory(key), PasswordCredential("s3cret"))
    talk.event(SignatureNeeded)

    reply(talk.auth, Unsigned("the token is gone"))

    assert talk.message(PasswordRequest).password == "s3cret"
    (attempt,) = talk.auth.attempts
    assert (attempt.outcome, attempt.detail) == (Outcome.SIGNING_FAILED, "the token is gone")


# ------------------------------------------------------------------- password


def test_given_password_is_sent_at_once() -> None:
    talk = talk_of(PasswordCredential("s3cret"))

    assert talk.message(PasswordRequest).password == "s3cret"

    talk.receive(failure("password"))
    assert "s3cret" not in str(talk.event(AuthRejected).error)


def test_password_is_asked_for_only_when_its_turn_comes(key: PrivateKey) -> None:
    talk = talk_of(memory(key), PasswordCredential(no_password))
    talk.event(SignatureNeeded)
    reply(talk.auth, b"signature")
    assert talk.auth.next_event() is None

    talk.receive(failure("password"))

    assert talk.event(PasswordNeeded).prompt is None
    talk.auth.take_messages()
    reply(talk.auth, "typed")
    assert talk.message(PasswordRequest).password == "typed"


def test_password_that_is_not_given_is_declined() -> None:
    talk = talk_of(PasswordCredential(no_password))

    talk.event(PasswordNeeded)
    reply(talk.auth, None)

    assert outcomes(talk) == [Outcome.DECLINED]
    talk.event(AuthRejected)


@pytest.mark.row("A18")
def test_expired_password_is_changed() -> None:
    talk = talk_of(PasswordCredential("old", renew))
    talk.message(PasswordRequest)

    talk.receive(PasswdChangeReq(prompt="Choose\x1b[2J"))

    assert talk.event(PasswordNeeded).prompt == r"Choose\x1b[2J"
    reply(talk.auth, "new")
    change = talk.message(PasswordChangeRequest)
    assert (change.password, change.new_password) == ("old", "new")
    talk.receive(SUCCESS)
    talk.event(AuthSucceeded)


@pytest.mark.row("A18")
def test_new_passwords_are_offered_three_times() -> None:
    talk = talk_of(PasswordCredential("old", renew))
    for _ in range(3):
        talk.receive(PasswdChangeReq(prompt="?"))
        talk.event(PasswordNeeded)
        reply(talk.auth, "new")

    talk.receive(PasswdChangeReq(prompt="?"))

    (attempt,) = talk.event(AuthRejected).error.attempts
    assert attempt.outcome is Outcome.EXPIRED


@pytest.mark.row("A18")
@pytest.mark.parametrize("change", [None, renew])
def test_expired_password_without_a_new_one_is_reported(
    change: Callable[[str], object] | None,
) -> None:
    talk = talk_of(PasswordCredential("old", renew if change else None))

    talk.receive(PasswdChangeReq(prompt="?"))
    if change is not None:
        reply(talk.auth, None)

    assert outcomes(talk) == [Outcome.EXPIRED]


# ------------------------------------------------------------------- keyboard-interactive


def test_prompts_are_answered_in_order() -> None:
    talk = talk_of(InteractiveCredential(password_answers("x"), submethods="pam"))
    assert talk.message(KeyboardInteractiveRequest).submethods == "pam"

    talk.receive(
        InfoRequest(
            name="Login\x07",
            instruction="Two\nlines",
            prompts=(Prompt(text="One\x1b", echo=True), Prompt(text="Two", echo=False)),
        )
    )

    asked = talk.event(PromptsReceived)
    assert (asked.name, asked.instruction) == (r"Login\x07", "Two\nlines")
    assert [(each.text, each.echo) for each in asked.prompts] == [
        (r"One\x1b", True),
        ("Two", False),
    ]
    reply(talk.auth, ["1", ""])
    assert talk.message(InfoResponse).responses == ("1", "")
    talk.receive(SUCCESS)
    talk.event(AuthSucceeded)


@pytest.mark.row("A10")
def test_empty_prompts_are_answered_with_no_responses() -> None:
    talk = talk_of(dialogue())
    talk.message(KeyboardInteractiveRequest)

    talk.receive(InfoRequest())

    assert talk.message(InfoResponse).responses == ()
    assert talk.auth.next_event() is None


@pytest.mark.row("A10")
def test_text_without_prompts_is_shown_first() -> None:
    talk = talk_of(dialogue())
    talk.message(KeyboardInteractiveRequest)

    talk.receive(InfoRequest(instruction="Password changed"))

    assert talk.event(PromptsReceived).prompts == ()
    reply(talk.auth, [])
    assert talk.message(InfoResponse).responses == ()


@pytest.mark.row("A10")
@pytest.mark.parametrize("count", [99, 100, 101])
def test_up_to_100_prompts_are_answered(count: int) -> None:
    talk = talk_of(dialogue())
    message = InfoRequest(prompts=(Prompt(text="?", echo=True),) * count)

    if count > 100:
        with pytest.raises(ProtocolError):
            talk.receive(message)
    else:
        talk.receive(message)
        assert len(talk.event(PromptsReceived).prompts) == count


@pytest.mark.row("A10")
@pytest.mark.parametrize("answers", [[], ["1", "2"], "1"])
def test_answers_must_be_as_many_as_prompts(answers: Sequence[str]) -> None:
    talk = talk_of(dialogue())
    talk.receive(QUESTION)

    with pytest.raises(UsageError):
        reply(talk.auth, answers)
    reply(talk.auth, ["1"])


def test_prompts_without_answers_are_declined() -> None:
    talk = talk_of(dialogue(), PasswordCredential("s3cret"))
    talk.message(KeyboardInteractiveRequest)
    talk.receive(QUESTION)

    reply(talk.auth, None)

    assert outcomes(talk) == [Outcome.DECLINED]
    talk.message(PasswordRequest)  # which makes the server abandon the dialogue
