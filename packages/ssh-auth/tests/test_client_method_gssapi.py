from __future__ import annotations

import pytest

from client_talk import SESSION, SUCCESS, failure, outcomes, reply, talk_of
from contexts import Context
from ssh_auth import (
    AuthLimits,
    AuthRejected,
    AuthSucceeded,
    ClientAuth,
    ClientPolicy,
    GSSAPICredential,
    Outcome,
    PasswordCredential,
)
from ssh_auth.client.methods.gssapi import NextToken, TokenNeeded
from ssh_auth.gssapi import KERBEROS, signed_data
from ssh_auth.testing import Talk, finish
from ssh_wire import ProtocolError, UsageError
from ssh_wire.messages.auth import PasswordRequest
from ssh_wire.messages.gss import (
    GSSAPIMIC,
    GSSAPIErrorToken,
    GSSAPIFailure,
    GSSAPIMICRequest,
    GSSAPIResponse,
    GSSAPIToken,
)

OTHER = b"\x06\x01\x55"
DATA = signed_data(SESSION, "ops", "ssh-connection")
CHOSEN = GSSAPIResponse(mechanism=KERBEROS)
FAILED = GSSAPIFailure(major_status=1, minor_status=2, message="no such principal")


def talk_with(context: Context, limits: AuthLimits | None = None) -> Talk[ClientAuth]:
    credential = GSSAPICredential(lambda _mechanism: context, (OTHER, KERBEROS))
    return talk_of(credential, PasswordCredential("s3cret"), limits=limits)


def obtain(talk: Talk[ClientAuth]) -> None:
    """Answer the question for the next token."""
    question = talk.event(TokenNeeded)
    talk.auth.answer(question, finish(question.obtain()))


def test_context_is_established_and_its_integrity_code_sent() -> None:
    context = Context()
    talk = talk_with(context)
    assert talk.message(GSSAPIMICRequest).mechanisms == (OTHER, KERBEROS)
    talk.receive(CHOSEN)
    obtain(talk)
    talk.expect_sent(GSSAPIToken(token=b"token"))

    talk.receive(GSSAPIToken(token=b"answer"))
    obtain(talk)

    assert context.taken == [None, b"answer"]
    talk.expect_sent(GSSAPIMIC(mic=b"mic of " + DATA))
    talk.receive(SUCCESS)
    (attempt,) = talk.event(AuthSucceeded).attempts
    assert (attempt.method, attempt.source) == ("gssapi-with-mic", "Kerberos")


def test_last_token_leaves_before_the_integrity_code() -> None:
    talk = talk_with(Context(rounds=0, last=True))
    talk.message(GSSAPIMICRequest)
    talk.receive(CHOSEN)

    obtain(talk)

    talk.expect_sent(GSSAPIToken(token=b"token"), GSSAPIMIC(mic=b"mic of " + DATA))


@pytest.mark.row("A20")
def test_integrity_code_is_a_proof() -> None:
    credential = GSSAPICredential(lambda _mechanism: Context(rounds=0))
    policy = ClientPolicy(require_proof=True)
    auth = ClientAuth("ops", SESSION, [credential], policy=policy)
    auth.start()
    talk = Talk(auth)
    talk.receive(CHOSEN)
    obtain(talk)

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.ACCEPTED]


@pytest.mark.row("A20")
def test_success_before_the_integrity_code_is_refused_where_proof_is_required() -> None:
    credential = GSSAPICredential(lambda _mechanism: Context())
    policy = ClientPolicy(require_proof=True)
    auth = ClientAuth("ops", SESSION, [credential], policy=policy)
    auth.start()
    talk = Talk(auth)
    talk.receive(CHOSEN)
    obtain(talk)

    talk.receive(SUCCESS)

    assert outcomes(talk) == [Outcome.UNPROVEN]


def test_data_of_the_integrity_code_is_that_of_the_rfc() -> None:
    assert (
        len(SESSION).to_bytes(4, "big")
        + SESSION
        + b"\x32\0\0\0\x03ops\0\0\0\x0essh-connection\0\0\0\x0fgssapi-with-mic"
    ) == DATA


def test_mechanism_that_was_not_offered_is_a_protocol_error() -> None:
    talk = talk_with(Context())

    with pytest.raises(ProtocolError):
        talk.receive(GSSAPIResponse(mechanism=b"\x06\x01\x56"))


def test_token_that_the_mechanism_refuses_leaves_the_next_credential() -> None:
    talk = talk_with(Context())
    talk.message(GSSAPIMICRequest)
    talk.receive(CHOSEN)
    obtain(talk)
    talk.message(GSSAPIToken)

    talk.receive(GSSAPIToken(token=b"wrong"))
    obtain(talk)

    (attempt,) = talk.auth.attempts
    assert (attempt.outcome, attempt.detail) == (
        Outcome.SIGNING_FAILED,
        r"the token\x1b is wrong",
    )
    talk.message(PasswordRequest)


@pytest.mark.parametrize("message", [FAILED, GSSAPIErrorToken(token=b"?")])
def test_failure_of_the_server_is_followed_by_that_of_the_method(
    message: GSSAPIFailure | GSSAPIErrorToken,
) -> None:
    talk = talk_with(Context())
    talk.receive(CHOSEN)
    obtain(talk)

    talk.receive(message, failure("gssapi-with-mic"))

    assert outcomes(talk)[0] is Outcome.REJECTED


@pytest.mark.row("A21")
def test_failures_that_do_not_end_end_the_authentication() -> None:
    talk = talk_with(Context(), AuthLimits(rounds=3))
    talk.receive(FAILED, FAILED, FAILED)

    talk.receive(FAILED)

    assert "do not end" in str(talk.event(AuthRejected).error)


def test_mechanism_without_a_token_and_without_an_end_is_given_up() -> None:
    talk = talk_with(Context())
    talk.receive(CHOSEN)

    reply(talk.auth, NextToken(b""))

    assert outcomes(talk)[0] is Outcome.SIGNING_FAILED


@pytest.mark.parametrize("value", [b"token", None, "token"])
def test_answer_that_is_no_token_is_the_callers_error(value: object) -> None:
    talk = talk_with(Context())
    talk.receive(CHOSEN)

    with pytest.raises(UsageError):
        reply(talk.auth, value)


@pytest.mark.parametrize("message", [GSSAPIToken(token=b"early"), GSSAPIMIC(mic=b"mic")])
def test_message_that_is_not_due_is_a_protocol_error(message: GSSAPIToken | GSSAPIMIC) -> None:
    talk = talk_with(Context())

    with pytest.raises(ProtocolError):
        talk.receive(message)
