"""The server's identity: who signs, certificates, and the keys beyond the first."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import attrs
import pytest

from programs import pair, settle
from ssh_connection.aio import HostKeyProver, HostKeyUpdater
from ssh_connection.aio.server.identity import HostIdentity
from ssh_connection.aio.testing import EndpointPair
from ssh_keys import Certificate, CertificateSpec, PrivateKey, PublicKey, issue
from ssh_transport import ConnectionLost, HostKeyRefused
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")

ED25519 = PrivateKey.generate("ed25519")
ECDSA = PrivateKey.generate("ecdsa")
RSA = PrivateKey.generate("rsa", 2048)
CA = PrivateKey.generate("ed25519")
CERTIFICATE = issue(
    CA,
    ED25519.public_key,
    spec=CertificateSpec(role="host", key_id="test", principals=("memory",)),
    random=os.urandom,
)


class Device:
    """A signer whose key is not in memory."""

    def __init__(self, key: PrivateKey, fault: Exception | None = None) -> None:
        self.key = key
        self.fault = fault
        self.asked: list[str] = []

    @property
    def public_key(self) -> PublicKey:
        return self.key.public_key

    async def sign(self, data: bytes, algorithm: str) -> bytes:
        self.asked.append(algorithm)
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return self.key.sign(data, algorithm)


async def test_signatures_are_made_at_once_or_beside_the_loop() -> None:
    identity = HostIdentity([ED25519, RSA, Device(ECDSA)])
    public = ED25519.public_key
    signature = identity.sign_at_once(public, b"data", "ssh-ed25519")
    assert signature is not None
    assert public.verify(b"data", signature)
    for key in (RSA, ECDSA):
        assert identity.sign_at_once(key.public_key, b"data", "any") is None
    for key in (ED25519, RSA, ECDSA):
        algorithm = key.public_key.algorithms[0]
        signature = await identity.sign(key.public_key, b"data", algorithm)
        assert key.public_key.verify(b"data", signature, algorithm)


def test_certificate_of_a_foreign_key_is_not_presented() -> None:
    assert HostIdentity([ED25519], [CERTIFICATE]).presented == (ED25519.public_key, CERTIFICATE)
    assert HostIdentity([ECDSA], [CERTIFICATE]).presented == (ECDSA.public_key,)


@pytest.mark.parametrize("key", [RSA, Device(ECDSA), Device(RSA)])
async def test_connection_is_established_and_rekeyed_with_a_slow_signer(key: Any) -> None:
    async with pair(host_keys=[key]) as ends:
        assert ends.client.host_key == key.public_key
        ends.client.rekey()
        await ends.client.ping()
        assert not ends.client.is_closed


async def test_connection_ends_when_its_signer_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = Device(ECDSA, OSError("unplugged"))
    ends = pair(host_keys=[device])
    with pytest.raises(ConnectionError, match="no signature"):
        await ends.client.establish(ends.dial)
    await ends.server.close()
    assert "cannot sign" in caplog.text


async def test_signature_that_comes_after_the_connections_end_is_dropped() -> None:
    release = asyncio.Event()

    class Slow(Device):
        async def sign(self, data: bytes, algorithm: str) -> bytes:
            await release.wait()
            ends.server._driver.abort()
            await settle()
            return await super().sign(data, algorithm)

    ends = pair(host_keys=[Slow(ECDSA)])
    task = asyncio.ensure_future(ends.client.establish(ends.dial))
    await settle()
    release.set()
    with pytest.raises(ConnectionLost):
        await task
    await ends.server.close()


# ---------------------------------------------------------------- certificates


def certified(**client: Any) -> EndpointPair:
    return pair(client=client, host_keys=[ED25519], host_certificates=[CERTIFICATE])


async def test_host_key_is_accepted_by_its_trusted_certificate() -> None:
    asked: list[Certificate] = []

    async def certificate(presented: Certificate) -> bool:
        asked.append(presented)
        return True

    async def never(_key: PublicKey) -> bool:
        pytest.fail("the key alone is not asked about")

    async with certified(verify_host_certificate=certificate, verify_host_key=never) as ends:
        assert asked == [CERTIFICATE]
        assert ends.client.host_key == ED25519.public_key
        assert "-cert-" in ends.client.agreement.host_key


@pytest.mark.parametrize("answer", [False, 1, "yes", None])
@pytest.mark.parametrize("known", [True, False])
async def test_host_key_is_judged_alone_when_its_certificate_is_not_trusted(
    answer: object, known: bool
) -> None:
    async def certificate(_presented: Certificate) -> Any:
        return answer

    async def judge(key: PublicKey) -> bool:
        assert key == ED25519.public_key
        return known

    ends = certified(verify_host_certificate=certificate, verify_host_key=judge)
    if known:
        async with ends:
            assert not ends.client.is_closed
    else:
        with pytest.raises(HostKeyRefused):
            await ends.client.establish(ends.dial)
        await ends.server.close()


async def test_host_key_is_judged_alone_without_a_verifier_of_certificates() -> None:
    async with certified() as ends:
        assert ends.client.host_key == ED25519.public_key


# ---------------------------------------------------------------- keys beyond the first


class Learner:
    """Keeps what it was told, and what was proven of it."""

    def __init__(self) -> None:
        self.told: list[tuple[PublicKey, ...]] = []
        self.proven: list[tuple[PublicKey, ...]] = []
        self.extra: tuple[PublicKey, ...] = ()
        self.done = asyncio.Event()

    async def __call__(self, keys: tuple[PublicKey, ...], prove: HostKeyProver) -> None:
        self.told.append(keys)
        self.proven.append(await prove((*keys, *self.extra)))
        self.done.set()


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
async def test_c23_foreign_key_in_a_request_proves_nothing() -> None:
    learner = Learner()
    learner.extra = (PrivateKey.generate("ed25519").public_key,)
    async with learning(learner):
        await learner.done.wait()
    assert learner.proven == [()]


@pytest.mark.row("C23")
async def test_c23_only_the_first_announcement_counts() -> None:
    learner = Learner()
    async with learning(learner) as ends:
        await learner.done.wait()
        assert ends.server._services is not None
        ends.server._services._host_keys.announce()
        await ends.client.ping()
        assert len(learner.told) == 1


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


def only_sha256() -> Any:
    from ssh_transport import TransportOptions, profiles  # noqa: PLC0415

    algorithms = attrs.evolve(profiles("default", "server"), host_keys=("rsa-sha2-256",))
    return TransportOptions(algorithms=algorithms)
