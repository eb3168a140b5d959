"""What a server announces of its host keys, and which it proves to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_keys import ECDSA, ED25519, RSA, Device, Learner
from programs import pair
from ssh_connection import hostkeys
from ssh_connection.aio.server.identity import HostIdentity
from ssh_connection.aio.services.hostkeys import HostKeyProofs
from ssh_connection.testing import Side
from ssh_keys import PrivateKey
from ssh_transport import TransportOptions, profiles
from ssh_wire import ProtocolError
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import HostKeys

pytestmark = pytest.mark.usefixtures("reports")

SESSION = b"the session identifier"
KEYS = (ED25519, ECDSA)
FOREIGN = PrivateKey.generate("ed25519").public_key


class Server:
    """The proofs of a server without a connection; what it has to sign waits for `sign`."""

    def __init__(self, *keys: Any, negotiated: str = "ssh-ed25519") -> None:
        self.side = Side()
        self.work: list[Coroutine[Any, Any, None]] = []
        core: Any = SimpleNamespace(
            session_id=SESSION, agreement=SimpleNamespace(host_key=negotiated)
        )
        identity = HostIdentity(keys or KEYS)
        self.proofs = HostKeyProofs(identity, core, self.side.mux, self.work.append)
        self.side.mux.services.register(self.proofs.row)

    def ask(self, blobs: Sequence[bytes], *, wanted: bool = True) -> None:
        details = b"".join(len(blob).to_bytes(4, "big") + blob for blob in blobs)
        self.receive(details, wanted=wanted)

    def receive(self, details: bytes, *, wanted: bool = True) -> None:
        kind = "hostkeys-prove-00@openssh.com"
        self.side.receive(m.GlobalRequest(kind=kind, want_reply=wanted, details=details))

    async def sign(self) -> None:
        while self.work:
            await self.work.pop(0)


async def test_announcement_has_all_keys_and_wants_no_reply() -> None:
    server = Server()
    server.proofs.announce()

    (sent,) = server.side.wire.sent()
    assert isinstance(sent, m.GlobalRequest)
    assert not sent.want_reply
    assert hostkeys.announced(HostKeys.decode(sent.encode())) == tuple(
        key.public_key for key in KEYS
    )


async def test_keys_are_proven_in_the_order_of_the_request() -> None:
    server = Server()
    asked = (ECDSA.public_key, ED25519.public_key)
    server.ask([key.blob for key in asked])
    assert server.side.wire.sent() == []
    await server.sign()

    (answer,) = server.side.wire.sent()
    assert isinstance(answer, m.RequestSuccess)
    assert hostkeys.proven(asked, answer.details, SESSION) == asked
    assert hostkeys.proven(asked, answer.details, b"another session") == ()


async def test_answer_to_a_later_request_waits_for_the_proof() -> None:
    server = Server()
    server.ask([ED25519.public_key.blob])
    server.ask([FOREIGN.blob])
    assert server.side.wire.sent() == []
    await server.sign()

    assert [type(each) for each in server.side.wire.sent()] == [
        m.RequestSuccess,
        m.RequestFailure,
    ]


BLOBS = st.sampled_from([*(key.public_key.blob for key in KEYS), FOREIGN.blob, b"", b"no key"])


@pytest.mark.row("C23")
@given(blobs=st.lists(BLOBS, max_size=4), wanted=st.booleans())
def test_c23_own_keys_alone_are_proven_each_once(blobs: list[bytes], *, wanted: bool) -> None:
    server = Server()
    server.ask(blobs, wanted=wanted)
    own = {key.public_key.blob for key in KEYS}
    allowed = bool(blobs) and set(blobs) <= own and len(set(blobs)) == len(blobs)

    assert len(server.work) == (allowed and wanted)
    if server.work:
        asyncio.run(server.sign())
    kinds = [type(each) for each in server.side.wire.sent()]
    assert kinds == ([m.RequestSuccess if allowed else m.RequestFailure] if wanted else [])


@pytest.mark.row("C23")
@given(st.binary(max_size=40))
def test_c23_request_of_any_bytes_is_denied_or_a_protocol_error(details: bytes) -> None:
    server = Server()
    try:
        server.receive(details)
    except ProtocolError:
        assert server.side.wire.sent() == []
    else:
        assert server.side.wire.sent() == [m.RequestFailure()]  # a key is longer
    assert server.work == []


@pytest.mark.parametrize(
    ("negotiated", "algorithm"),
    [
        ("rsa-sha2-256", "rsa-sha2-256"),
        ("rsa-sha2-512", "rsa-sha2-512"),
        ("ssh-ed25519", "rsa-sha2-512"),
    ],
)
async def test_rsa_key_signs_as_negotiated_or_with_its_first_algorithm(
    negotiated: str, algorithm: str
) -> None:
    device = Device(RSA)
    server = Server(device, negotiated=negotiated)
    server.ask([RSA.public_key.blob])
    await server.sign()

    assert device.asked == [algorithm]


# ---------------------------------------------------------------- with a client


def only_sha256() -> TransportOptions:
    algorithms = attrs.evolve(profiles("default", "server"), host_keys=("rsa-sha2-256",))
    return TransportOptions(algorithms=algorithms)


@pytest.mark.row("C23")
async def test_c23_foreign_key_in_a_request_proves_nothing() -> None:
    learner = Learner()
    learner.extra = (PrivateKey.generate("ed25519").public_key,)
    async with pair(client={"update_host_keys": learner}, host_keys=[ED25519, Device(ECDSA), RSA]):
        await learner.done.wait()
    assert learner.proven == [()]


@pytest.mark.row("C23")
async def test_c23_proof_without_a_wanted_reply_is_not_made() -> None:
    device = Device(ECDSA)
    async with pair(host_keys=[ED25519, device]) as ends:
        request = m.GlobalRequest(
            kind="hostkeys-prove-00@openssh.com",
            want_reply=False,
            details=len(ECDSA.public_key.blob).to_bytes(4, "big") + ECDSA.public_key.blob,
        )
        ends.client._mux.request(request)
        await ends.client.ping()
        assert device.asked == []


async def test_proof_is_denied_when_a_signer_fails(reports: list[dict[str, Any]]) -> None:
    device = Device(ECDSA, OSError("unplugged"))
    learner = Learner()
    async with pair(client={"update_host_keys": learner}, host_keys=[ED25519, device]):
        await learner.done.wait()
    assert learner.proven == [()]
    assert isinstance(reports.pop()["exception"], OSError)


async def test_proof_is_signed_with_the_algorithm_of_the_key_exchange() -> None:
    device = Device(RSA)
    learner = Learner()
    ends = pair(client={"update_host_keys": learner}, host_keys=[device], transport=only_sha256())
    async with ends:
        await learner.done.wait()
    assert device.asked == ["rsa-sha2-256", "rsa-sha2-256"]
