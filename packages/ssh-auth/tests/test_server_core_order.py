from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexts import Context
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
    none,
    password,
    query,
    signed,
    talk_of,
    vouched,
)
from ssh_auth import (
    SERVER_METHODS,
    Accept,
    AcceptedToken,
    Authenticated,
    AuthLimits,
    DecisionInvalid,
    InteractiveStarted,
    KeyOffered,
    KeyVerified,
    LoginRefused,
    NoneOffered,
    Partial,
    PasswordOffered,
    Permissions,
    Reject,
    ServerAuth,
    ServerPolicy,
    ServerQuestion,
    TooManyAttempts,
)
from ssh_auth.gssapi import KERBEROS, signed_data
from ssh_auth.testing import Talk, finish
from ssh_keys import PrivateKey
from ssh_wire import DisconnectReason, Message, ProtocolError
from ssh_wire.messages.auth import (
    HostbasedRequest,
    NoneRequest,
    PublicKeyOk,
    UserauthBanner,
    UserauthRequest,
)
from ssh_wire.messages.gss import GSSAPIMIC, GSSAPIMICRequest, GSSAPIToken

# ------------------------------------------------------------------- none, and other methods


@pytest.mark.row("A05")
def test_none_is_answered_with_the_methods_and_the_first_is_free() -> None:
    talk = talk_of(ServerPolicy(methods=("publickey", "password")), AuthLimits(failures=2))

    talk.receive(none())
    talk.expect_sent(failure("publickey", "password"))
    talk.receive(none())

    with pytest.raises(TooManyAttempts):
        talk.receive(none())
    talk.assert_idle()


@pytest.mark.row("A05")
def test_none_is_asked_about_only_where_the_policy_has_it() -> None:
    talk = talk_of(ServerPolicy(methods=("none", "password")))
    talk.receive(none())

    talk.auth.answer(talk.event(NoneOffered).request, Accept())

    assert talk.event(Authenticated).methods == ("none",)


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
def test_method_that_is_not_offered_fails_and_counts(request_: Message) -> None:
    talk = talk_of(limits=AuthLimits(failures=2))

    talk.receive(request_)

    talk.expect_sent(failure("publickey"))
    talk.assert_idle()
    with pytest.raises(TooManyAttempts):
        talk.receive(request_)


@pytest.mark.row("A11")
@pytest.mark.parametrize("method", ["gssapi-with-mic", "password", "keyboard-interactive"])
@pytest.mark.parametrize("details", [b"", b"\xff" * 9, bytes(64)])
def test_details_of_a_method_that_is_not_offered_are_not_looked_at(
    method: str, details: bytes
) -> None:
    talk = talk_of()

    talk.receive(UserauthRequest(user="ops", service=SERVICE, method=method, details=details))

    talk.expect_sent(failure("publickey"))
    with pytest.raises(ProtocolError):
        talk.receive(
            UserauthRequest(user="ops", service=SERVICE, method="publickey", details=b"\xff" * 9)
        )


def test_banner_is_sent_before_the_first_answer() -> None:
    talk = talk_of(ServerPolicy(banner="Authorised users only\r\n"))

    talk.receive(none(), none())

    talk.expect_sent(
        UserauthBanner(message="Authorised users only\r\n"),
        failure("publickey"),
        failure("publickey"),
    )


# ------------------------------------------------------------------- sequences


def test_required_sequence_is_followed(key: PrivateKey) -> None:
    talk = talk_of(BOTH)
    talk.receive(password())
    talk.expect_sent(failure("publickey"))
    talk.assert_idle()

    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())
    talk.expect_sent(failure("password", partial=True))

    talk.receive(password())
    talk.auth.answer(talk.event(PasswordOffered).request, Accept())
    talk.expect_sent(SUCCESS)
    done = talk.event(Authenticated)
    assert (done.key, done.methods) == (key.public_key, ("publickey", "password"))


def test_backend_can_demand_a_further_method() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())

    talk.auth.answer(talk.event(PasswordOffered).request, Partial(("publickey",)))

    talk.expect_sent(failure("publickey", partial=True))
    talk.assert_idle()


@pytest.mark.row("A08")
def test_factors_that_force_different_commands_do_not_add_up(key: PrivateKey) -> None:
    talk = talk_of(BOTH)
    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept(Permissions(forced_command="a")))
    talk.auth.take_messages()
    talk.receive(password())

    talk.auth.answer(talk.event(PasswordOffered).request, Accept(Permissions(forced_command="b")))

    talk.expect_sent(failure("password"))
    refused = talk.event(LoginRefused)
    assert "command" in refused.problem
    assert refused.request == 2
    assert talk.auth.failures == 1


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
def test_change_of_user_or_service_disconnects(second: Message, key: PrivateKey) -> None:
    talk = talk_of(BOTH)
    talk.receive(signed(key))
    talk.auth.answer(talk.event(KeyVerified).request, Accept())

    with pytest.raises(ProtocolError) as caught:
        talk.receive(second)

    assert caught.value.reason is DisconnectReason.PROTOCOL_ERROR
    talk.assert_idle()
    with pytest.raises(ProtocolError):
        talk.receive(password())


@pytest.mark.row("A04")
def test_request_for_another_service_fails_and_asks_no_question() -> None:
    talk = talk_of(PASSWORD)

    talk.receive(password(service="bogus"))

    talk.expect_sent(failure("password"))
    talk.assert_idle()


@pytest.mark.row("A16")
@pytest.mark.parametrize(
    "user", ["x" * 1025, "x" * 100_000, "a\0b", "a\nb", "\x1b[m", "../x", "$(id)", "a\u202eb", ""]
)
def test_invalid_user_name_fails_without_asking_the_backend(user: str) -> None:
    talk = talk_of(PASSWORD)

    talk.receive(password(user=user))

    talk.expect_sent(failure("password"))
    talk.assert_idle()


# ------------------------------------------------------------------- what may not come


@pytest.mark.row("A01")
@pytest.mark.parametrize("number", range(80, 128))
def test_connection_message_is_a_protocol_error(number: int) -> None:
    deciding = talk_of(PASSWORD)
    deciding.receive(password())
    asked = talk_of(INTERACTIVE)
    asked.receive(interactive())
    asked.auth.answer(1, QUESTION)

    for talk in (talk_of(), deciding, asked):
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
def test_message_that_only_a_server_sends_is_a_protocol_error(message: Message) -> None:
    talk = talk_of()

    with pytest.raises(ProtocolError):
        talk.receive(message)
    talk.assert_idle()
    talk.expect_sent()


@pytest.mark.row("A19")
def test_requests_after_success_are_ignored() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    talk.auth.answer(talk.event(PasswordOffered).request, Accept())
    talk.expect_sent(SUCCESS)
    talk.event(Authenticated)

    talk.receive(password(), password(user="root"), none())

    talk.expect_sent()
    talk.assert_idle()


@given(st.lists(st.binary(max_size=80), max_size=4), st.booleans())
def test_any_bytes_are_progress_or_a_protocol_error(payloads: list[bytes], begun: bool) -> None:
    talk = talk_of(INTERACTIVE)
    if begun:
        talk.receive(interactive())
        talk.auth.answer(talk.event(InteractiveStarted).request, QUESTION)
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
    talk = talk_of(BOTH)
    proven: list[str] = []
    try:
        for message, prompt in steps:
            talk.receive(message)
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


# ------------------------------------------------------------- sources and expiry of any method


def establish(talk: Talk[ServerAuth]) -> None:
    """Let a context come to the question about its principal."""
    context = Context(rounds=0)
    talk.receive(GSSAPIToken(token=b"token"))
    finish(context.step(b"token"))
    talk.auth.answer(talk.event(ServerQuestion).request, AcceptedToken(context))
    session_id = talk.auth.context.session_id
    talk.receive(GSSAPIMIC(mic=context.get_mic(signed_data(session_id, "ops", SERVICE))))
    talk.auth.take_messages()


EXPIRED = Permissions(expires=99)
ELSEWHERE = Permissions(sources=(("10.0.0.0/8",),))


@pytest.mark.row("A09")
@pytest.mark.parametrize("permissions", [EXPIRED, ELSEWHERE, Permissions(sources=((),))])
@pytest.mark.parametrize("method", sorted(SERVER_METHODS))
def test_no_method_completes_with_permissions_that_exclude_the_login(
    method: str, permissions: Permissions, key: PrivateKey
) -> None:
    requests: dict[str, Message] = {
        "none": none(),
        "password": password(),
        "publickey": signed(key),
        "hostbased": vouched(),
        "keyboard-interactive": interactive(),
        "gssapi-with-mic": GSSAPIMICRequest(user="ops", service=SERVICE, mechanisms=(KERBEROS,)),
    }
    for answer in (Accept(permissions), Partial(("password",), permissions)):
        policy = ServerPolicy(methods=(method,))
        talk = Talk(ServerAuth(CONTEXT, policy, now=lambda: 100))
        talk.receive(requests[method])
        if method == "gssapi-with-mic":
            establish(talk)
        talk.auth.answer(talk.event(ServerQuestion).request, answer)

        assert talk.event(LoginRefused).user == "ops"
        talk.expect_sent(failure(*({method} - {"none"})))
        assert not talk.auth.succeeded


@pytest.mark.row("A09")
def test_key_that_is_not_authorized_from_here_is_refused_at_the_query(key: PrivateKey) -> None:
    talk = talk_of()
    talk.receive(query(key))
    talk.auth.answer(talk.event(KeyOffered).request, Accept(ELSEWHERE))

    assert talk.event(LoginRefused).request == 1
    talk.expect_sent(failure("publickey"))


def test_permissions_that_expire_need_a_clock() -> None:
    talk = talk_of(PASSWORD)
    talk.receive(password())
    talk.auth.answer(talk.event(PasswordOffered).request, Accept(Permissions(expires=2**40)))

    talk.event(LoginRefused)
    assert not talk.auth.succeeded
