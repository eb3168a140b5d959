"""What a server waits for.

Each class is named after what it expects and holds what is known by then.  `LEGAL` is the
machine: what may arrive while the server waits for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ssh_wire import Message, MessageSet, lazy_attrs
from ssh_wire.messages.auth import REQUESTS, InfoResponse, PublicKeyQuery

if TYPE_CHECKING:
    from ssh_keys import Credential
    from ssh_keys.fido import Assertion

__all__ = [
    "LEGAL",
    "ExpectAnswers",
    "ExpectDecision",
    "ExpectKeyDecision",
    "ExpectNothing",
    "ExpectRequest",
    "ServerState",
]


@lazy_attrs.frozen
class ExpectRequest:
    """The client's turn."""


@lazy_attrs.frozen
class ExpectKeyDecision:
    """The backend says whether a key would do."""

    request: int
    query: PublicKeyQuery


@lazy_attrs.frozen
class ExpectDecision:
    """The backend says whether a method is completed.

    Attributes:
        request: the number of the question.
        method: the method.
        key: the key or certificate whose signature was verified, for publickey.
        assertion: what the token of that key says, where it is in one.
        round: the rounds of prompts that were answered, for keyboard-interactive.
    """

    request: int
    method: str
    key: Credential | None = None
    round: int = 0
    assertion: Assertion | None = None


@lazy_attrs.frozen
class ExpectAnswers:
    """The client answers prompts."""

    count: int
    round: int


@lazy_attrs.frozen
class ExpectNothing:
    """It is over, well or not."""


ServerState: TypeAlias = (
    ExpectRequest | ExpectKeyDecision | ExpectDecision | ExpectAnswers | ExpectNothing
)

_REQUESTS: MessageSet[Message] = MessageSet(*REQUESTS)

LEGAL: dict[type[ServerState], MessageSet[Message]] = {
    ExpectRequest: _REQUESTS,
    # "the client MAY at any time continue with a new SSH_MSG_USERAUTH_REQUEST message"
    ExpectKeyDecision: _REQUESTS,
    ExpectDecision: _REQUESTS,
    ExpectAnswers: MessageSet(*REQUESTS, InfoResponse),
    # "any further authentication requests received after that SHOULD be silently ignored"
    ExpectNothing: _REQUESTS,
}
