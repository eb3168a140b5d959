"""What the driver of a `ClientAuth` is told, and asked.

`SignatureNeeded`, `PasswordNeeded` and `PromptsReceived` are questions: the authentication
waits until they are answered with the method that each names.
"""

from __future__ import annotations

from typing import TypeAlias

from ssh_auth.attempts import AuthAttempt
from ssh_auth.credentials import InteractiveCredential, KeyCredential, PasswordCredential
from ssh_auth.errors import AuthenticationFailed
from ssh_wire import lazy_attrs
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


@lazy_attrs.frozen
class SignatureNeeded:
    """Answer with `provide_signature` or `signature_failed`.

    Attributes:
        credential: the key to sign with, and who signs.
        algorithm: the signature algorithm.
        data: what to sign.
    """

    credential: KeyCredential
    algorithm: str
    data: bytes = lazy_attrs.field(repr=False)


@lazy_attrs.frozen
class PasswordNeeded:
    """Answer with `provide_password`; None gives the credential up.

    Attributes:
        credential: whose password; its `ask(prompt)` returns it.
        prompt: None for the password itself; else the server's demand for a new one,
            escaped.
    """

    credential: PasswordCredential
    prompt: str | None = None


@lazy_attrs.frozen
class PromptsReceived:
    """Answer with `provide_answers`; None gives the credential up.

    Attributes:
        credential: whose `answer(name, instruction, prompts)` knows the answers.
        name: the title of the dialogue, escaped.
        instruction: text to show above the prompts, escaped.
        prompts: the questions, escaped; without any there is only text to show.
    """

    credential: InteractiveCredential
    name: str
    instruction: str
    prompts: tuple[Prompt, ...]


@lazy_attrs.frozen
class BannerReceived:
    """The server sent text to show before authentication (RFC 4252 section 5.4).

    Attributes:
        text: the text, escaped.
    """

    text: str


@lazy_attrs.frozen
class AuthSucceeded:
    """The user is authenticated; the service begins.

    Attributes:
        attempts: what was tried, the one that succeeded last.
    """

    attempts: tuple[AuthAttempt, ...]


@lazy_attrs.frozen
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
