from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import (
    AuthLimits,
    AuthProgress,
    AuthRejected,
    AuthSucceeded,
    BannerReceived,
    ClientAuth,
    ClientEvent,
    Credential,
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
    password_answers,
)
from ssh_keys import PrivateKey
from ssh_wire import Message, ProtocolError, UsageError
from ssh_wire.messages.auth import (
    REQUESTS,
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
    UserauthFailure,
    UserauthSuccess,
)

E = TypeVar("E", bound=ClientEvent)
M = TypeVar("M", bound=Message)

SESSION = b"session identifier"
QUESTION = InfoRequest(name="PAM", prompts=(Prompt(text="Password: ", echo=False),))
SUCCESS = UserauthSuccess()


def failure(*methods: str, partial: bool = False) -> UserauthFailure:
    return UserauthFailure(methods=methods, partial_success=partial)


class Talk:
    """A client that has started, and its server's side of the talk."""

    def __init__(
        self, *credentials: Credential, limits: AuthLimits | None = None, start: bool = True
    ) -> None:
        self.auth = ClientAuth("ops", SESSION, credentials, limits=limits)
        if start:
            self.auth.start()

    def hear(self, *messages: Message) -> None:
        for message in messages:
            self.auth.receive(message.encode())

    def sent(self, kind: type[M]) -> M:
        """Take the one message that was sent."""
        (payload,) = self.auth.take_messages()
        return kind.decode(payload)

    def event(self, kind: type[E]) -> E:
        """Take the next event."""
        event = self.auth.next_event()
        assert isinstance(event, kind)
        return event

    def outcomes(self) -> list[Outcome]:
        return [attempt.outcome for attempt in self.auth.attempts]


def memory(key: PrivateKey) -> KeyCredential:
    return KeyCredential(KeySigner(key))


def dialogue() -> InteractiveCredential:
    return InteractiveCredential(password_answers("s3cret"))


async def nobody() -> str | None:
    return None


# ------------------------------------------------------------------- none


def test_without_credentials_the_methods_are_asked_for() -> None:
    talk = Talk()
    assert talk.sent(NoneRequest) == NoneRequest(user="ops", service="ssh-connection")

    talk.hear(failure("publickey", "password"))

    error = talk.event(AuthRejected).error
    assert error.remaining_methods == ("publickey", "password")
    assert [(a.method, a.outcome) for a in error.attempts] == [("none", Outcome.REJECTED)]


def test_none_may_be_enough_and_is_visible() -> None:
    talk = Talk(NoneCredential())
    talk.sent(NoneRequest)

    talk.hear(SUCCESS)

    (attempt,) = talk.event(AuthSucceeded).attempts
    assert (attempt.method, attempt.outcome) == ("none", Outcome.ACCEPTED)
    assert talk.auth.finished


def test_it_starts_once() -> None:
    talk = Talk()

    with pytest.raises(UsageError):
        talk.auth.start()


@pytest.mark.row("A16")
@pytest.mark.parametrize("name", ["", "a" * 1025, "a\0b", "\ud800"])
def test_a_user_name_that_no_server_takes_is_the_callers_error(name: str) -> None:
    with pytest.raises(UsageError):
        ClientAuth(name, SESSION, [])


@pytest.mark.row("A16")
@pytest.mark.parametrize("name", ["a", "a" * 1024, "ü" * 512])
def test_a_user_name_of_up_to_1024_bytes_is_sent(name: str) -> None:
    auth = ClientAuth(name, SESSION, [])
    auth.start()

    assert NoneRequest.decode(auth.take_messages()[0]).user == name


# ------------------------------------------------------------------- publickey


def test_the_only_key_in_memory_signs_at_once(key: PrivateKey) -> None:
    talk = Talk(memory(key))
    needed = talk.event(SignatureNeeded)
    assert SignedRequest.decode(needed.data) == SignedRequest(
        session_id=SESSION,
        user="ops",
        service="ssh-connection",
        algorithm="ssh-ed25519",
        key=key.public_key.blob,
    )
    assert talk.auth.take_messages() == []

    talk.auth.provide_signature(b"signature")

    request = talk.sent(PublicKeyRequest)
    assert (request.algorithm, request.key, request.signature) == (
        "ssh-ed25519",
        key.public_key.blob,
        b"signature",
    )
    talk.hear(SUCCESS)
    assert talk.event(AuthSucceeded).attempts[0].fingerprint == key.public_key.fingerprint()


def test_of_several_keys_each_is_asked_about_first(key: PrivateKey, other: PrivateKey) -> None:
    talk = Talk(memory(key), memory(other))
    assert talk.sent(PublicKeyQuery).key == key.public_key.blob

    talk.hear(failure("publickey"))
    query = talk.sent(PublicKeyQuery)
    assert query.key == other.public_key.blob

    talk.hear(PublicKeyOk(algorithm="ssh-ed25519", key=query.key))
    talk.event(SignatureNeeded)
    talk.auth.provide_signature(b"signature")
    talk.hear(SUCCESS)
    assert talk.outcomes() == [Outcome.REJECTED, Outcome.ACCEPTED]


@pytest.mark.parametrize("query", [True, False])
def test_the_caller_may_say_whether_to_ask_first(key: PrivateKey, query: bool) -> None:
    talk = Talk(KeyCredential(KeySigner(key), query=query))

    assert bool(talk.auth.take_messages()) == query


@pytest.mark.parametrize("wrong", ["algorithm", "key"])
def test_an_answer_about_another_key_is_a_protocol_error(
    key: PrivateKey, other: PrivateKey, wrong: str
) -> None:
    talk = Talk(memory(key), memory(other))
    answer = PublicKeyOk(
        algorithm="rsa-sha2-512" if wrong == "algorithm" else "ssh-ed25519",
        key=(other if wrong == "key" else key).public_key.blob,
    )

    with pytest.raises(ProtocolError):
        talk.hear(answer)
    assert talk.auth.next_event() is None


@pytest.mark.row("A22")
def test_nothing_is_signed_or_sent_before_the_start(key: PrivateKey) -> None:
    talk = Talk(memory(key), PasswordCredential("s3cret"), start=False)
    talk.hear(UserauthBanner(message="hello"))

    talk.event(BannerReceived)
    assert talk.auth.next_event() is None
    assert talk.auth.take_messages() == []


@pytest.mark.row("A22")
def test_a_key_that_the_server_does_not_take_signs_nothing(
    key: PrivateKey, other: PrivateKey
) -> None:
    talk = Talk(memory(key), memory(other))

    talk.hear(failure("publickey"), failure("publickey"))

    talk.event(AuthRejected)
    assert talk.auth.next_event() is None


@pytest.mark.parametrize(
    ("listed", "algorithm"), [(None, "rsa-sha2-512"), (("rsa-sha2-256",), "rsa-sha2-256")]
)
def test_an_rsa_key_signs_with_what_the_server_lists(
    rsa: PrivateKey, listed: tuple[str, ...] | None, algorithm: str
) -> None:
    auth = ClientAuth("ops", SESSION, [memory(rsa)])
    auth.server_sig_algs = listed
    auth.start()

    event = auth.next_event()

    assert isinstance(event, SignatureNeeded)
    assert event.algorithm == algorithm


def test_an_rsa_key_without_an_algorithm_is_reported_and_not_sent(rsa: PrivateKey) -> None:
    auth = ClientAuth("ops", SESSION, [memory(rsa)], server_sig_algs=("ssh-rsa",))
    auth.start()
    NoneRequest.decode(auth.take_messages()[0])

    auth.receive(failure("publickey").encode())

    event = auth.next_event()
    assert isinstance(event, AuthRejected)
    assert [a.outcome for a in event.error.attempts] == [Outcome.NO_ALGORITHM, Outcome.REJECTED]


def test_a_signer_that_fails_makes_room_for_the_next(key: PrivateKey) -> None:
    talk = Talk(memory(key), PasswordCredential("s3cret"))
    talk.event(SignatureNeeded)

    talk.auth.signature_failed("the token is gone")

    assert talk.sent(PasswordRequest).password == "s3cret"
    (attempt,) = talk.auth.attempts
    assert (attempt.outcome, attempt.detail) == (Outcome.SIGNING_FAILED, "the token is gone")


# ------------------------------------------------------------------- password


def test_a_given_password_is_sent_at_once() -> None:
    talk = Talk(PasswordCredential("s3cret"))

    assert talk.sent(PasswordRequest).password == "s3cret"

    talk.hear(failure("password"))
    assert "s3cret" not in str(talk.event(AuthRejected).error)


def test_a_password_is_asked_for_only_when_its_turn_comes(key: PrivateKey) -> None:
    talk = Talk(memory(key), PasswordCredential(nobody))
    talk.event(SignatureNeeded)
    talk.auth.provide_signature(b"signature")
    assert talk.auth.next_event() is None

    talk.hear(failure("password"))

    assert talk.event(PasswordNeeded).prompt is None
    talk.auth.take_messages()
    talk.auth.provide_password("typed")
    assert talk.sent(PasswordRequest).password == "typed"


def test_a_password_that_is_not_given_is_declined() -> None:
    talk = Talk(PasswordCredential(nobody))

    talk.event(PasswordNeeded)
    talk.auth.provide_password(None)

    assert talk.outcomes() == [Outcome.DECLINED]
    talk.event(AuthRejected)


async def renew(prompt: str) -> str | None:
    return prompt


@pytest.mark.row("A18")
def test_an_expired_password_is_changed() -> None:
    talk = Talk(PasswordCredential("old", renew))
    talk.sent(PasswordRequest)

    talk.hear(PasswdChangeReq(prompt="Choose\x1b[2J"))

    assert talk.event(PasswordNeeded).prompt == r"Choose\x1b[2J"
    talk.auth.provide_password("new")
    change = talk.sent(PasswordChangeRequest)
    assert (change.password, change.new_password) == ("old", "new")
    talk.hear(SUCCESS)
    talk.event(AuthSucceeded)


@pytest.mark.row("A18")
def test_new_passwords_are_offered_three_times() -> None:
    talk = Talk(PasswordCredential("old", renew))
    for _ in range(3):
        talk.hear(PasswdChangeReq(prompt="?"))
        talk.event(PasswordNeeded)
        talk.auth.provide_password("new")

    talk.hear(PasswdChangeReq(prompt="?"))

    (attempt,) = talk.event(AuthRejected).error.attempts
    assert attempt.outcome is Outcome.EXPIRED


@pytest.mark.row("A18")
@pytest.mark.parametrize("change", [None, renew])
def test_an_expired_password_without_a_new_one_is_reported(
    change: Callable[[str], object] | None,
) -> None:
    talk = Talk(PasswordCredential("old", renew if change else None))

    talk.hear(PasswdChangeReq(prompt="?"))
    if change is not None:
        talk.auth.provide_password(None)

    assert talk.outcomes() == [Outcome.EXPIRED]


# ------------------------------------------------------------------- keyboard-interactive


def test_prompts_are_answered_in_order() -> None:
    talk = Talk(InteractiveCredential(password_answers("x"), submethods="pam"))
    assert talk.sent(KeyboardInteractiveRequest).submethods == "pam"

    talk.hear(
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
    talk.auth.provide_answers(["1", ""])
    assert talk.sent(InfoResponse).responses == ("1", "")
    talk.hear(SUCCESS)
    talk.event(AuthSucceeded)


@pytest.mark.row("A10")
def test_no_prompts_are_answered_with_no_answers() -> None:
    talk = Talk(dialogue())
    talk.sent(KeyboardInteractiveRequest)

    talk.hear(InfoRequest())

    assert talk.sent(InfoResponse).responses == ()
    assert talk.auth.next_event() is None


@pytest.mark.row("A10")
def test_text_without_prompts_is_shown_first() -> None:
    talk = Talk(dialogue())
    talk.sent(KeyboardInteractiveRequest)

    talk.hear(InfoRequest(instruction="Password changed"))

    assert talk.event(PromptsReceived).prompts == ()
    talk.auth.provide_answers([])
    assert talk.sent(InfoResponse).responses == ()


@pytest.mark.row("A10")
@pytest.mark.parametrize("count", [99, 100, 101])
def test_up_to_100_prompts_are_answered(count: int) -> None:
    talk = Talk(dialogue())
    message = InfoRequest(prompts=(Prompt(text="?", echo=True),) * count)

    if count > 100:
        with pytest.raises(ProtocolError):
            talk.hear(message)
    else:
        talk.hear(message)
        assert len(talk.event(PromptsReceived).prompts) == count


@pytest.mark.row("A10")
@pytest.mark.parametrize("answers", [[], ["1", "2"], "1"])
def test_answers_must_be_as_many_as_prompts(answers: Sequence[str]) -> None:
    talk = Talk(dialogue())
    talk.hear(QUESTION)

    with pytest.raises(UsageError):
        talk.auth.provide_answers(answers)
    talk.auth.provide_answers(["1"])


def test_prompts_that_nobody_answers_are_declined() -> None:
    talk = Talk(dialogue(), PasswordCredential("s3cret"))
    talk.sent(KeyboardInteractiveRequest)
    talk.hear(QUESTION)

    talk.auth.provide_answers(None)

    assert talk.outcomes() == [Outcome.DECLINED]
    talk.sent(PasswordRequest)  # which makes the server abandon the dialogue


# ------------------------------------------------------------------- order and partial success


def test_methods_that_the_server_does_not_list_are_reported_and_not_sent(
    key: PrivateKey,
) -> None:
    talk = Talk(memory(key), PasswordCredential("s3cret"), dialogue())
    talk.event(SignatureNeeded)
    talk.auth.provide_signature(b"signature")
    talk.sent(PublicKeyRequest)

    talk.hear(failure("keyboard-interactive"))

    talk.sent(KeyboardInteractiveRequest)
    assert talk.outcomes() == [Outcome.REJECTED, Outcome.NOT_OFFERED]
    assert talk.auth.attempts[0].remaining == ("keyboard-interactive",)


def test_a_partial_success_is_followed(key: PrivateKey) -> None:
    talk = Talk(PasswordCredential("s3cret"), memory(key))
    talk.sent(PasswordRequest)
    talk.hear(failure("publickey"))
    talk.event(SignatureNeeded)
    talk.auth.provide_signature(b"signature")
    talk.sent(PublicKeyRequest)

    talk.hear(failure("password", partial=True))

    talk.sent(PasswordRequest)  # refused before, wanted now
    talk.hear(SUCCESS)
    assert talk.outcomes() == [Outcome.REJECTED, Outcome.PARTIAL, Outcome.ACCEPTED]


@pytest.mark.row("A21")
def test_partial_success_for_ever_uses_up_the_credentials() -> None:
    talk = Talk(PasswordCredential("one"), PasswordCredential("two"))

    talk.hear(failure("password", partial=True), failure("password", partial=True))

    assert len(talk.event(AuthRejected).error.attempts) == 2


class Endless:
    """A strategy that never gives up."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def next_credential(self, progress: AuthProgress, /) -> Credential:
        del progress
        return self.credential


@pytest.mark.row("A21")
@pytest.mark.parametrize("partial", [True, False])
def test_64_attempts_are_enough(partial: bool) -> None:
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
def test_a_strategy_of_methods_that_are_not_offered_comes_to_an_end() -> None:
    auth = ClientAuth("ops", SESSION, Endless(PasswordCredential("s3cret")))
    auth.start()

    auth.receive(failure("publickey").encode())

    assert isinstance(auth.next_event(), AuthRejected)


@pytest.mark.row("A21")
def test_64_rounds_of_prompts_are_enough() -> None:
    talk = Talk(dialogue())
    for _ in range(64):
        talk.hear(QUESTION)
        talk.event(PromptsReceived)
        talk.auth.provide_answers(["?"])

    talk.hear(QUESTION)

    assert "do not end" in str(talk.event(AuthRejected).error)


@pytest.mark.row("A21")
@pytest.mark.parametrize("size", [0, 32_000])
def test_64_kib_of_banners_are_enough(size: int) -> None:
    talk = Talk(PasswordCredential("s3cret"))
    banner = UserauthBanner(message="x" * size)
    fitting = 65_536 // len(banner.encode())
    for _ in range(fitting):
        talk.hear(banner)
        talk.event(BannerReceived)

    talk.hear(banner)

    assert "banners" in talk.event(AuthRejected).error.reason


def test_a_banner_is_safe_to_show() -> None:
    talk = Talk()

    talk.hear(UserauthBanner(message="Hello\r\n\x1b[2J\udcff"))

    assert talk.event(BannerReceived).text == "Hello\n\\x1b[2J\\xff"


# ------------------------------------------------------------------- what may not come


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "message",
    [SUCCESS, failure("password"), PublicKeyOk(algorithm="a", key=b""), QUESTION],
)
def test_an_answer_that_no_request_asked_for_is_a_protocol_error(message: Message) -> None:
    talk = Talk(PasswordCredential(nobody))
    talk.event(PasswordNeeded)

    with pytest.raises(ProtocolError):
        talk.hear(message)
    assert not talk.auth.finished


@pytest.mark.row("A19")
@pytest.mark.parametrize("message", [SUCCESS, failure("password"), UserauthBanner(message="")])
def test_nothing_follows_success(message: Message) -> None:
    talk = Talk(PasswordCredential("s3cret"))
    talk.hear(SUCCESS)

    with pytest.raises(ProtocolError):
        talk.hear(message)


@pytest.mark.row("A02")
def test_success_is_no_answer_to_a_query(key: PrivateKey) -> None:
    talk = Talk(KeyCredential(KeySigner(key), query=True))

    with pytest.raises(ProtocolError):
        talk.hear(SUCCESS)


def test_answers_that_nobody_asked_for_are_the_callers_error() -> None:
    auth = Talk(start=False).auth
    with pytest.raises(UsageError):
        auth.provide_signature(b"")
    with pytest.raises(UsageError):
        auth.signature_failed("")
    with pytest.raises(UsageError):
        auth.provide_password("")
    with pytest.raises(UsageError):
        auth.provide_answers(())


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 3))
def test_any_bytes_are_progress_or_a_protocol_error(payloads: list[bytes], which: int) -> None:
    credentials: list[Credential] = [
        NoneCredential(),
        PasswordCredential("s3cret"),
        dialogue(),
        PasswordCredential(nobody),
    ]
    auth = Talk(credentials[which]).auth

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
    auth = Talk(PasswordCredential("a", renew), dialogue(), PasswordCredential("b")).auth
    results = 0
    for message in messages:
        try:
            auth.receive(message.encode())
        except ProtocolError:
            break
        while (event := auth.next_event()) is not None:
            if isinstance(event, PasswordNeeded):
                auth.provide_password("new")
            elif isinstance(event, PromptsReceived):
                auth.provide_answers(["a"] * len(event.prompts))
            results += isinstance(event, AuthSucceeded | AuthRejected)

    assert results == auth.finished
    for payload in auth.take_messages():
        if payload[0] != 61:
            REQUESTS.decode(payload)
