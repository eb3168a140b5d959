from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_talk import (
    BOTH,
    CONTEXT,
    INTERACTIVE,
    KEYS,
    PASSWORD,
    QUESTION,
    SERVICE,
    SUCCESS,
    failure,
    interactive,
    password,
    query,
    signed,
    talk_of,
)
from ssh_auth import (
    Accept,
    AnswersReceived,
    Authenticated,
    ChangePassword,
    CompletedMethod,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    PasswordChangeOffered,
    PasswordOffered,
    Permissions,
    Reject,
    ServerAuth,
    ServerPolicy,
    TooManyAttempts,
)
from ssh_keys import PrivateKey
from ssh_wire import ProtocolError
from ssh_wire.messages.auth import (
    InfoRequest,
    InfoResponse,
    PasswdChangeReq,
    PasswordChangeRequest,
    Prompt,
    PublicKeyOk,
    PublicKeyQuery,
    PublicKeyRequest,
)

# ------------------------------------------------------------------- publickey


def test_query_is_answered_with_the_key_that_was_asked_about(key: PrivateKey) -> None:
    talk = talk_of()
    talk.receive(query(key))
    offered = talk.event(KeyOffered)
    assert (offered.user, offered.key, offered.algorithm) == (
        "ops",
        key.public_key,
        "ssh-ed25519",
    )
    assert talk.auth.pending

    assert talk.auth.answer(offered.request, Accept())

    talk.expect_sent(PublicKeyOk(algorithm="ssh-ed25519", key=key.public_key.blob))
    talk.assert_idle()


def test_signature_is_verified_before_the_backend_is_asked(key: PrivateKey) -> None:
    talk = talk_of()
    talk.receive(signed(key))
    verified = talk.event(KeyVerified)

    assert not talk.auth.succeeded

    talk.auth.answer(verified.request, Accept(Permissions(forced_command="backup")))

    assert talk.auth.succeeded
    talk.expect_sent(SUCCESS)
    assert talk.event(Authenticated) == Authenticated(
        user="ops",
        permissions=Permissions(forced_command="backup"),
        credential=key.public_key,
        completed=(CompletedMethod("publickey", key.public_key),),
    )


@pytest.mark.row("A06")
def test_signature_that_is_not_valid_asks_no_question(key: PrivateKey, other: PrivateKey) -> None:
    good = signed(key)
    for request in (
        signed(key, b"another session"),
        PublicKeyRequest(
            user="ops",
            service=SERVICE,
            algorithm="ssh-ed25519",
            key=other.public_key.blob,
            signature=good.signature,
        ),
        PublicKeyRequest(
            user="ops",
            service=SERVICE,
            algorithm="rsa-sha2-512",
            key=good.key,
            signature=good.signature,
        ),
        PublicKeyRequest(
            user="ops", service=SERVICE, algorithm="ssh-ed25519", key=good.key, signature=b""
        ),
    ):
        talk = talk_of()
        talk.receive(request)
        talk.expect_sent(failure("publickey"))
        talk.assert_idle()


@pytest.mark.row("A06")
def test_trailing_bytes_are_a_protocol_error(key: PrivateKey) -> None:
    for payload in (
        signed(key).encode() + b"x",
        query(key).encode() + b"\0\0\0\1s",  # a query with a signature attached
    ):
        talk = talk_of()
        with pytest.raises(ProtocolError):
            talk.auth.receive(payload)
        talk.assert_idle()


def test_unknown_key_gets_the_same_answer_as_any_failure(key: PrivateKey) -> None:
    talk = talk_of()
    talk.receive(query(key))
    talk.auth.answer(talk.event(KeyOffered).request, Reject())
    asked = talk.auth.take_messages()

    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Reject())

    assert asked == talk.auth.take_messages() == [failure("publickey").encode()]


@pytest.mark.row("A07")
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=12), st.integers(0, 1))
def test_key_that_signed_counts_whatever_was_queried(
    steps: list[tuple[bool, int]], last: int
) -> None:
    talk = talk_of()
    permitted = [Permissions(forced_command=f"key {index}") for index in range(2)]
    for accepted, index in steps:
        talk.receive(query(KEYS[index]))
        offered = talk.event(KeyOffered)
        talk.auth.answer(offered.request, Accept(permitted[index]) if accepted else Reject())
    talk.receive(signed(KEYS[last]))
    verified = talk.event(KeyVerified)
    assert verified.key == KEYS[last].public_key

    talk.auth.answer(verified.request, Accept(permitted[last]))

    done = talk.event(Authenticated)
    assert (done.key, done.permissions) == (KEYS[last].public_key, permitted[last])


@pytest.mark.row("A08")
def test_same_key_does_not_complete_two_factors() -> None:
    first, second = KEYS
    talk = talk_of(ServerPolicy(sequences=(("publickey", "publickey"),)))
    talk.receive(signed(first))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    talk.expect_sent(failure("publickey", partial=True))

    talk.receive(query(first), signed(first))
    talk.expect_sent(failure("publickey"), failure("publickey"))
    talk.assert_idle()

    talk.receive(signed(second))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert talk.event(Authenticated).key == second.public_key


# ------------------------------------------------------------------- password


def test_password_is_decided_by_the_backend() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    offered = talk.event(PasswordOffered)
    assert (offered.user, offered.password) == ("ops", "s3cret")

    talk.auth.answer(offered.request, Accept())

    talk.expect_sent(SUCCESS)
    assert talk.event(Authenticated).key is None


@pytest.mark.row("A16")
@pytest.mark.row("A23")
@pytest.mark.parametrize("text", ["", "a\0b", "x" * 1025, "ü" * 513, "x" * 100_000])
def test_invalid_password_fails_without_asking_the_backend(text: str) -> None:
    talk = talk_of(PASSWORD)

    talk.receive(
        password(text),
        PasswordChangeRequest(user="ops", service=SERVICE, password="old", new_password=text),
    )

    talk.expect_sent(failure("password"), failure("password"))
    talk.assert_idle()


@pytest.mark.row("A16")
def test_password_of_1024_bytes_is_asked_about() -> None:
    talk = talk_of(PASSWORD)

    talk.receive(password("x" * 1024))

    talk.event(PasswordOffered)


@pytest.mark.row("A23")
def test_empty_password_is_asked_about_first_and_by_policy_only(
    key: PrivateKey,
) -> None:
    alone = talk_of(ServerPolicy(methods=("password",), empty_passwords=True))
    alone.receive(password(""))
    alone.event(PasswordOffered)

    second = talk_of(ServerPolicy(sequences=BOTH.sequences, empty_passwords=True))
    second.receive(signed(key))
    second.auth.answer(second.event(KeyVerified).request, Accept())
    second.receive(password(""))
    second.assert_idle()


@pytest.mark.row("A18")
def test_expired_password_has_to_be_changed() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password("expired"))
    offered = talk.event(PasswordOffered)

    assert talk.auth.answer(offered.request, ChangePassword("Choose another"))
    talk.expect_sent(PasswdChangeReq(prompt="Choose another"))
    assert not talk.auth.answer(offered.request, Accept())

    talk.receive(
        PasswordChangeRequest(user="ops", service=SERVICE, password="expired", new_password="new")
    )
    change = talk.event(PasswordChangeOffered)
    assert (change.password, change.new_password) == ("expired", "new")
    talk.auth.answer(change.request, Accept())
    talk.event(Authenticated)


@pytest.mark.row("A14")
def test_demand_of_a_change_for_another_method_is_a_rejection(key: PrivateKey) -> None:
    talk = talk_of()
    talk.receive(signed(key))
    request = talk.event(KeyVerified).request

    assert not talk.auth.answer(request + 1, ChangePassword())
    assert talk.auth.answer(request, ChangePassword())

    assert "ChangePassword" in talk.event(DecisionInvalid).problem
    talk.expect_sent(failure("publickey"))


# ------------------------------------------------------------------- keyboard-interactive


def test_dialogue_of_two_rounds_authenticates() -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    talk.auth.answer(talk.event(InteractiveStarted).request, QUESTION)
    talk.expect_sent(QUESTION)
    talk.assert_idle()

    talk.receive(InfoResponse(responses=("one",)))
    first = talk.event(AnswersReceived)
    assert (first.user, first.answers, first.round) == ("ops", ("one",), 1)
    talk.auth.answer(first.request, InfoRequest())
    talk.receive(InfoResponse(responses=()))

    second = talk.event(AnswersReceived)
    assert (second.answers, second.round) == ((), 2)
    talk.auth.answer(second.request, Accept())
    assert talk.event(Authenticated).methods == ("keyboard-interactive",)


@pytest.mark.row("A10")
@pytest.mark.parametrize("answers", [(), ("1", "2"), ("x" * 1025,)])
def test_answers_that_do_not_match_the_prompts_fail(answers: tuple[str, ...]) -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    talk.auth.answer(talk.event(InteractiveStarted).request, QUESTION)
    talk.auth.take_messages()

    talk.receive(InfoResponse(responses=answers))

    talk.expect_sent(failure("keyboard-interactive"))
    talk.assert_idle()


@pytest.mark.row("A10")
@pytest.mark.row("W02")
def test_count_of_responses_beyond_the_message_is_a_protocol_error() -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    talk.auth.answer(talk.event(InteractiveStarted).request, QUESTION)

    with pytest.raises(ProtocolError):
        talk.auth.receive(b"\x3d\xff\xff\xff\xff")


@pytest.mark.row("A10")
def test_answers_without_prompts_are_a_protocol_error() -> None:
    response = InfoResponse(responses=("1",))
    before, twice, abandoned = (talk_of(INTERACTIVE) for _ in range(3))
    for talk in (twice, abandoned):
        talk.receive(interactive())
        talk.auth.answer(talk.event(InteractiveStarted).request, QUESTION)
    twice.receive(response)
    abandoned.receive(interactive())

    for talk in (before, twice, abandoned):
        with pytest.raises(ProtocolError):
            talk.receive(response)


@pytest.mark.row("A10")
@pytest.mark.parametrize(
    "prompts",
    [(Prompt(text="", echo=True),), (Prompt(text="?", echo=True),) * 101],
)
def test_prompts_that_no_client_takes_are_a_rejection(prompts: tuple[Prompt, ...]) -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    request = talk.event(InteractiveStarted).request

    talk.auth.answer(request, InfoRequest(prompts=prompts))

    assert "100 prompts" in talk.event(DecisionInvalid).problem
    talk.expect_sent(failure("keyboard-interactive"))


def test_prompts_for_another_method_are_a_rejection() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    request = talk.event(PasswordOffered).request

    assert not talk.auth.answer(request + 1, QUESTION)
    talk.auth.answer(request, QUESTION)

    assert "InfoRequest" in talk.event(DecisionInvalid).problem
    talk.expect_sent(failure("password"))


@pytest.mark.row("A12")
def test_dialogue_ends_after_64_rounds() -> None:
    talk = talk_of(INTERACTIVE)
    talk.receive(interactive())
    request = talk.event(InteractiveStarted).request
    for _ in range(64):
        talk.auth.answer(request, InfoRequest())
        talk.receive(InfoResponse(responses=()))
        request = talk.event(AnswersReceived).request

    with pytest.raises(TooManyAttempts):
        talk.auth.answer(request, InfoRequest())


# ------------------------------------------------------------- the algorithms of one user


def restricted(asked: list[str], *names: str) -> ServerPolicy:
    def algorithms(user: str) -> tuple[str, ...]:
        asked.append(user)
        return names

    return ServerPolicy(methods=("publickey",), algorithms=algorithms)


def test_algorithms_of_a_user_replace_those_of_the_policy() -> None:
    asked: list[str] = []
    policy = restricted(asked, "ssh-rsa", "rsa-sha2-256")
    auth = ServerAuth(CONTEXT, policy)
    assert auth.take_server_sig_algs() is None
    for _ in range(2):
        auth.receive(query(KEYS[0]).encode())
        assert auth.next_event() is None
        assert auth.take_messages() == [failure("publickey").encode()]
    assert asked == ["ops"]
    assert auth.take_server_sig_algs() == ("rsa-sha2-256",)
    assert auth.take_server_sig_algs() is None

    rsa = PrivateKey.generate("rsa", 2048).public_key
    for algorithm, taken in (("rsa-sha2-512", False), ("rsa-sha2-256", True)):
        offer = PublicKeyQuery(user="ops", service=SERVICE, algorithm=algorithm, key=rsa.blob)
        auth.receive(offer.encode())
        assert (auth.next_event() is not None) is taken


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa", "ed448", "mldsa44-ed25519"])
def test_keys_of_every_kind_that_verifies_are_accepted_unless_a_user_has_others(
    kind: str,
) -> None:
    key = PrivateKey.generate(kind).public_key
    algorithm = key.algorithms[0]
    offer = PublicKeyQuery(user="ops", service=SERVICE, algorithm=algorithm, key=key.blob)
    for policy, taken in (
        (ServerPolicy(), True),
        (restricted([], algorithm), True),
        (restricted([], "ecdsa-sha2-nistp521"), False),
    ):
        auth = ServerAuth(CONTEXT, policy)
        auth.receive(offer.encode())
        assert isinstance(auth.next_event(), KeyOffered) is taken


def test_unsafe_user_name_is_not_asked_about() -> None:
    asked: list[str] = []
    auth = ServerAuth(CONTEXT, restricted(asked))
    auth.receive(password(user="../root").encode())
    assert auth.take_server_sig_algs() is None
    assert asked == []
