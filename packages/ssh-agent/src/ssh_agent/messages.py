"""Messages of the agent protocol (draft-miller-ssh-agent sections 4 and 5.1).

Numbers are the agent's own; they have nothing to do with those of a connection.
"""

from __future__ import annotations

from ssh_wire import Counted, Message, MessageSet, Record, Text, UInt32, message, record

__all__ = [
    "REPLIES",
    "SIGN_FLAGS",
    "AgentFailure",
    "AgentSuccess",
    "ExtensionFailure",
    "IdentitiesAnswer",
    "IdentityEntry",
    "RequestIdentities",
    "SignRequest",
    "SignResponse",
]

SIGN_FLAGS = {"rsa-sha2-256": 2, "rsa-sha2-512": 4}
"""SSH_AGENT_RSA_SHA2_256 and SSH_AGENT_RSA_SHA2_512 (section 4.5.1), by algorithm.

Every other algorithm asks with no flag: its key can sign in one way only.
"""


@message(5)
class AgentFailure(Message):
    """The request failed, or its type is unknown (section 4.1)."""


@message(6)
class AgentSuccess(Message):
    """The request succeeded and has no answer of its own (section 4.1)."""


@message(11)
class RequestIdentities(Message):
    """Ask for the list of keys (section 4.4)."""


@record
class IdentityEntry(Record):
    """One key of the list (section 4.4)."""

    key: bytes
    comment: Text


@message(12)
class IdentitiesAnswer(Message):
    """The list of keys (section 4.4)."""

    identities: Counted[IdentityEntry]


@message(13)
class SignRequest(Message):
    """Ask for a signature (section 4.5)."""

    key: bytes
    data: bytes
    flags: UInt32 = 0


@message(14)
class SignResponse(Message):
    """The signature (section 4.5)."""

    signature: bytes


@message(28)
class ExtensionFailure(Message):
    """An extension is known and failed (section 4.7)."""


REPLIES = MessageSet[Message](
    AgentFailure, AgentSuccess, IdentitiesAnswer, SignResponse, ExtensionFailure
)
"""Everything that an agent sends."""
