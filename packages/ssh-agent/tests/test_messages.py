from __future__ import annotations

import pytest

from ssh_agent.messages import (
    REPLIES,
    REQUESTS,
    AddConstrainedIdentity,
    AddConstrainedSmartcardKey,
    AddIdentity,
    AddSmartcardKey,
    AgentFailure,
    AgentSuccess,
    Extension,
    ExtensionFailure,
    ExtensionNames,
    ExtensionResponse,
    IdentitiesAnswer,
    IdentityEntry,
    Lock,
    QueryExtension,
    RemoveAllIdentities,
    RemoveAllRSAIdentities,
    RemoveIdentity,
    RemoveSmartcardKey,
    RequestIdentities,
    SessionBind,
    SignRequest,
    SignResponse,
    Unlock,
)
from ssh_wire import Message, ProtocolError, Record, UnknownMessage


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
        (RemoveAllRSAIdentities(), "09"),
        (AddIdentity(key=b"kc"), "11 6b63"),
        (RemoveIdentity(key=b"k"), "12 00000001 6b"),
        (RemoveAllIdentities(), "13"),
        (AddSmartcardKey(token="t", pin=b"p"), "14 00000001 74 00000001 70"),
        (RemoveSmartcardKey(token="t", pin=b""), "15 00000001 74 00000000"),
        (Lock(passphrase=b"p"), "16 00000001 70"),
        (Unlock(passphrase=b"p"), "17 00000001 70"),
        (AddConstrainedIdentity(key=b"kc\2"), "19 6b6302"),
        (
            AddConstrainedSmartcardKey(token="t", pin=b"p", constraints=b"\2"),
            "1a 00000001 74 00000001 70 02",
        ),
        (QueryExtension(), "1b 00000005 7175657279"),
        (Extension(name="a@b", contents=b"c"), "1b 00000003 614062 63"),
        (
            SessionBind(host_key=b"k", session_id=b"i", signature=b"s", is_forwarding=True),
            "1b00000018"
            + b"session-bind@openssh.com".hex()
            + "000000016b 0000000169 0000000173 01",
        ),
        (AgentSuccess(contents=b"x"), "06 78"),
        (ExtensionResponse(name="query", contents=b"c"), "1d 00000005 7175657279 63"),
        (ExtensionNames(names=("a", "b")), "00000001 61 00000001 62"),
    ],
)
def test_messages_are_those_of_draft(message: Record, wire: str) -> None:
    assert message.encode() == bytes.fromhex(wire)
    assert type(message).decode(bytes.fromhex(wire)) == message


REQUEST_SAMPLES = [
    RequestIdentities(),
    SignRequest(key=b"k", data=b"d", flags=2),
    AddIdentity(key=b"k"),
    RemoveIdentity(key=b"k"),
    RemoveAllIdentities(),
    RemoveAllRSAIdentities(),
    AddSmartcardKey(token="t", pin=b"p"),
    RemoveSmartcardKey(token="t", pin=b"p"),
    Lock(passphrase=b"p"),
    Unlock(passphrase=b"p"),
    AddConstrainedIdentity(key=b"k"),
    AddConstrainedSmartcardKey(token="t", pin=b"p", constraints=b""),
    QueryExtension(),
    SessionBind(host_key=b"k", session_id=b"i", signature=b"s", is_forwarding=False),
    Extension(name="a@example.com", contents=b"c"),
]


@pytest.mark.parametrize("message", REQUEST_SAMPLES, ids=lambda m: type(m).__name__)
def test_each_request_is_found_by_its_number_and_name(message: Message) -> None:
    assert REQUESTS.decode(message.encode()) == message


def test_samples_have_every_request() -> None:
    assert {type(each) for each in REQUEST_SAMPLES} == set(REQUESTS)


@pytest.mark.row("G01")
def test_reply_and_unknown_type_are_refused_as_requests() -> None:
    for number in {*range(256)} - {declaration.NUMBER for declaration in REQUESTS}:
        with pytest.raises(UnknownMessage):
            REQUESTS.decode(bytes([number]))


@pytest.mark.parametrize("message", REQUEST_SAMPLES, ids=lambda m: type(m).__name__)
def test_secret_of_request_is_in_no_repr(message: Message) -> None:
    text = repr(message)

    assert "pin=b" not in text
    assert "passphrase=b" not in text
    assert "AddIdentity(key=b" not in text


@pytest.mark.row("G01")
@pytest.mark.parametrize("payload", [b"", b"\x0b", b"\x0d", b"\xff", b"\x0c", b"\x0e\0\0\0\x05a"])
def test_requests_and_unknown_types_are_refused_as_replies(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        REPLIES.decode(payload)
