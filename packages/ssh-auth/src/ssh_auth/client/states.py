"""What a client waits for.

Each class is named after what it expects and holds what is known by then.  The classes
named `Expect…` wait for the server, those named `Await…` for somebody on this side, while
nothing is in flight.  `LEGAL` is the machine: a message that the row of the present state
does not have is a protocol error, without exception.
"""

from __future__ import annotations

from typing import TypeAlias

from ssh_auth.credentials import (
    Credential,
    InteractiveCredential,
    KeyCredential,
    PasswordCredential,
)
from ssh_wire import Message, MessageSet, lazy_attrs
from ssh_wire.messages.auth import (
    InfoRequest,
    PasswdChangeReq,
    PublicKeyOk,
    UserauthBanner,
    UserauthFailure,
    UserauthSuccess,
)

__all__ = [
    "LEGAL",
    "AwaitAnswers",
    "AwaitPassword",
    "AwaitSignature",
    "ClientState",
    "ExpectKeyVerdict",
    "ExpectPasswordVerdict",
    "ExpectPrompts",
    "ExpectStart",
    "ExpectVerdict",
    "Finished",
]


@lazy_attrs.frozen
class ExpectStart:
    """Nothing was sent."""


@lazy_attrs.frozen
class ExpectVerdict:
    """A request is with the server that it can only accept or refuse."""

    credential: Credential
    algorithm: str = ""


@lazy_attrs.frozen
class ExpectKeyVerdict:
    """The server was asked whether a key would do."""

    credential: KeyCredential
    algorithm: str


@lazy_attrs.frozen
class AwaitSignature:
    """The signer signs."""

    credential: KeyCredential
    algorithm: str


@lazy_attrs.frozen
class AwaitPassword:
    """Somebody is asked for a password: while `old` is None for it, then for a new one."""

    credential: PasswordCredential
    old: str | None = lazy_attrs.field(repr=False)
    changes: int


@lazy_attrs.frozen
class ExpectPasswordVerdict:
    """A password is with the server."""

    credential: PasswordCredential
    password: str = lazy_attrs.field(repr=False)
    changes: int


@lazy_attrs.frozen
class ExpectPrompts:
    """A dialogue has begun, or answers are with the server."""

    credential: InteractiveCredential


@lazy_attrs.frozen
class AwaitAnswers:
    """Somebody answers prompts."""

    credential: InteractiveCredential
    count: int


@lazy_attrs.frozen
class Finished:
    """It is over, well or not."""


ClientState: TypeAlias = (
    ExpectStart
    | ExpectVerdict
    | ExpectKeyVerdict
    | AwaitSignature
    | AwaitPassword
    | ExpectPasswordVerdict
    | ExpectPrompts
    | AwaitAnswers
    | Finished
)

_QUIET: MessageSet[Message] = MessageSet(UserauthBanner)
_NOTHING: MessageSet[Message] = MessageSet()

LEGAL: dict[type[ClientState], MessageSet[Message]] = {
    ExpectStart: _QUIET,
    ExpectVerdict: MessageSet(UserauthBanner, UserauthFailure, UserauthSuccess),
    # "The server MUST respond to this message with either SSH_MSG_USERAUTH_FAILURE or ..._PK_OK";
    # one that wants no signature answers with success, which OpenSSH's client takes
    ExpectKeyVerdict: MessageSet(UserauthBanner, UserauthFailure, UserauthSuccess, PublicKeyOk),
    AwaitSignature: _QUIET,
    AwaitPassword: _QUIET,
    ExpectPasswordVerdict: MessageSet(
        UserauthBanner, UserauthFailure, UserauthSuccess, PasswdChangeReq
    ),
    ExpectPrompts: MessageSet(UserauthBanner, UserauthFailure, UserauthSuccess, InfoRequest),
    AwaitAnswers: _QUIET,
    # SSH_MSG_USERAUTH_SUCCESS "MUST be sent only once", and nothing follows it
    Finished: _NOTHING,
}
