"""The server's identity: what signs with its host keys, and their certificates."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from host_keys import ECDSA, ED25519, RSA, Device
from programs import pair, settle
from ssh_connection.aio.server.identity import HostIdentity
from ssh_connection.aio.testing import EndpointPair
from ssh_keys import Certificate, CertificateSpec, PrivateKey, PublicKey, issue
from ssh_transport import ConnectionLost, HostKeyRefused

pytestmark = pytest.mark.usefixtures("reports")

CA = PrivateKey.generate("ed25519")
CERTIFICATE = issue(
    CA,
    ED25519.public_key,
    spec=CertificateSpec(role="host", key_id="test", principals=("memory",)),
    random=os.urandom,
)


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
