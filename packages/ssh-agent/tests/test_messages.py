from __future__ import annotations

import pytest

from ssh_agent.messages import (
    REPLIES,
    AgentFailure,
    AgentSuccess,
    ExtensionFailure,
    IdentitiesAnswer,
    IdentityEntry,
    RequestIdentities,
    SignRequest,
    SignResponse,
)
from ssh_wire import Message, ProtocolError


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (RequestIdentities(), "0b"),
        (SignRequest(key=b"k", data=b"dd", flags=4), "0d 00000001 6b 00000002 6464 00000004"),
        (AgentFailure(), "05"),
        (AgentSuccess(), "06"),
        (ExtensionFailure(), "1c"),
        (
            IdentitiesAnswer(identities=(IdentityEntry(key=b"k", comment="c"),)),
            "0c 00000001 00000001 6b 00000001 63",
        ),
        (SignResponse(signature=b"s"), "0e 00000001 73"),
    ],
)
def test_messages_are_those_of_draft(message: Message, wire: str) -> None:
    assert message.encode() == bytes.fromhex(wire)
    assert type(message).decode(bytes.fromhex(wire)) == message


@pytest.mark.row("G01")
@pytest.mark.parametrize("payload", [b"", b"\x0b", b"\x0d", b"\xff", b"\x0c", b"\x0e\0\0\0\x05a"])
def test_requests_and_unknown_types_are_refused_as_replies(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        REPLIES.decode(payload)
