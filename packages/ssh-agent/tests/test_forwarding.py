from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_dialogue import Dialogue, login
from agent_samples import KEYS
from ssh_agent import AddedIdentity, Constraints, DestinationConstraint, DestinationKey, Hop
from ssh_agent.errors import WrongReply
from ssh_agent.forwarding import MAX_WAITING, AgentForwarding, ForwardedSession
from ssh_agent.framing import AgentFrameReader, frame
from ssh_agent.messages import (
    REPLIES,
    AddConstrainedSmartcardKey,
    AddSmartcardKey,
    AgentFailure,
    AgentSuccess,
    ExtensionFailure,
    IdentitiesAnswer,
    RemoveSmartcardKey,
    RequestIdentities,
    SignRequest,
    SignResponse,
)
from ssh_keys import PrivateKey
from ssh_wire import Message, WireError

KEY = KEYS["ed25519"]
FIRST, SECOND = KEYS["ecdsa"], KEYS["ecdsa384"]
LIST = RequestIdentities()
FAILED = AgentFailure()


def session(
    host: PrivateKey = FIRST, session_id: bytes = b"one", *, signer: PrivateKey | None = None
) -> ForwardedSession:
    signature = (signer or host).sign(session_id)
    return ForwardedSession(host_key=host.public_key, session_id=session_id, signature=signature)


class Chain:
    """A client whose requests go through one forwarding to an agent."""

    def __init__(self, hop: ForwardedSession, *, require_binding: bool = False) -> None:
        self.core = AgentForwarding(hop, require_binding=require_binding)
        self.agent = Dialogue()
        self.seen: list[bytes] = []

    def ask(self, *requests: Message) -> list[Message]:
        self.core.receive_from_client(b"".join(frame(each.encode()) for each in requests))
        while data := self.core.take_for_agent():
            self.seen += AgentFrameReader().feed(data)
            self.agent.connection.receive(data, 0.0)
            self.agent.settle()
            while reply := self.agent.connection.take_outgoing(0.0):
                self.core.receive_from_agent(reply)
        return list(map(REPLIES.decode, AgentFrameReader().feed(self.core.take_for_client())))


def restricted(*destinations: DestinationConstraint) -> Constraints:
    return Constraints(destinations=destinations)


def to(host: PrivateKey, origin: PrivateKey | None = None) -> DestinationConstraint:
    start = Hop("origin", (DestinationKey(origin.public_key),)) if origin else Hop()
    return DestinationConstraint(Hop("host", (DestinationKey(host.public_key),)), start)


def test_connection_is_bound_before_the_first_request_is_passed_on() -> None:
    hop = session()
    chain = Chain(hop)
    chain.agent.keyring.add(KEY)

    (answer,) = chain.ask(LIST)

    assert isinstance(answer, IdentitiesAnswer)
    assert chain.seen == [hop.message.encode(), LIST.encode()]
    assert chain.core.bound is True
    assert chain.core.waiting == 0


@pytest.mark.row("G10")
def test_key_is_used_over_the_session_as_its_constraints_allow() -> None:
    chain = Chain(session())
    chain.agent.keyring.add(KEY, constraints=restricted(to(FIRST), to(SECOND, FIRST)))
    chain.agent.keyring.add(KEYS["rsa"], constraints=restricted(to(FIRST)))
    second = session(SECOND, b"two")
    data = login(KEY.public_key, b"two", host_key=SECOND.public_key)
    bind = ForwardedSession(
        host_key=second.host_key,
        session_id=b"two",
        signature=second.signature,
        is_forwarding=False,
    )

    listed, bound, signed, other = chain.ask(
        LIST,
        bind.message,  # what ssh on the other host sends before it logs in
        SignRequest(key=KEY.public_key.blob, data=data),
        SignRequest(key=KEY.public_key.blob, data=login(KEY.public_key, b"one")),
    )

    assert isinstance(listed, IdentitiesAnswer)
    assert [each.key for each in listed.identities] == [KEY.public_key.blob]
    assert bound == AgentSuccess()
    assert isinstance(signed, SignResponse)
    assert other == FAILED


@pytest.mark.row("G10")
def test_session_with_a_wrong_host_key_uses_no_constrained_key() -> None:
    chain = Chain(session(FIRST, signer=SECOND))
    chain.agent.keyring.add(KEY, constraints=restricted(to(FIRST)))
    chain.agent.keyring.add(KEYS["rsa"])

    listed, signed = chain.ask(
        LIST, SignRequest(key=KEY.public_key.blob, data=login(KEY.public_key, b"one"))
    )

    assert chain.core.bound is False
    assert isinstance(listed, IdentitiesAnswer)
    assert [each.key for each in listed.identities] == [KEYS["rsa"].public_key.blob]
    assert signed == FAILED


def test_binding_that_is_required_and_fails_refuses_everything() -> None:
    chain = Chain(session(FIRST, signer=SECOND), require_binding=True)
    chain.agent.keyring.add(KEY)

    assert chain.ask(LIST, LIST) == [FAILED, FAILED]
    assert len(chain.seen) == 1
    good = Chain(session(), require_binding=True)
    assert isinstance(good.ask(LIST)[0], IdentitiesAnswer)


@pytest.mark.row("G06")
def test_request_to_load_a_library_is_refused_here_and_answered_in_order() -> None:
    chain = Chain(session())
    provider = Constraints(provider="/usr/lib/evil.so")
    internal = Constraints(provider="internal")
    token = KEYS["sk-ed25519"]

    replies = chain.ask(
        LIST,
        AddSmartcardKey(token="/usr/lib/evil.so", pin=b""),
        AddConstrainedSmartcardKey(token="/usr/lib/evil.so", pin=b"", constraints=b""),
        LIST,
        AddedIdentity(token, constraints=provider).message,
        RemoveSmartcardKey(token="/usr/lib/evil.so", pin=b""),
        AddedIdentity(token, constraints=internal).message,
        LIST,
    )

    kinds = [type(each) for each in replies]
    assert kinds == [
        IdentitiesAnswer,
        AgentFailure,
        AgentFailure,
        IdentitiesAnswer,
        AgentFailure,
        AgentFailure,
        AgentFailure,  # this one is the agent's own
        IdentitiesAnswer,
    ]
    assert len(chain.seen) == 1 + 4


def test_requests_are_held_until_the_agent_has_bound() -> None:
    core = AgentForwarding(session())
    core.take_for_agent()
    core.receive_from_client(frame(LIST.encode()) * MAX_WAITING)

    assert core.take_for_agent() == b""
    assert core.is_full
    core.receive_from_agent(frame(ExtensionFailure().encode()))

    assert core.take_for_agent() == frame(LIST.encode()) * MAX_WAITING
    assert core.bound is False
    answer = frame(IdentitiesAnswer(identities=()).encode())
    core.receive_from_agent(answer)
    assert not core.is_full
    assert core.take_for_client() == answer


def test_client_that_takes_no_replies_is_full() -> None:
    core = AgentForwarding(session())
    core.receive_from_agent(frame(AgentSuccess().encode()))
    core.receive_from_client(frame(LIST.encode()) * 2)
    core.receive_from_agent(frame(bytes(200_000)) * 2)

    assert core.is_full
    core.take_for_client()
    assert not core.is_full


def test_reply_to_nothing_is_refused() -> None:
    core = AgentForwarding(session())
    core.receive_from_agent(frame(AgentSuccess().encode()))

    with pytest.raises(WrongReply):
        core.receive_from_agent(frame(AgentSuccess().encode()))


def test_length_that_no_message_has_is_refused_from_both() -> None:
    core = AgentForwarding(session())

    with pytest.raises(WireError):
        core.receive_from_client(bytes(4))
    with pytest.raises(WireError):
        core.receive_from_agent(b"\xff" * 4)


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8), st.integers(1, 40))
def test_every_request_has_its_reply_however_it_arrives(requests: list[bytes], size: int) -> None:
    chain = Chain(session())
    stream = b"".join(map(frame, requests))
    replies: list[Message] = []
    for start in range(0, len(stream), size):
        chain.core.receive_from_client(stream[start : start + size])
        replies += chain.ask()

    assert len(replies) == len(requests)
