"""What a client sends an agent, and an agent a client; keys on their way, and constraints."""

from __future__ import annotations

from fuzz.keys import CERTIFICATES, PORTABLE, PUBLIC, SIGNING, TOKEN_KEYS
from fuzz.target import Target
from ssh_agent import (
    AddedIdentity,
    AgentMisbehaved,
    Constraints,
    DestinationConstraint,
    DestinationKey,
    Hop,
    Identities,
)
from ssh_agent import messages as m
from ssh_keys import KeyFormatError
from ssh_wire import ProtocolError, WireError

KEYS = tuple(DestinationKey(key, is_ca) for key in PUBLIC[:2] for is_ca in (False, True))
DESTINATIONS = (
    DestinationConstraint(Hop("first", KEYS)),
    DestinationConstraint(Hop("second", KEYS[:1], "me"), Hop("first", KEYS)),
)
CONSTRAINTS = [
    Constraints(lifetime=60, confirm=True),
    Constraints(destinations=DESTINATIONS, provider="internal"),
]
OF_TOKENS = [
    Constraints(certificates=tuple(CERTIFICATES[:2]), certificates_only=True, lifetime=1),
    Constraints(destinations=DESTINATIONS, confirm=True),
]
ADDED = [
    *(AddedIdentity(key, "comment") for key in (*SIGNING, *TOKEN_KEYS)),
    *(AddedIdentity(PORTABLE[0], "comment", constraints=each) for each in CONSTRAINTS),
]
REQUESTS = [
    m.RequestIdentities(),
    m.SignRequest(key=PUBLIC[0].blob, data=b"data", flags=4),
    m.RemoveIdentity(key=PUBLIC[0].blob),
    m.AddConstrainedSmartcardKey(token="t", pin=b"p", constraints=b"\2"),
    m.QueryExtension(),
    m.SessionBind(host_key=PUBLIC[0].blob, session_id=b"i", signature=b"s", is_forwarding=True),
    m.Extension(name="a@b", contents=b"c"),
]
ENTRIES = tuple(m.IdentityEntry(key=key.blob, comment="c") for key in PUBLIC[:3])
REPLIES = [
    m.AgentSuccess(),
    m.IdentitiesAnswer(identities=ENTRIES),
    m.SignResponse(signature=b"signature"),
    m.ExtensionResponse(name="query", contents=m.ExtensionNames(names=("a", "b")).encode()),
]


def read_constraints(data: bytes) -> None:
    """What was read is encoded, and is the same again: nothing of it is lost."""
    made = Constraints.decode(data)
    assert Constraints.decode(made.encode()) == made


def read_token_constraints(data: bytes) -> None:
    """The same for a token."""
    made = Constraints.decode(data, for_token=True)
    assert Constraints.decode(made.encode(), for_token=True) == made


def read_added(data: bytes) -> None:
    """What was read is sent on with the same constraints."""
    added = AddedIdentity.from_message(m.AddIdentity(key=data))
    again = AddedIdentity.from_message(added.message)
    assert again.constraints == added.constraints
    assert again.key.public_key == added.key.public_key
    assert again.comment == added.comment


def read_request(data: bytes) -> None:
    request = m.REQUESTS.decode(data)
    assert m.REQUESTS.decode(request.encode()) == request


def read_reply(data: bytes) -> None:
    reply = m.REPLIES.decode(data)
    if isinstance(reply, m.IdentitiesAnswer):
        found = Identities.from_entries(reply.identities)
        assert len(found) + len(found.skipped) == len(reply.identities)


TARGETS = [
    Target(
        name="agent-constraints",
        function=read_constraints,
        seeds=[each.encode() for each in CONSTRAINTS],
        allowed=(WireError, KeyFormatError),
        tokens=[b"restrict-destination-v00@openssh.com", b"sk-provider@openssh.com"],
    ),
    Target(
        name="agent-token-constraints",
        function=read_token_constraints,
        seeds=[each.encode() for each in OF_TOKENS],
        allowed=(WireError, KeyFormatError),
        tokens=[b"associated-certs-v00@openssh.com"],
    ),
    Target(
        name="agent-added-key",
        function=read_added,
        seeds=[each.message.key for each in ADDED],
        allowed=(WireError, KeyFormatError),
    ),
    Target(
        name="agent-request-message",
        function=read_request,
        seeds=[each.encode() for each in REQUESTS],
        allowed=(ProtocolError,),
    ),
    Target(
        name="agent-reply",
        function=read_reply,
        seeds=[each.encode() for each in REPLIES],
        allowed=(ProtocolError, AgentMisbehaved),
    ),
]
