"""What the driver of a `ClientAuth` is told, and asked.

`SignatureNeeded`, `PasswordNeeded` and `PromptsReceived` are questions: the exchange
stands still until they are answered with the method that each names.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from ssh_auth.attempts import AuthAttempt
from ssh_auth.credentials import InteractiveCredential, KeyCredential, PasswordCredential
from ssh_auth.errors import AuthenticationFailed
from ssh_wire.messages.auth import Prompt

__all__ = [
    "AuthRejected",
    "AuthSucceeded",
    "BannerReceived",
    "ClientEvent",
    "PasswordNeeded",
    "PromptsReceived",
    "SignatureNeeded",
]


@attrs.frozen
class SignatureNeeded:
    """Answer with `provide_signature` or `signature_failed`.

    Attributes:
        credential: the key to sign with, and who signs.
        algorithm: the signature algorithm.
        data: what to sign.
    """

    credential: KeyCredential
    algorithm: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen
class PasswordNeeded:
    """Answer with `provide_password`; None gives the credential up.

    Attributes:
        credential: whose password; its `ask(prompt)` returns it.
        prompt: None for the password itself; else the server's demand for a new one, safe
            to show.
    """

    credential: PasswordCredential
    prompt: str | None = None


@attrs.frozen
class PromptsReceived:
    """Answer with `provide_answers`; None gives the credential up.

    Attributes:
        credential: whose `answer(name, instruction, prompts)` knows the answers.
        name: the title of the dialogue, safe to show.
        instruction: text to show above the prompts, safe to show.
        prompts: the questions, safe to show; none means that there is only text to show.
    """

    credential: InteractiveCredential
    name: str
    instruction: str
    prompts: tuple[Prompt, ...]


@attrs.frozen
class BannerReceived:
    """The server has something to say before it lets anybody in (RFC 4252 section 5.4).

    Attributes:
        text: its text, safe to show.
    """

    text: str


@attrs.frozen
class AuthSucceeded:
    """The user is authenticated; the service begins.

    Attributes:
        attempts: what was tried, the one that succeeded last.
    """

    attempts: tuple[AuthAttempt, ...]


@attrs.frozen
class AuthRejected:
    """No credential was enough; nothing more will be sent.

    Attributes:
        error: what was tried and what came of it, to be raised.
    """

    error: AuthenticationFailed


ClientEvent: TypeAlias = (
    SignatureNeeded
    | PasswordNeeded
    | PromptsReceived
    | BannerReceived
    | AuthSucceeded
    | AuthRejected
)
