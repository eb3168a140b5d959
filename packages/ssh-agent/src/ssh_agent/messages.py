"""Messages of the agent protocol (draft-miller-ssh-agent sections 4 and 5.1).

Numbers are the agent's own; they have nothing to do with those of a connection.
"""

from __future__ import annotations

from ssh_wire import Counted, Message, MessageSet, Record, Rest, Text, UInt32, message, record
from ssh_wire.lazy_attrs import field

__all__ = [
    "CONSTRAIN_CONFIRM",
    "CONSTRAIN_LIFETIME",
    "REPLIES",
    "SIGN_FLAGS",
    "AddConstrainedIdentity",
    "AddIdentity",
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


CONSTRAIN_LIFETIME = 1
"""The number of the constraint for how many seconds a key is kept (section 4.2.6.1)."""

CONSTRAIN_CONFIRM = 2
"""The number of the constraint that each use is confirmed (section 4.2.6.2)."""


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


@message(17)
class AddIdentity(Message):
    """Hand over a private key (section 4.2)."""

    key: Rest = field(repr=False)
    """The fields of the key, its kind first, and its comment."""


@message(25)
class AddConstrainedIdentity(Message):
    """Hand over a private key, and how it may be used (section 4.2.6)."""

    key: Rest = field(repr=False)
    """The fields of the key, its comment, and the constraints."""


@message(28)
class ExtensionFailure(Message):
    """An extension is known and failed (section 4.7)."""


REPLIES = MessageSet[Message](
    AgentFailure, AgentSuccess, IdentitiesAnswer, SignResponse, ExtensionFailure
)
"""Everything that an agent sends."""
