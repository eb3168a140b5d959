"""An agent as its clients reach it: any bytes are answered, or end the connection."""

from __future__ import annotations

from typing import Final

from fuzz.keys import PORTABLE
from fuzz.target import Target
from ssh_agent import AddedIdentity, Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.framing import frame
from ssh_agent.messages import (
    Lock,
    QueryExtension,
    RemoveIdentity,
    RequestIdentities,
    SessionBind,
    SignRequest,
    Unlock,
)
from ssh_agent.server import AgentConnection, ConfirmationNeeded, Keyring
from ssh_wire import Message, WireError

_KEY: Final = PORTABLE[0]  # Ed25519
_PUBLIC: Final = _KEY.public_key
_SIGNATURE: Final = _KEY.sign(b"session")


def serve(data: bytes) -> None:
    """Serve one client; each request that is complete has one reply."""
    keyring = Keyring(random=bytes)
    keyring.add(_KEY)
    connection = AgentConnection(keyring, unix_time=lambda: 0, can_confirm=True)
    connection.receive(data, 0.0)
    now, replies = 0.0, b""
    while True:
        while (event := connection.next_event()) is not None:
            if isinstance(event, ConfirmationNeeded):
                connection.answer_confirmation(event, allowed=True, now=now)
            else:
                connection.answer_signature(event, None, now=now)
        taken = connection.take_outgoing(now)
        replies += taken
        if (deadline := connection.next_deadline()) is not None:
            now = deadline
            connection.tick(now)
        elif not taken:
            break
    assert not connection.waits
    assert len(keyring.identities) <= 2048


def _talk(*requests: Message) -> bytes:
    return b"".join(frame(each.encode()) for each in requests)


_HOP: Final = Hop("host", (DestinationKey(_PUBLIC),), "me*")
_CONSTRAINTS: Final = Constraints(
    lifetime=5, confirm=True, destinations=(DestinationConstraint(_HOP),)
)

TARGET = Target(
    name="agent-requests",
    function=serve,
    seeds=[
        _talk(RequestIdentities(), QueryExtension(), RemoveIdentity(key=_PUBLIC.blob)),
        _talk(SignRequest(key=_PUBLIC.blob, data=b"data", flags=2)),
        _talk(AddedIdentity(_KEY, "mine", constraints=_CONSTRAINTS).message, RequestIdentities()),
        _talk(
            SessionBind(
                host_key=_PUBLIC.blob,
                session_id=b"session",
                signature=_SIGNATURE,
                is_forwarding=True,
            ),
            RequestIdentities(),
        ),
        _talk(
            Lock(passphrase=b"sesame"), Unlock(passphrase=b"wrong"), Unlock(passphrase=b"sesame")
        ),
    ],
    allowed=(WireError,),
    growth=2000,  # a message has a buffer of 256 KiB; the keyring comes on top
    tokens=[b"restrict-destination-v00@openssh.com", b"session-bind@openssh.com", b"query"],
)
