from __future__ import annotations

import pytest

from contexts import Context
from ssh_auth import (
    Accept,
    AcceptedToken,
    AuthContext,
    Authenticated,
    AuthLimits,
    DecisionInvalid,
    Partial,
    Reject,
    ServerAuth,
    ServerPolicy,
    TooManyAttempts,
)
from ssh_auth.gssapi import KERBEROS, signed_data
from ssh_auth.server.methods.gssapi import PrincipalNamed, TokenReceived
from ssh_auth.testing import Talk, finish
from ssh_wire import Message, ProtocolError
from ssh_wire.messages.auth import UserauthFailure, UserauthSuccess
from ssh_wire.messages.gss import (
    GSSAPIMIC,
    GSSAPIErrorToken,
    GSSAPIExchangeComplete,
    GSSAPIMICRequest,
    GSSAPIResponse,
    GSSAPIToken,
)

SESSION = b"session identifier"
MIC = b"mic of " + signed_data(SESSION, "ops", "ssh-connection")
FAILED = UserauthFailure(methods=("gssapi-with-mic",))


def talk_of(limits: AuthLimits | None = None) -> Talk[ServerAuth]:
    policy = ServerPolicy(methods=("gssapi-with-mic",))
    return Talk(ServerAuth(AuthContext(session_id=SESSION), policy, limits=limits))


def request(*mechanisms: bytes, user: str = "ops") -> GSSAPIMICRequest:
    return GSSAPIMICRequest(user=user, service="ssh-connection", mechanisms=mechanisms)


def take_token(talk: Talk[ServerAuth], context: Context) -> None:
    """Answer the question about a token."""
    asked = talk.event(TokenReceived)
    token = finish(context.step(asked.token))
    assert talk.auth.answer(asked.request, AcceptedToken(context, token))


def established(context: Context) -> Talk[ServerAuth]:
    """A server that waits for the integrity code."""
    talk = talk_of()
    talk.receive(request(KERBEROS), GSSAPIToken(token=b"first"))
    take_token(talk, context)
    talk.auth.take_messages()
    return talk


def test_principal_of_an_established_context_is_asked_about() -> None:
    talk = talk_of()
    context = Context(rounds=1, last=True)
    talk.receive(request(b"\x06\x01\x55", KERBEROS))
    talk.expect_sent(GSSAPIResponse(mechanism=KERBEROS))
    for message in (GSSAPIToken(token=b"first"), GSSAPIToken(token=b"second")):
        talk.receive(message)
        take_token(talk, context)
        talk.expect_sent(GSSAPIToken(token=b"token"))
    assert context.taken == [b"first", b"second"]

    talk.receive(GSSAPIMIC(mic=MIC))
    asked = talk.event(PrincipalNamed)
    assert (asked.user, asked.principal) == ("ops", "me@EXAMPLE")
    assert asked.arguments == ("me@EXAMPLE",)
    talk.auth.answer(asked.request, Accept())

    talk.expect_sent(UserauthSuccess())
    assert talk.event(Authenticated).methods == ("gssapi-with-mic",)


@pytest.mark.row("A24")
def test_ticket_of_a_principal_that_may_not_log_in_as_the_user_is_refused() -> None:
    talk = established(Context(rounds=0))
    talk.receive(GSSAPIMIC(mic=MIC))

    talk.auth.answer(talk.event(PrincipalNamed).request, Reject())

    talk.expect_sent(FAILED)
    talk.assert_idle()


@pytest.mark.row("A24")
@pytest.mark.parametrize("answer", [Accept(), Partial(("password",)), True, None, "me@EXAMPLE"])
def test_established_context_alone_authenticates_no_user(answer: object) -> None:
    talk = talk_of()
    talk.receive(request(KERBEROS), GSSAPIToken(token=b"first"))
    talk.auth.take_messages()

    talk.auth.answer(talk.event(TokenReceived).request, answer)

    talk.event(DecisionInvalid)
    talk.expect_sent(FAILED)
    assert not talk.auth.succeeded


@pytest.mark.row("A24")
def test_token_is_no_answer_about_a_principal() -> None:
    context = Context(rounds=0)
    talk = established(context)
    talk.receive(GSSAPIMIC(mic=MIC))

    talk.auth.answer(talk.event(PrincipalNamed).request, AcceptedToken(context))

    talk.event(DecisionInvalid)
    talk.expect_sent(FAILED)


@pytest.mark.row("A06")
@pytest.mark.row("A24")
@pytest.mark.parametrize(
    "mic",
    [
        b"",
        MIC[:-1],
        MIC + b"\0",
        b"mic of " + signed_data(b"another session", "ops", "ssh-connection"),
        b"mic of " + signed_data(SESSION, "root", "ssh-connection"),
        b"mic of " + signed_data(SESSION, "ops", "other"),
    ],
)
def test_integrity_code_of_another_request_is_refused(mic: bytes) -> None:
    talk = established(Context(rounds=0))

    talk.receive(GSSAPIMIC(mic=mic))

    talk.expect_sent(FAILED)
    talk.assert_idle()


def test_context_without_a_principal_is_refused() -> None:
    talk = established(Context(rounds=0, peer=""))

    talk.receive(GSSAPIMIC(mic=MIC))

    talk.expect_sent(FAILED)


@pytest.mark.parametrize("message", [GSSAPIExchangeComplete(), GSSAPIErrorToken(token=b"?")])
def test_context_without_an_integrity_code_is_refused(message: Message) -> None:
    talk = established(Context(rounds=0))

    talk.receive(message)

    talk.expect_sent(FAILED)


def test_token_that_the_mechanism_refuses_fails() -> None:
    talk = talk_of()
    talk.receive(request(KERBEROS), GSSAPIToken(token=b"wrong"))
    talk.auth.take_messages()

    talk.auth.answer(talk.event(TokenReceived).request, Reject())

    talk.expect_sent(FAILED)


def test_context_that_is_not_established_and_has_no_token_fails() -> None:
    talk = talk_of()
    talk.receive(request(KERBEROS), GSSAPIToken(token=b"first"))
    talk.auth.take_messages()

    talk.auth.answer(talk.event(TokenReceived).request, AcceptedToken(Context()))

    talk.expect_sent(FAILED)


@pytest.mark.parametrize("mechanisms", [(), (b"\x06\x01\x55",), (KERBEROS[2:],)])
def test_other_mechanisms_are_refused(mechanisms: tuple[bytes, ...]) -> None:
    talk = talk_of()

    talk.receive(request(*mechanisms))

    talk.expect_sent(FAILED)


@pytest.mark.row("A11")
def test_method_that_is_not_offered_is_refused() -> None:
    talk = Talk(ServerAuth(AuthContext(session_id=SESSION), ServerPolicy(methods=("password",))))

    talk.receive(request(KERBEROS))

    talk.expect_sent(UserauthFailure(methods=("password",)))


@pytest.mark.row("A02")
@pytest.mark.parametrize("message", [GSSAPIToken(token=b"early"), GSSAPIMIC(mic=MIC)])
def test_message_that_is_not_due_is_a_protocol_error(message: Message) -> None:
    talk = talk_of()

    with pytest.raises(ProtocolError):
        talk.receive(message)


def test_tokens_are_counted() -> None:
    talk = talk_of(AuthLimits(rounds=1))
    context = Context(rounds=9)
    talk.receive(request(KERBEROS), GSSAPIToken(token=b"first"))
    take_token(talk, context)

    with pytest.raises(TooManyAttempts):
        talk.receive(GSSAPIToken(token=b"second"))


@pytest.mark.row("A13")
def test_answer_about_an_abandoned_context_is_too_late() -> None:
    talk = established(Context(rounds=0))
    talk.receive(GSSAPIMIC(mic=MIC))
    late = talk.event(PrincipalNamed).request
    talk.receive(request(KERBEROS))

    assert not talk.auth.answer(late, Accept())

    assert not talk.auth.succeeded


def test_tokens_are_not_printed() -> None:
    accepted = AcceptedToken(Context(), b"hidden")
    received = TokenReceived(1, "ops", None, b"hidden")

    assert "hidden" not in f"{accepted!r} {received!r}"
