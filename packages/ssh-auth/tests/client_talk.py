"""A client that tests talk to in the words of a server."""

from __future__ import annotations

from ssh_auth import (
    AuthCredential,
    AuthLimits,
    ClientAuth,
    InteractiveCredential,
    KeyCredential,
    KeySigner,
    Outcome,
    password_answers,
)
from ssh_auth.testing import Talk
from ssh_keys import PrivateKey
from ssh_wire.messages.auth import (
    InfoRequest,
    Prompt,
    UserauthFailure,
    UserauthSuccess,
)

SESSION = b"session identifier"
QUESTION = InfoRequest(name="PAM", prompts=(Prompt(text="Password: ", echo=False),))
SUCCESS = UserauthSuccess()


def failure(*methods: str, partial: bool = False) -> UserauthFailure:
    return UserauthFailure(methods=methods, partial_success=partial)


def talk_of(
    *credentials: AuthCredential, limits: AuthLimits | None = None, start: bool = True
) -> Talk[ClientAuth]:
    auth = ClientAuth("ops", SESSION, credentials, limits=limits)
    if start:
        auth.start()
    return Talk(auth)


def outcomes(talk: Talk[ClientAuth]) -> list[Outcome]:
    return [attempt.outcome for attempt in talk.auth.attempts]


def memory(key: PrivateKey) -> KeyCredential:
    return KeyCredential(KeySigner(key))


def dialogue() -> InteractiveCredential:
    return InteractiveCredential(password_answers("s3cret"))


def reply(auth: ClientAuth, value: object) -> None:
    """Answer the question that waits."""
    question = auth.question
    assert question is not None
    auth.answer(question, value)


async def no_password() -> str | None:
    return None


async def renew(prompt: str) -> str | None:
    return prompt
