"""What a client believes of the other host keys that its server announces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_keys import ECDSA, ED25519, RSA, Device, Learner
from programs import pair, settle
from ssh_connection import hostkeys
from ssh_connection.aio import HostKeyProver, HostKeyUpdater
from ssh_connection.aio.services.hostkeys import announcement_row
from ssh_connection.aio.testing import EndpointPair
from ssh_connection.multiplexer import GlobalAnswer
from ssh_connection.testing import Side
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import ConnectionLost
from ssh_wire import Message, ProtocolError
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

SESSION = b"the session identifier"
KEYS = (ED25519, ECDSA)
PUBLIC = tuple(key.public_key for key in KEYS)


def signatures(keys: Sequence[PrivateKey] = KEYS, session_id: bytes = SESSION) -> list[bytes]:
    return [key.sign(hostkeys.signed_data(session_id, key.public_key)) for key in keys]


def granted(proofs: Sequence[bytes]) -> m.RequestSuccess:
    return m.RequestSuccess(details=hostkeys.proof_of(proofs))


async def learn(
    learner: HostKeyUpdater,
    request: Callable[[m.GlobalHead], Awaitable[GlobalAnswer]],
    message: Message = hostkeys.announcement(PUBLIC),  # noqa: B008 (it is frozen)
) -> None:
    """Give an announcement to what serves it."""
    side = Side()
    work: list[Coroutine[Any, Any, None]] = []
    row = announcement_row(learner, request, lambda: SESSION, work.append, side.mux)
    side.mux.services.register(row)
    side.receive(message)
    while work:
        await work.pop(0)


async def learned(answer: GlobalAnswer) -> tuple[list[m.GlobalHead], Learner]:
    """Let a learner ask for the proof of all keys; return the requests and what it learned."""
    sent: list[m.GlobalHead] = []
    learner = Learner()

    async def request(message: m.GlobalHead) -> GlobalAnswer:
        sent.append(message)
        return answer

    await learn(learner, request)
    return sent, learner


async def test_proof_of_announced_keys_is_requested_and_verified() -> None:
    sent, learner = await learned(granted(signatures()))

    assert sent == [hostkeys.proof_request(PUBLIC)]
    assert learner.told == [PUBLIC]
    assert learner.proven == [PUBLIC]


@pytest.mark.row("C23")
@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        (m.RequestFailure(), ()),
        (m.RequestSuccess(), ()),
        (m.RequestSuccess(details=b"\0\0\0\7short"), ()),
        (granted(signatures()[:1]), ()),
        (granted([*signatures(), b"one more"]), ()),
        (granted(signatures(session_id=b"another session")), ()),
        (granted(signatures()[::-1]), ()),
        (granted([signatures()[0], b"no signature"]), PUBLIC[:1]),
        (granted([b"", signatures()[1]]), PUBLIC[1:]),
    ],
)
async def test_c23_wrong_proof_proves_none_but_the_keys_that_signed(
    answer: GlobalAnswer, proven: tuple[PublicKey, ...]
) -> None:
    _, learner = await learned(answer)

    assert learner.proven == [proven]


async def refuse(_message: m.GlobalHead) -> GlobalAnswer:
    pytest.fail("nothing is requested")


@pytest.mark.row("C23")
@given(st.binary(max_size=40))
def test_c23_announcement_of_any_bytes_names_keys_or_is_a_protocol_error(details: bytes) -> None:
    told: list[tuple[PublicKey, ...]] = []

    async def learner(keys: tuple[PublicKey, ...], _prove: HostKeyProver) -> None:
        told.append(keys)

    message = m.GlobalRequest(kind="hostkeys-00@openssh.com", want_reply=False, details=details)
    try:
        asyncio.run(learn(learner, refuse, message))
    except ProtocolError:
        assert told == []
    else:
        assert told == [()]  # a key is longer


async def test_error_of_the_learner_is_raised() -> None:
    async def learner(_keys: tuple[PublicKey, ...], _prove: HostKeyProver) -> None:
        problem = "mine"
        raise ValueError(problem)

    with pytest.raises(ValueError, match="mine"):
        await learn(learner, refuse)


async def test_lost_connection_ends_the_proof_with_its_error() -> None:
    async def request(_message: m.GlobalHead) -> GlobalAnswer:
        problem = "gone"
        raise ConnectionLost(problem)

    learner = Learner()
    with pytest.raises(ConnectionLost, match="gone"):
        await learn(learner, request)
    assert learner.proven == []


# ---------------------------------------------------------------- with a server


def learning(learner: HostKeyUpdater) -> EndpointPair:
    return pair(client={"update_host_keys": learner}, host_keys=[ED25519, Device(ECDSA), RSA])


async def test_client_learns_all_host_keys_with_their_proofs() -> None:
    learner = Learner()
    async with learning(learner):
        await learner.done.wait()
    every = (ED25519.public_key, ECDSA.public_key, RSA.public_key)
    assert learner.told == [every]
    assert learner.proven == [every]


async def test_proof_of_no_keys_sends_no_request() -> None:
    found: list[tuple[PublicKey, ...]] = []

    async def learner(_keys: tuple[PublicKey, ...], prove: HostKeyProver) -> None:
        found.append(await prove(()))

    async with learning(learner) as ends:
        await settle()
        await ends.client.ping()
    assert found == [()]


@pytest.mark.row("C23")
async def test_c23_only_the_first_announcement_counts() -> None:
    learner = Learner()
    async with learning(learner) as ends:
        await learner.done.wait()
        keys = [ED25519.public_key, ECDSA.public_key, RSA.public_key]
        ends.server._mux.request(hostkeys.announcement(keys))
        await ends.client.ping()
        assert len(learner.told) == 1
