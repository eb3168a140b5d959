from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_dialogue import Dialogue
from agent_samples import KEYS
from ssh_agent import AddedIdentity, Constraints
from ssh_agent.framing import frame
from ssh_agent.messages import (
    AgentFailure,
    AgentSuccess,
    IdentitiesAnswer,
    Lock,
    RequestIdentities,
    SignRequest,
    SignResponse,
    Unlock,
)
from ssh_agent.server import AgentConnection, ConfirmationNeeded, Keyring, SignatureNeeded
from ssh_wire import UsageError, WireError

KEY = KEYS["ed25519"]
SIGN = SignRequest(key=KEY.public_key.blob, data=b"data")
FAILED = AgentFailure()


def confirming() -> Dialogue:
    dialogue = Dialogue(consent=True)
    dialogue.keyring.add(KEY, constraints=Constraints(confirm=True))
    return dialogue


def signing() -> Dialogue:
    dialogue = Dialogue()
    dialogue.keyring.add(KEY)
    return dialogue


def next_signature(dialogue: Dialogue) -> SignatureNeeded:
    event = dialogue.connection.next_event()
    assert isinstance(event, SignatureNeeded)
    return event


def next_question(dialogue: Dialogue) -> ConfirmationNeeded:
    event = dialogue.connection.next_event()
    assert isinstance(event, ConfirmationNeeded)
    return event


@pytest.mark.row("G01")
@pytest.mark.parametrize("length", [0, 262_145, 2**32 - 1])
def test_length_that_no_message_has_ends_the_connection(length: int) -> None:
    with pytest.raises(WireError, match="length"):
        signing().connection.receive(length.to_bytes(4), 0.0)


@pytest.mark.row("G01")
@pytest.mark.parametrize("number", [0, 1, 5, 6, 8, 12, 14, 28, 29, 99, 255])
def test_unknown_type_or_that_of_a_reply_is_answered_with_failure(number: int) -> None:
    dialogue = signing()

    assert dialogue.ask(bytes([number])) == FAILED
    assert len(dialogue.listed()) == 1


@pytest.mark.row("G01")
def test_truncated_and_overlong_requests_are_answered_with_failure() -> None:
    dialogue = signing()
    encoded = SIGN.encode()

    for end in range(1, len(encoded)):
        assert dialogue.ask(encoded[:end]) == FAILED
    assert dialogue.ask(encoded + b"\0") == FAILED
    assert isinstance(dialogue.ask(SIGN), SignResponse)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=10), st.integers(1, 50))
def test_every_request_has_one_reply_however_it_arrives(requests: list[bytes], size: int) -> None:
    dialogue = signing()
    stream = b"".join(map(frame, requests))

    for start in range(0, len(stream), size):
        dialogue.connection.receive(stream[start : start + size], 0.0)
        dialogue.settle()

    assert len(dialogue.replies()) == len(requests)


def test_replies_come_in_the_order_of_the_requests() -> None:
    dialogue = signing()
    requests = [RequestIdentities(), SIGN, RequestIdentities(), Lock(passphrase=b"x"), SIGN]
    dialogue.connection.receive(b"".join(frame(each.encode()) for each in requests), 0.0)

    assert [type(each) for each in dialogue.replies()] == [IdentitiesAnswer]
    assert dialogue.connection.waits
    dialogue.settle()

    assert [type(each) for each in dialogue.replies()] == [
        SignResponse,
        IdentitiesAnswer,
        AgentSuccess,
        AgentFailure,
    ]
    assert not dialogue.connection.waits


def test_event_is_reported_once() -> None:
    dialogue = signing()
    dialogue.send(SIGN)

    assert isinstance(dialogue.connection.next_event(), SignatureNeeded)
    assert dialogue.connection.next_event() is None


@pytest.mark.parametrize(
    "signature",
    [None, b"", b"nonsense", KEYS["ecdsa"].sign(b"data")],
    ids=["none", "empty", "nonsense", "another key's"],
)
def test_signature_that_is_not_the_key_s_is_not_passed_on(signature: bytes | None) -> None:
    dialogue = signing()
    dialogue.send(SIGN)
    event = next_signature(dialogue)

    dialogue.connection.answer_signature(event, signature, now=0.0)

    assert dialogue.replies() == [FAILED]


def test_signature_over_other_data_is_not_passed_on() -> None:
    dialogue = signing()
    dialogue.send(SIGN)
    event = next_signature(dialogue)

    dialogue.connection.answer_signature(event, KEY.sign(b"other"), now=0.0)

    assert dialogue.replies() == [FAILED]


def test_later_event_is_reported_too() -> None:
    dialogue = signing()
    for _ in range(3):
        assert isinstance(dialogue.ask(SIGN), SignResponse)


def test_answer_that_is_not_awaited_is_an_error_of_the_driver() -> None:
    dialogue = signing()
    dialogue.send(SIGN)
    event = next_signature(dialogue)
    dialogue.connection.answer_signature(event, KEY.sign(b"data"), now=0.0)

    with pytest.raises(UsageError, match="does not wait"):
        dialogue.connection.answer_signature(event, KEY.sign(b"data"), now=0.0)


def test_only_true_is_consent() -> None:
    dialogue = confirming()
    dialogue.send(SIGN)
    event = next_question(dialogue)

    async def forgotten() -> bool:
        return True

    answer = forgotten()
    dialogue.connection.answer_confirmation(event, allowed=answer, now=0.0)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    answer.close()

    assert dialogue.replies() == [FAILED]


@pytest.mark.parametrize("change", ["removed", "replaced", "locked", "expired"])
def test_identity_that_changed_while_the_user_was_asked_does_not_sign(change: str) -> None:
    dialogue = Dialogue(consent=True)
    constraints = Constraints(confirm=True, lifetime=5)
    identity = dialogue.keyring.add(KEY, constraints=constraints, now=0.0)
    dialogue.send(SIGN)
    event = next_question(dialogue)
    if change == "removed":
        dialogue.keyring.remove(identity)
    elif change == "replaced":
        dialogue.keyring.add(KEY)
    elif change == "locked":
        dialogue.keyring.lock.lock(b"x")
    now = 9.0 if change == "expired" else 1.0

    dialogue.connection.answer_confirmation(event, allowed=True, now=now)

    assert dialogue.replies() == [FAILED]


@pytest.mark.row("G07")
def test_wrong_passphrase_is_answered_when_its_delay_is_over() -> None:
    dialogue = signing()
    dialogue.ask(Lock(passphrase=b"sesame"))
    requests = [Unlock(passphrase=b"wrong"), Unlock(passphrase=b"sesame"), RequestIdentities()]
    dialogue.connection.receive(b"".join(frame(each.encode()) for each in requests), 1.0)

    assert dialogue.replies() == []
    assert dialogue.connection.waits
    assert dialogue.connection.next_deadline() == pytest.approx(1.1)
    dialogue.connection.tick(1.05)
    assert dialogue.replies() == []
    dialogue.connection.tick(1.11)

    assert [type(each) for each in dialogue.replies()] == [
        AgentFailure,
        AgentSuccess,
        IdentitiesAnswer,
    ]
    assert dialogue.connection.next_deadline() is None
    dialogue.connection.tick(2.0)


def test_client_that_takes_no_replies_makes_no_more_of_them() -> None:
    keyring = Keyring()
    keyring.add(KEY, comment="x" * 100_000)
    dialogue = Dialogue(keyring)
    dialogue.connection.receive(frame(RequestIdentities().encode()) * 50, 0.0)

    first = dialogue.connection.take_outgoing(0.0)

    assert 262_144 <= len(first) < 2 * 262_144
    assert dialogue.connection.waits
    total = len(first)
    while data := dialogue.connection.take_outgoing(0.0):
        total += len(data)
    assert total > 50 * 100_000
    assert not dialogue.connection.waits


def test_replies_of_exactly_the_limit_wait_to_be_taken() -> None:
    keyring = Keyring()
    head = 4 + 5 + 4 + len(KEY.public_key.blob) + 4
    keyring.add(KEY, comment="x" * (131_072 - head))
    dialogue = Dialogue(keyring)
    dialogue.connection.receive(frame(RequestIdentities().encode()) * 3, 0.0)

    assert len(dialogue.connection.take_outgoing(0.0)) == 262_144


def test_confirmation_is_not_there_unless_it_is_asked_for() -> None:
    connection = AgentConnection(Keyring(), unix_time=lambda: 0)
    message = AddedIdentity(KEY, constraints=Constraints(confirm=True)).message
    connection.receive(frame(message.encode()), 0.0)

    assert connection.take_outgoing(0.0) == frame(FAILED.encode())


def test_trace_names_requests_and_replies_without_their_contents() -> None:
    dialogue = signing()
    dialogue.ask(Lock(passphrase=b"sesame"))

    assert dialogue.traced == ["client: Lock", "agent: AgentSuccess"]
    plain = signing()
    plain.connection._trace = None
    assert len(plain.listed()) == 1
