from __future__ import annotations

from collections.abc import Generator

import pytest

from ssh_agent import AgentError
from ssh_auth import (
    Accept,
    AuthAttempt,
    AuthContext,
    AuthCredential,
    AuthRejected,
    ChangePassword,
    ClientAuth,
    InteractiveCredential,
    InteractiveStarted,
    KeyCredential,
    KeyOffered,
    KeySigner,
    Outcome,
    PasswordChangeOffered,
    PasswordCredential,
    PasswordOffered,
    Reject,
    ServerAuth,
    ServerEvent,
    ServerPolicy,
    password_answers,
)
from ssh_auth.testing import Decision, Pair, Talk, finish
from ssh_keys import PrivateKey, PublicKey
from ssh_wire.messages.auth import (
    InfoRequest,
    NoneRequest,
    PasswordRequest,
    Prompt,
    UserauthFailure,
)

ALL = ServerPolicy(methods=("publickey", "password", "keyboard-interactive"), banner="Welcome")


def decide(event: ServerEvent) -> Decision:
    """A backend that knows one password, and prompts for it too."""
    match event:
        case InteractiveStarted():
            return InfoRequest(prompts=(Prompt(text="Password: ", echo=False),))
        case PasswordOffered(password="expired"):
            return ChangePassword("Choose another")
        case PasswordOffered(password="wrong"):
            return Reject()
        case _:
            return Accept()


def pair(*credentials: AuthCredential, policy: ServerPolicy = ALL) -> Pair:
    joined = Pair(
        ClientAuth("ops", b"session", credentials),
        ServerAuth(AuthContext(session_id=b"session"), policy),
        decide=decide,
    )
    joined.run()
    return joined


async def renew(prompt: str) -> str | None:
    return prompt


async def typed() -> str | None:
    return "typed"


def test_credential_of_each_method_authenticates(key: PrivateKey) -> None:
    for credential, method in (
        (KeyCredential(KeySigner(key)), "publickey"),
        (KeyCredential(KeySigner(key), query=True), "publickey"),
        (PasswordCredential("right"), "password"),
        (PasswordCredential(typed), "password"),
        (PasswordCredential("expired", renew), "password"),
        (InteractiveCredential(password_answers("right")), "keyboard-interactive"),
    ):
        joined = pair(credential)
        assert joined.authenticated is not None
        assert joined.authenticated.methods == (method,)
        assert joined.succeeded is not None
        assert joined.rejected is None


def test_single_key_takes_one_round_trip(key: PrivateKey) -> None:
    joined = pair(KeyCredential(KeySigner(key)), policy=ServerPolicy())

    assert [(whose, payload[0]) for whose, payload in joined.transcript] == [
        ("client", 50),
        ("server", 52),
    ]


def test_key_with_a_query_takes_two_round_trips(key: PrivateKey) -> None:
    joined = pair(KeyCredential(KeySigner(key), query=True), policy=ServerPolicy())

    assert [payload[0] for _, payload in joined.transcript] == [50, 60, 50, 52]
    assert isinstance(joined.server_events[0], KeyOffered)


def test_expired_password_is_changed() -> None:
    joined = pair(PasswordCredential("expired", renew))

    assert PasswordChangeOffered(2, "ops", "expired", "Choose another") in joined.server_events


def test_rejection_has_the_attempts_made() -> None:
    joined = pair(PasswordCredential("wrong", source="argument"))

    assert joined.succeeded is None
    assert joined.authenticated is None
    assert joined.rejected is not None
    assert joined.rejected.error.attempts == (
        AuthAttempt(
            method="password",
            source="argument",
            outcome=Outcome.REJECTED,
            remaining=("publickey", "password", "keyboard-interactive"),
        ),
    )


class Refusing:
    """A signer that does not sign."""

    source = "agent"

    def __init__(self, key: PrivateKey) -> None:
        self.public_key: PublicKey = key.public_key

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        del data, algorithm
        raise AgentError("no")


def test_failed_signer_is_reported(key: PrivateKey) -> None:
    joined = pair(KeyCredential(Refusing(key)))

    assert joined.rejected is not None
    assert joined.rejected.error.attempts[0].outcome is Outcome.SIGNING_FAILED


class Waiting:
    def __await__(self) -> Generator[None, None, str]:
        yield
        return "never"


def test_finish_refuses_an_awaitable_that_waits() -> None:
    with pytest.raises(RuntimeError, match="this needs an event loop"):
        finish(Waiting())


def test_talk_fails_where_the_expectation_does_not_hold() -> None:
    talk = Talk(ServerAuth(AuthContext(), ServerPolicy(methods=("password",))))
    request = PasswordRequest(user="ops", service="ssh-connection", password="x")
    talk.receive(request)
    with pytest.raises(AssertionError, match="is pending"):
        talk.assert_idle()

    talk.receive(request)
    with pytest.raises(AssertionError, match="KeyOffered was due"):
        talk.event(KeyOffered)
    with pytest.raises(AssertionError, match="0 messages"):
        talk.message(UserauthFailure)
    with pytest.raises(AssertionError, match="not"):
        talk.expect_sent(UserauthFailure(methods=()))


def test_talk_passes_where_the_expectation_holds() -> None:
    talk = Talk(ClientAuth("ops", b"session", []))
    talk.assert_idle()
    talk.auth.start()

    assert talk.message(NoneRequest).user == "ops"
    talk.receive(UserauthFailure(methods=()))
    talk.event(AuthRejected)
    talk.expect_sent()
