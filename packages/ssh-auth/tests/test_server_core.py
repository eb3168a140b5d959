from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_auth import (
    Accept,
    AnswersReceived,
    Authenticated,
    AuthLimits,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    NoneOffered,
    Partial,
    PasswordChangeOffered,
    PasswordOffered,
    Permissions,
    Reject,
    ServerAuth,
    ServerEvent,
    ServerPolicy,
    SignedRequest,
    TooManyAttempts,
)
from ssh_keys import PrivateKey
from ssh_wire import DisconnectReason, Message, ProtocolError, UsageError
from ssh_wire.messages.auth import (
    HostbasedRequest,
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
    UserauthRequest,
    UserauthSuccess,
)

E = TypeVar("E", bound=ServerEvent)

SESSION = b"session identifier"
SERVICE = "ssh-connection"
PASSWORD = ServerPolicy(methods=("password",))
INTERACTIVE = ServerPolicy(methods=("keyboard-interactive",))
BOTH = ServerPolicy(sequences=(("publickey", "password"),))
QUESTION = InfoRequest(prompts=(Prompt(text="Token: ", echo=True),))
SUCCESS = UserauthSuccess()


def failure(*methods: str, partial: bool = False) -> UserauthFailure:
    return UserauthFailure(methods=methods, partial_success=partial)


def password(text: str = "s3cret", user: str = "ops", service: str = SERVICE) -> PasswordRequest:
    return PasswordRequest(user=user, service=service, password=text)


def none() -> NoneRequest:
    return NoneRequest(user="ops", service=SERVICE)


def query(key: PrivateKey) -> PublicKeyQuery:
    return PublicKeyQuery(
        user="ops", service=SERVICE, algorithm="ssh-ed25519", key=key.public_key.blob
    )


def signed(key: PrivateKey, session_id: bytes = SESSION, user: str = "ops") -> PublicKeyRequest:
    blob = key.public_key.blob
    data = SignedRequest(
        session_id=session_id, user=user, service=SERVICE, algorithm="ssh-ed25519", key=blob
    )
    return PublicKeyRequest(
        user=user,
        service=SERVICE,
        algorithm="ssh-ed25519",
        key=blob,
        signature=key.sign(data.encode(), "ssh-ed25519"),
    )


def interactive() -> KeyboardInteractiveRequest:
    return KeyboardInteractiveRequest(user="ops", service=SERVICE)


class Talk:
    """A server, and its client's side of the talk."""

    def __init__(
        self, policy: ServerPolicy | None = None, limits: AuthLimits | None = None
    ) -> None:
        self.auth = ServerAuth(SESSION, policy or ServerPolicy(), limits=limits)

    def hear(self, *messages: Message) -> None:
        for message in messages:
            self.auth.receive(message.encode())

    def event(self, kind: type[E]) -> E:
        """Take the next event."""
        event = self.auth.next_event()
        assert isinstance(event, kind)
        return event

    def sent(self, *messages: Message) -> bool:
        """Take what was sent, and tell whether it is exactly this."""
        return self.auth.take_messages() == [message.encode() for message in messages]

    def quiet(self) -> bool:
        """Whether nobody was asked anything."""
        return self.auth.next_event() is None and not self.auth.pending


# ------------------------------------------------------------------- publickey


def test_a_query_is_answered_with_the_key_that_was_asked_about(key: PrivateKey) -> None:
    talk = Talk()
    talk.hear(query(key))
    offered = talk.event(KeyOffered)
    assert (offered.user, offered.key, offered.algorithm) == (
        "ops",
        key.public_key,
        "ssh-ed25519",
    )
    assert talk.auth.pending

    assert talk.auth.answer(offered.request, Accept())

    assert talk.sent(PublicKeyOk(algorithm="ssh-ed25519", key=key.public_key.blob))
    assert talk.quiet()


def test_a_signature_is_verified_before_anybody_is_asked(key: PrivateKey) -> None:
    talk = Talk()
    talk.hear(signed(key))
    verified = talk.event(KeyVerified)

    talk.auth.answer(verified.request, Accept(Permissions(force_command="backup")))

    assert talk.sent(SUCCESS)
    assert talk.event(Authenticated) == Authenticated(
        user="ops",
        permissions=Permissions(force_command="backup"),
        key=key.public_key,
        method="publickey",
        methods=("publickey",),
    )


@pytest.mark.row("A06")
def test_a_signature_that_does_not_hold_asks_nobody(key: PrivateKey, other: PrivateKey) -> None:
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
        talk = Talk()
        talk.hear(request)
        assert talk.sent(failure("publickey"))
        assert talk.quiet()


@pytest.mark.row("A06")
def test_trailing_bytes_are_a_protocol_error(key: PrivateKey) -> None:
    for payload in (
        signed(key).encode() + b"x",
        query(key).encode() + b"\0\0\0\1s",  # a query with a signature attached
    ):
        talk = Talk()
        with pytest.raises(ProtocolError):
            talk.auth.receive(payload)
        assert talk.quiet()


def test_a_key_that_nobody_knows_gets_the_same_answer_as_any_failure(key: PrivateKey) -> None:
    talk = Talk()
    talk.hear(query(key))
    talk.auth.answer(talk.event(KeyOffered).request, Reject())
    asked = talk.auth.take_messages()

    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Reject())

    assert asked == talk.auth.take_messages() == [failure("publickey").encode()]


@pytest.mark.row("A07")
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=12), st.integers(0, 1))
def test_whatever_was_queried_the_key_that_signed_is_the_key(
    steps: list[tuple[bool, int]], last: int
) -> None:
    talk = Talk()
    permitted = [Permissions(force_command=f"key {index}") for index in range(2)]
    for accepted, index in steps:
        talk.hear(query(KEYS[index]))
        offered = talk.event(KeyOffered)
        talk.auth.answer(offered.request, Accept(permitted[index]) if accepted else Reject())
    talk.hear(signed(KEYS[last]))
    verified = talk.event(KeyVerified)
    assert verified.key == KEYS[last].public_key

    talk.auth.answer(verified.request, Accept(permitted[last]))

    done = talk.event(Authenticated)
    assert (done.key, done.permissions) == (KEYS[last].public_key, permitted[last])


KEYS = [PrivateKey.generate("ed25519") for _ in range(2)]


@pytest.mark.row("A08")
def test_one_key_is_one_factor() -> None:
    first, second = KEYS
    talk = Talk(ServerPolicy(sequences=(("publickey", "publickey"),)))
    talk.hear(signed(first))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert talk.sent(failure("publickey", partial=True))

    talk.hear(query(first), signed(first))
    assert talk.sent(failure("publickey"), failure("publickey"))
    assert talk.quiet()

    talk.hear(signed(second))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert talk.event(Authenticated).key == second.public_key


# ------------------------------------------------------------------- password


def test_a_password_is_asked_about() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    offered = talk.event(PasswordOffered)
    assert (offered.user, offered.password) == ("ops", "s3cret")

    talk.auth.answer(offered.request, Accept())

    assert talk.sent(SUCCESS)
    assert talk.event(Authenticated).key is None


@pytest.mark.row("A16")
@pytest.mark.row("A23")
@pytest.mark.parametrize("text", ["", "a\0b", "x" * 1025, "ü" * 513, "x" * 100_000])
def test_a_password_that_no_backend_should_see_fails(text: str) -> None:
    talk = Talk(PASSWORD)

    talk.hear(
        password(text),
        PasswordChangeRequest(user="ops", service=SERVICE, password="old", new_password=text),
    )

    assert talk.sent(failure("password"), failure("password"))
    assert talk.quiet()


@pytest.mark.row("A16")
def test_a_password_of_1024_bytes_is_asked_about() -> None:
    talk = Talk(PASSWORD)

    talk.hear(password("x" * 1024))

    talk.event(PasswordOffered)


@pytest.mark.row("A23")
def test_an_empty_password_is_asked_about_where_the_policy_says_so_and_first(
    key: PrivateKey,
) -> None:
    alone = Talk(ServerPolicy(methods=("password",), empty_passwords=True))
    alone.hear(password(""))
    alone.event(PasswordOffered)

    second = Talk(ServerPolicy(sequences=BOTH.sequences, empty_passwords=True))
    second.hear(signed(key))
    second.auth.answer(second.event(KeyVerified).request, Accept())
    second.hear(password(""))
    assert second.quiet()


@pytest.mark.row("A18")
def test_an_expired_password_has_to_be_changed() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password("expired"))
    offered = talk.event(PasswordOffered)

    assert talk.auth.demand_change(offered.request, "Choose another")
    assert talk.sent(PasswdChangeReq(prompt="Choose another"))
    assert not talk.auth.answer(offered.request, Accept())

    talk.hear(
        PasswordChangeRequest(user="ops", service=SERVICE, password="expired", new_password="new")
    )
    change = talk.event(PasswordChangeOffered)
    assert (change.password, change.new_password) == ("expired", "new")
    talk.auth.answer(change.request, Accept())
    talk.event(Authenticated)


def test_only_a_password_has_to_be_changed(key: PrivateKey) -> None:
    talk = Talk()
    talk.hear(signed(key))
    request = talk.event(KeyVerified).request

    with pytest.raises(UsageError):
        talk.auth.demand_change(request, "?")
    assert not talk.auth.demand_change(request + 1, "?")
    assert talk.auth.pending


# ------------------------------------------------------------------- keyboard-interactive


def test_a_dialogue_of_two_rounds() -> None:
    talk = Talk(INTERACTIVE)
    talk.hear(interactive())
    talk.auth.ask(talk.event(InteractiveStarted).request, QUESTION)
    assert talk.sent(QUESTION)
    assert talk.quiet()

    talk.hear(InfoResponse(responses=("one",)))
    first = talk.event(AnswersReceived)
    assert (first.user, first.answers, first.round) == ("ops", ("one",), 1)
    talk.auth.ask(first.request, InfoRequest())
    talk.hear(InfoResponse(responses=()))

    second = talk.event(AnswersReceived)
    assert (second.answers, second.round) == ((), 2)
    talk.auth.answer(second.request, Accept())
    assert talk.event(Authenticated).method == "keyboard-interactive"


@pytest.mark.row("A10")
@pytest.mark.parametrize("answers", [(), ("1", "2"), ("x" * 1025,)])
def test_answers_that_do_not_match_the_prompts_fail(answers: tuple[str, ...]) -> None:
    talk = Talk(INTERACTIVE)
    talk.hear(interactive())
    talk.auth.ask(talk.event(InteractiveStarted).request, QUESTION)
    talk.auth.take_messages()

    talk.hear(InfoResponse(responses=answers))

    assert talk.sent(failure("keyboard-interactive"))
    assert talk.quiet()


@pytest.mark.row("A10")
@pytest.mark.row("W02")
def test_a_count_of_answers_that_is_a_lie_is_a_protocol_error() -> None:
    talk = Talk(INTERACTIVE)
    talk.hear(interactive())
    talk.auth.ask(talk.event(InteractiveStarted).request, QUESTION)

    with pytest.raises(ProtocolError):
        talk.auth.receive(b"\x3d\xff\xff\xff\xff")


@pytest.mark.row("A10")
def test_answers_that_nobody_asked_for_are_a_protocol_error() -> None:
    response = InfoResponse(responses=("1",))
    before, twice, abandoned = (Talk(INTERACTIVE) for _ in range(3))
    for talk in (twice, abandoned):
        talk.hear(interactive())
        talk.auth.ask(talk.event(InteractiveStarted).request, QUESTION)
    twice.hear(response)
    abandoned.hear(interactive())

    for talk in (before, twice, abandoned):
        with pytest.raises(ProtocolError):
            talk.hear(response)


@pytest.mark.row("A10")
@pytest.mark.parametrize(
    "prompts",
    [(Prompt(text="", echo=True),), (Prompt(text="?", echo=True),) * 101],
)
def test_prompts_that_no_client_takes_are_the_callers_error(prompts: tuple[Prompt, ...]) -> None:
    talk = Talk(INTERACTIVE)
    talk.hear(interactive())
    request = talk.event(InteractiveStarted).request

    with pytest.raises(UsageError):
        talk.auth.ask(request, InfoRequest(prompts=prompts))
    assert talk.auth.pending


def test_only_a_dialogue_has_prompts() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    with pytest.raises(UsageError):
        talk.auth.ask(request, QUESTION)
    assert not talk.auth.ask(request + 1, QUESTION)


@pytest.mark.row("A12")
def test_a_dialogue_has_64_rounds() -> None:
    talk = Talk(INTERACTIVE)
    talk.hear(interactive())
    request = talk.event(InteractiveStarted).request
    for _ in range(64):
        talk.auth.ask(request, InfoRequest())
        talk.hear(InfoResponse(responses=()))
        request = talk.event(AnswersReceived).request

    with pytest.raises(TooManyAttempts):
        talk.auth.ask(request, InfoRequest())


# ------------------------------------------------------------------- none, and other methods


@pytest.mark.row("A05")
def test_none_tells_the_methods_and_the_first_is_free() -> None:
    talk = Talk(ServerPolicy(methods=("publickey", "password")), AuthLimits(failures=2))

    talk.hear(none())
    assert talk.sent(failure("publickey", "password"))
    talk.hear(none())

    with pytest.raises(TooManyAttempts):
        talk.hear(none())
    assert talk.quiet()


@pytest.mark.row("A05")
def test_none_is_asked_about_only_where_the_policy_has_it() -> None:
    talk = Talk(ServerPolicy(methods=("none", "password")))
    talk.hear(none())

    talk.auth.answer(talk.event(NoneOffered).request, Accept())

    assert talk.event(Authenticated).method == "none"


@pytest.mark.row("A11")
@pytest.mark.parametrize(
    "request_",
    [
        UserauthRequest(user="ops", service=SERVICE, method="gssapi-with-mic", details=b"\xff"),
        UserauthRequest(user="ops", service=SERVICE, method="x" * 65_536),
        UserauthRequest(user="ops", service=SERVICE, method=""),
        password(),
        interactive(),
        HostbasedRequest(
            user="ops",
            service=SERVICE,
            algorithm="ssh-ed25519",
            host_key=b"",
            client_host="",
            client_user="",
            signature=b"",
        ),
    ],
)
def test_a_method_that_is_not_offered_fails_and_counts(request_: Message) -> None:
    talk = Talk(limits=AuthLimits(failures=2))

    talk.hear(request_)

    assert talk.sent(failure("publickey"))
    assert talk.quiet()
    with pytest.raises(TooManyAttempts):
        talk.hear(request_)


def test_the_banner_comes_before_the_first_answer() -> None:
    talk = Talk(ServerPolicy(banner="Authorised users only\r\n"))

    talk.hear(none(), none())

    assert talk.sent(
        UserauthBanner(message="Authorised users only\r\n"),
        failure("publickey"),
        failure("publickey"),
    )


# ------------------------------------------------------------------- sequences


def test_a_required_sequence_is_followed(key: PrivateKey) -> None:
    talk = Talk(BOTH)
    talk.hear(password())
    assert talk.sent(failure("publickey"))
    assert talk.quiet()

    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    assert talk.sent(failure("password", partial=True))

    talk.hear(password())
    talk.auth.answer(talk.event(PasswordOffered).request, Accept())
    assert talk.sent(SUCCESS)
    done = talk.event(Authenticated)
    assert (done.key, done.methods) == (key.public_key, ("publickey", "password"))


def test_the_backend_may_demand_more() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())

    talk.auth.answer(talk.event(PasswordOffered).request, Partial(("publickey",)))

    assert talk.sent(failure("publickey", partial=True))
    assert talk.quiet()


@pytest.mark.row("A08")
def test_factors_that_force_different_commands_do_not_add_up(key: PrivateKey) -> None:
    talk = Talk(BOTH)
    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept(Permissions(force_command="a")))
    talk.auth.take_messages()
    talk.hear(password())

    talk.auth.answer(talk.event(PasswordOffered).request, Accept(Permissions(force_command="b")))

    assert talk.sent(failure("password"))
    assert "command" in talk.event(DecisionInvalid).problem


@pytest.mark.row("A03")
@pytest.mark.parametrize(
    "second",
    [
        password(user="bob"),
        password(user="ops:style"),
        password(service="ssh-userauth"),
        NoneRequest(user="bob", service=SERVICE),
    ],
)
def test_a_change_of_user_or_service_disconnects(second: Message, key: PrivateKey) -> None:
    talk = Talk(BOTH)
    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())

    with pytest.raises(ProtocolError) as caught:
        talk.hear(second)

    assert caught.value.reason is DisconnectReason.PROTOCOL_ERROR
    assert talk.quiet()
    with pytest.raises(ProtocolError):
        talk.hear(password())


@pytest.mark.row("A04")
def test_another_service_fails_and_asks_nobody() -> None:
    talk = Talk(PASSWORD)

    talk.hear(password(service="bogus"))

    assert talk.sent(failure("password"))
    assert talk.quiet()


@pytest.mark.row("A16")
@pytest.mark.parametrize(
    "user", ["x" * 1025, "x" * 100_000, "a\0b", "a\nb", "\x1b[m", "../x", "$(id)", "a\u202eb", ""]
)
def test_a_user_name_that_no_backend_should_see_fails(user: str) -> None:
    talk = Talk(PASSWORD)

    talk.hear(password(user=user))

    assert talk.sent(failure("password"))
    assert talk.quiet()


# ------------------------------------------------------------------- caps


@pytest.mark.row("A12")
def test_the_sixth_failure_disconnects_with_14() -> None:
    talk = Talk(PASSWORD)
    for _ in range(5):
        talk.hear(password("wrong"))
        talk.auth.answer(talk.event(PasswordOffered).request, Reject())
    talk.hear(password("wrong"))
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts) as caught:
        talk.auth.answer(request, Reject())

    assert caught.value.reason is DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    assert len(talk.auth.take_messages()) == 5
    assert not talk.auth.answer(request, Accept())
    with pytest.raises(TooManyAttempts):
        talk.hear(password("right"))
    assert talk.quiet()


@pytest.mark.row("A12")
def test_the_33rd_query_disconnects(key: PrivateKey) -> None:
    talk = Talk()
    for index in range(32):
        talk.hear(query(key))
        talk.auth.answer(talk.event(KeyOffered).request, Accept() if index % 2 else Reject())

    with pytest.raises(TooManyAttempts):
        talk.hear(query(key))


@pytest.mark.row("A12")
def test_the_129th_request_disconnects() -> None:
    talk = Talk(INTERACTIVE)
    for _ in range(128):
        talk.hear(interactive())
        started = talk.event(InteractiveStarted)
        if started.request % 2:
            talk.auth.answer(started.request, Partial(("keyboard-interactive",)))
        else:
            talk.auth.answer(started.request, Partial(("keyboard-interactive",)))

    with pytest.raises(TooManyAttempts):
        talk.hear(interactive())


@pytest.mark.row("A12")
def test_a_partial_success_sets_no_count_back(key: PrivateKey) -> None:
    talk = Talk(BOTH, AuthLimits(failures=2))
    talk.hear(password())
    talk.hear(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    with pytest.raises(TooManyAttempts):
        talk.auth.answer(request, Reject())


# ------------------------------------------------------------------- late and invalid answers


@pytest.mark.row("A13")
def test_a_new_request_abandons_the_old_and_its_late_answer_is_not_heard() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password("first"))
    first = talk.event(PasswordOffered)
    talk.hear(password("second"))
    second = talk.event(PasswordOffered)

    assert not talk.auth.answer(first.request, Accept())
    assert talk.auth.pending
    assert talk.sent()  # and no FAILURE for it

    assert talk.auth.answer(second.request, Reject())
    assert talk.sent(failure("password"))
    assert not talk.auth.answer(second.request, Accept())
    assert talk.quiet()


@pytest.mark.row("A13")
def test_a_burst_of_requests_asks_about_the_last_only() -> None:
    talk = Talk(PASSWORD)

    talk.hear(password("1"), password("2"), password("3"))

    assert talk.event(PasswordOffered).password == "3"
    assert talk.auth.next_event() is None


@pytest.mark.row("A13")
def test_abandoned_requests_count() -> None:
    talk = Talk(PASSWORD)
    talk.hear(*[password(str(number)) for number in range(6)])

    with pytest.raises(TooManyAttempts):
        talk.hear(password("7"))
    assert talk.sent()


@pytest.mark.row("A13")
def test_after_the_connection_is_gone_no_answer_is_heard() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    talk.auth.close()

    assert not talk.auth.answer(request, Accept())
    assert talk.sent()
    assert talk.quiet()


@pytest.mark.row("A13")
def test_after_a_protocol_error_no_answer_is_heard() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request
    with pytest.raises(ProtocolError):
        talk.auth.receive(b"\x5a")

    assert not talk.auth.answer(request, Accept())
    assert talk.quiet()


class Sneaky:
    """Equal to everything, and true."""

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = object.__hash__


@pytest.mark.row("A14")
@pytest.mark.parametrize("result", [None, 1, True, "False", object(), Sneaky(), Accept])
def test_what_is_no_result_is_a_reject_and_is_reported(result: object) -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    request = talk.event(PasswordOffered).request

    talk.auth.answer(request, result)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert talk.sent(failure("password"))
    invalid = talk.event(DecisionInvalid)
    assert (invalid.request, invalid.user) == (request, "ops")
    assert talk.quiet()


@pytest.mark.row("A14")
def test_a_forgotten_await_lets_nobody_in() -> None:
    async def backend() -> Accept:
        return Accept()

    talk = Talk(PASSWORD)
    talk.hear(password())
    forgotten = backend()

    talk.auth.answer(talk.event(PasswordOffered).request, forgotten)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    forgotten.close()
    assert talk.sent(failure("password"))
    assert "coroutine" in talk.event(DecisionInvalid).problem


# ------------------------------------------------------------------- what may not come


@pytest.mark.row("A01")
@pytest.mark.parametrize("number", range(80, 128))
def test_a_message_of_the_connection_is_a_protocol_error(number: int) -> None:
    deciding = Talk(PASSWORD)
    deciding.hear(password())
    asked = Talk(INTERACTIVE)
    asked.hear(interactive())
    asked.auth.ask(1, QUESTION)

    for talk in (Talk(), deciding, asked):
        with pytest.raises(ProtocolError) as caught:
            talk.auth.receive(bytes([number]) + bytes(20))
        assert caught.value.reason is DisconnectReason.PROTOCOL_ERROR


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "message",
    [
        SUCCESS,
        failure("publickey"),
        UserauthBanner(message=""),
        PublicKeyOk(algorithm="ssh-ed25519", key=b""),
        QUESTION,
    ],
)
def test_what_only_a_server_says_is_a_protocol_error(message: Message) -> None:
    talk = Talk()

    with pytest.raises(ProtocolError):
        talk.hear(message)
    assert talk.quiet()
    assert talk.sent()


@pytest.mark.row("A19")
def test_after_success_requests_are_ignored() -> None:
    talk = Talk(PASSWORD)
    talk.hear(password())
    talk.auth.answer(talk.event(PasswordOffered).request, Accept())
    assert talk.sent(SUCCESS)
    talk.event(Authenticated)

    talk.hear(password(), password(user="root"), none())

    assert talk.sent()
    assert talk.quiet()


@given(st.lists(st.binary(max_size=80), max_size=4), st.booleans())
def test_any_bytes_are_progress_or_a_protocol_error(payloads: list[bytes], begun: bool) -> None:
    talk = Talk(INTERACTIVE)
    if begun:
        talk.hear(interactive())
        talk.auth.ask(talk.event(InteractiveStarted).request, QUESTION)
    try:
        for payload in payloads:
            talk.auth.receive(payload)
    except ProtocolError:
        pass

    assert not isinstance(talk.auth.next_event(), Authenticated)


STEPS: list[Message] = [
    none(),
    password("right"),
    password("wrong"),
    query(KEYS[0]),
    signed(KEYS[0]),
    signed(KEYS[1]),
    signed(KEYS[0], b"another session"),
    interactive(),
]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.booleans()), max_size=20))
def test_success_needs_every_factor_of_the_sequence(steps: list[tuple[Message, bool]]) -> None:
    talk = Talk(BOTH)
    proven: list[str] = []
    try:
        for message, prompt in steps:
            talk.hear(message)
            event = talk.auth.next_event() if prompt else None
            if event is None:
                continue
            match event:
                case KeyVerified(key=key) if key == KEYS[0].public_key:
                    proven.append("publickey")
                    talk.auth.answer(event.request, Accept())
                case PasswordOffered(password="right"):
                    proven.append("password")
                    talk.auth.answer(event.request, Accept())
                case KeyOffered():
                    talk.auth.answer(event.request, Accept())
                case Authenticated():
                    break
                case _:
                    assert not isinstance(event, DecisionInvalid)
                    talk.auth.answer(event.request, Reject())
    except TooManyAttempts:
        pass

    sent = talk.auth.take_messages()
    assert sent.count(SUCCESS.encode()) == (proven == ["publickey", "password"])
