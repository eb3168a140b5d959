"""Messages of the agent protocol (draft-miller-ssh-agent, now RFC 9987; OpenSSH's PROTOCOL.agent).

Numbers are the agent's own; they have nothing to do with those of a connection.  Sections are
those of the draft.
"""

from __future__ import annotations

from typing import Literal

from ssh_wire import (
    Counted,
    Message,
    MessageSet,
    Record,
    Repeated,
    Rest,
    Text,
    UInt32,
    message,
    record,
)
from ssh_wire.lazy_attrs import field

__all__ = [
    "REPLIES",
    "REQUESTS",
    "SIGN_FLAGS",
    "AddConstrainedIdentity",
    "AddConstrainedSmartcardKey",
    "AddIdentity",
    "AddSmartcardKey",
    "AgentFailure",
    "AgentSuccess",
    "Extension",
    "ExtensionFailure",
    "ExtensionNames",
    "ExtensionResponse",
    "IdentitiesAnswer",
    "IdentityEntry",
    "Lock",
    "QueryExtension",
    "RemoveAllIdentities",
    "RemoveAllRSAIdentities",
    "RemoveIdentity",
    "RemoveSmartcardKey",
    "RequestIdentities",
    "SessionBind",
    "SignRequest",
    "SignResponse",
    "Unlock",
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

    contents: Rest = b""
    """Empty, but for the answer to an extension: early drafts answer "query" with this message."""


@message(9)
class RemoveAllRSAIdentities(Message):
    """Forget every key of SSH 1; OpenSSH's ssh-add sends it behind `RemoveAllIdentities`."""


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
    """Hand over a private key (section 4.2); `AddedIdentity` reads and writes it."""

    key: Rest = field(repr=False)
    """The fields of the key, its kind first, and its comment."""


@message(18)
class RemoveIdentity(Message):
    """Forget one key (section 4.3)."""

    key: bytes


@message(19)
class RemoveAllIdentities(Message):
    """Forget every key (section 4.3)."""


@message(20)
class AddSmartcardKey(Message):
    """Use the keys of a token (section 4.2.5)."""

    token: Text
    """Which token: in OpenSSH the path of a PKCS#11 library."""
    pin: bytes = field(repr=False)


@message(21)
class RemoveSmartcardKey(Message):
    """Forget the keys of a token (section 4.3)."""

    token: Text
    pin: bytes = field(repr=False)


@message(22)
class Lock(Message):
    """Refuse everything until the agent is unlocked (section 4.6)."""

    passphrase: bytes = field(repr=False)


@message(23)
class Unlock(Message):
    """Serve again (section 4.6)."""

    passphrase: bytes = field(repr=False)


@message(25)
class AddConstrainedIdentity(Message):
    """Hand over a private key, and how it may be used (section 4.2.6)."""

    key: Rest = field(repr=False)
    """The fields of the key, its comment, and the constraints."""


@message(26)
class AddConstrainedSmartcardKey(AddSmartcardKey):
    """Use the keys of a token under constraints (section 4.2.5)."""

    constraints: Rest
    """What `Constraints.decode` reads."""


@message(27)
class Extension(Message):
    """A request of an extension (section 4.7)."""

    name: Text
    contents: Rest = b""


@message(27)
class QueryExtension(Message):
    """Ask which extensions the agent has (section 4.7.1)."""

    name: Literal["query"] = field(default="query", init=False)


@message(27)
class SessionBind(Message):
    """Bind the connection to an SSH session (PROTOCOL.agent section 1)."""

    name: Literal["session-bind@openssh.com"] = field(
        default="session-bind@openssh.com", init=False
    )
    host_key: bytes
    """The host's key, or its certificate."""
    session_id: bytes
    """The session identifier, which is the exchange hash of the first key exchange."""
    signature: bytes
    """The host's signature of it, as it was sent in that key exchange."""
    is_forwarding: bool
    """Whether the agent is forwarded over the session, instead of used to log in to it."""


@message(28)
class ExtensionFailure(Message):
    """An extension is known and failed (section 4.7)."""


@message(29)
class ExtensionResponse(Message):
    """The answer of an extension that has one of its own (RFC 9987)."""

    name: Text
    contents: Rest = b""


@record
class ExtensionNames(Record):
    """The contents of the answer to `QueryExtension`."""

    names: Repeated[Text]


REQUESTS = MessageSet[Message](
    RequestIdentities,
    SignRequest,
    AddIdentity,
    RemoveIdentity,
    RemoveAllIdentities,
    RemoveAllRSAIdentities,
    AddSmartcardKey,
    RemoveSmartcardKey,
    Lock,
    Unlock,
    AddConstrainedIdentity,
    AddConstrainedSmartcardKey,
    QueryExtension,
    SessionBind,
    Extension,
)
"""Everything that a client sends."""

REPLIES = MessageSet[Message](
    AgentFailure,
    AgentSuccess,
    IdentitiesAnswer,
    SignResponse,
    ExtensionFailure,
    ExtensionResponse,
)
"""Everything that an agent sends."""
