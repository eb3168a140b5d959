"""How a client's connection comes to be, and how it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest

from programs import cat, pair, settle
from ssh_auth import (
    Accept,
    AuthContext,
    AuthCredential,
    AuthenticationFailed,
    KeyCredential,
    KeySigner,
    NoneCredential,
    PasswordCredential,
    Reject,
    Result,
)
from ssh_connection import SSHTimeout
from ssh_connection.aio import ClientConnection, ServerAuthentication, Timeouts
from ssh_connection.aio.testing import EndpointPair, client_settings
from ssh_keys import PrivateKey, PublicKey
from ssh_transport import (
    ConnectionLost,
    HostKeyRefused,
    NegotiationFailed,
    TransportOptions,
    profiles,
)
from ssh_transport.aio import Driver

pytestmark = pytest.mark.usefixtures("reports")


async def fails(ends: EndpointPair, error: type[BaseException], match: str | None = None) -> None:
    with pytest.raises(error, match=match):
        await ends.client.establish(ends.dial)
    assert ends.client.is_closed
    await ends.server.close()


def random(count: int) -> bytes:
    return bytes(count)


async def test_connection_knows_its_user_host_key_and_attempts() -> None:
    async with pair() as ends:
        assert ends.client.username == "tester"
        assert ends.client.server_software.startswith("ssh_stack")
        assert ends.client.host_key == ends.server._settings.host_keys[0].public_key
        assert [attempt.method for attempt in ends.client.auth_attempts] == ["none"]
    unconnected = ClientConnection(client_settings(), random)
    assert unconnected.auth_attempts == ()
    await unconnected.close()


@pytest.mark.parametrize("answer", [False, 1, "yes", None])
async def test_host_key_is_accepted_by_an_exact_true_alone(answer: object) -> None:
    async def verify(_key: PublicKey) -> Any:
        return answer

    await fails(pair(client={"verify_host_key": verify}), HostKeyRefused, "is not trusted")


async def test_host_key_is_refused_with_the_error_that_its_verifier_raises() -> None:
    async def verify(_key: PublicKey) -> bool:
        problem = "mine"
        raise ValueError(problem)

    await fails(pair(client={"verify_host_key": verify}), ValueError, "mine")


@pytest.mark.row("A22")
@pytest.mark.parametrize("trusted", [True, False])
async def test_credentials_are_looked_for_when_the_host_key_is_accepted(*, trusted: bool) -> None:
    steps: list[str] = []

    async def verify(_key: PublicKey) -> bool:
        steps.append("host key")
        return trusted

    async def find() -> list[AuthCredential]:
        steps.append("credentials")
        await settle()
        return [NoneCredential(source="found")]

    ends = pair(client={"verify_host_key": verify, "find_credentials": find})
    if trusted:
        async with ends:
            assert [attempt.source for attempt in ends.client.auth_attempts] == ["found"]
        assert steps == ["host key", "credentials"]
    else:
        await fails(ends, HostKeyRefused)
        assert steps == ["host key"]


async def test_error_of_looking_for_credentials_ends_the_connection() -> None:
    async def find() -> list[AuthCredential]:
        problem = "mine"
        raise ValueError(problem)

    await fails(pair(client={"find_credentials": find}), ValueError, "mine")


@pytest.mark.parametrize("answer", [True, False])
async def test_connection_lost_while_the_host_key_is_judged_fails_as_such(*, answer: bool) -> None:
    async def verify(_key: PublicKey) -> bool:
        assert ends.link is not None
        ends.link.cut()
        await settle()
        return answer

    ends = pair(client={"verify_host_key": verify})
    await fails(ends, ConnectionLost if answer else HostKeyRefused)


async def test_error_of_no_common_algorithm_lists_what_each_side_has() -> None:
    algorithms = attrs.evolve(profiles("default", "client"), kex=("ecdh-sha2-nistp521",))
    only = attrs.evolve(profiles("default", "server"), kex=("curve25519-sha256",))
    ends = pair(
        transport=TransportOptions(algorithms=only),
        client={"transport": TransportOptions(algorithms=algorithms)},
    )
    await fails(ends, NegotiationFailed, "client ecdh-sha2-nistp521.*server curve25519-sha256")


async def test_wrong_password_fails_with_the_attempts_made() -> None:
    async def reject(_context: AuthContext, _password: str) -> Result:
        return Reject()

    ends = pair(
        authentication=ServerAuthentication(password=reject),
        client={"credentials": [PasswordCredential("wrong")]},
    )
    with pytest.raises(AuthenticationFailed) as caught:
        await ends.client.establish(ends.dial)
    assert [each.method for each in caught.value.attempts] == ["password"]
    await ends.server.close()


async def test_client_is_closed_when_its_stream_cannot_be_connected() -> None:
    async def dial(_driver: Driver) -> None:
        problem = "no route"
        raise OSError(problem)

    client = ClientConnection(client_settings(), random)
    with pytest.raises(OSError, match="no route"):
        await client.establish(dial)
    assert client.is_closed


async def test_timeout_of_the_dialer_is_not_turned_into_ours() -> None:
    async def dial(_driver: Driver) -> None:
        raise TimeoutError

    client = ClientConnection(client_settings(), random)
    with pytest.raises(TimeoutError) as caught:
        await client.establish(dial)
    assert not isinstance(caught.value, SSHTimeout)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("stage", ["connect", "handshake", "auth"])
async def test_every_stage_has_a_timeout(stage: str) -> None:
    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    timeouts = Timeouts(connect=1, handshake=2, auth=3)
    ends = pair(authentication=ServerAuthentication(none=never), client={"timeouts": timeouts})
    dial: Callable[[Driver], Awaitable[None]] = never if stage == "connect" else ends.dial

    async def frozen(driver: Driver) -> None:
        await ends.dial(driver)
        assert ends.link is not None
        ends.link.freeze()

    with pytest.raises(SSHTimeout) as caught:
        await ends.client.establish(frozen if stage == "handshake" else dial)
    assert caught.value.name == stage
    assert caught.value.seconds == getattr(timeouts, stage)
    await ends.server.close()


@pytest.mark.usefixtures("clock")
async def test_time_of_a_decision_on_the_host_key_is_not_counted() -> None:
    async def slowly(_key: PublicKey) -> bool:
        await asyncio.sleep(100)
        return True

    async with pair(client={"verify_host_key": slowly, "timeouts": Timeouts(handshake=1)}) as ends:
        assert await ends.client.ping() >= 0


@pytest.mark.row("X08")
async def test_connecting_can_be_cancelled_at_every_step() -> None:
    for turns in range(1, 60):
        ends = pair(cat)
        connecting = asyncio.create_task(ends.client.establish(ends.dial))
        await settle(turns)
        done = connecting.done()
        connecting.cancel()
        try:
            await connecting
        except asyncio.CancelledError:
            assert ends.client.is_closed
        await ends.close()
        if done:
            return
    pytest.fail("it never came to be")


async def test_messages_behind_userauth_success_reach_the_connection() -> None:
    """A server sends hostkeys-00 right behind SUCCESS, in the same write."""
    received: list[str] = []

    class Listening(ClientConnection):
        def request_not_served(self, name: str, reply: Any) -> None:
            received.append(name)
            super().request_not_served(name, reply)

    ends = pair()
    ends.client = Listening(client_settings(), random)
    async with ends:
        await ends.client.ping()
    assert received == ["hostkeys-00@openssh.com"]


async def test_first_signature_uses_the_algorithms_that_the_server_announced() -> None:
    """EXT_INFO arrives behind the host key, and an RSA key signs as it asks for."""
    key = PrivateKey.generate("rsa", 2048)
    used: list[str] = []

    class Signer(KeySigner):
        async def sign(self, data: bytes, algorithm: str) -> bytes:
            used.append(algorithm)
            return await super().sign(data, algorithm)

    async def anybody(_context: AuthContext, _key: PublicKey) -> Result:
        return Accept()

    options = TransportOptions(
        algorithms=profiles("default", "server"), server_sig_algs=("rsa-sha2-256",)
    )
    async with pair(
        authentication=ServerAuthentication(public_key=anybody),
        transport=options,
        client={"credentials": [KeyCredential(Signer(key))]},
    ) as ends:
        assert ends.client._core.server_sig_algs == ("rsa-sha2-256",)
    assert used == ["rsa-sha2-256"]


async def test_login_fails_when_the_connection_is_lost() -> None:
    async def never(_context: AuthContext) -> Result:
        assert ends.link is not None
        ends.link.cut()
        await asyncio.Event().wait()
        return Accept()

    ends = pair(authentication=ServerAuthentication(none=never))
    await fails(ends, ConnectionLost)


async def test_transport_events_are_not_kept_on_an_established_connection() -> None:
    async with pair(client={"keepalive": None}) as ends:
        for _ in range(10):
            ends.server._core.send_payload(b"\x04\x01\0\0\0\x02hi\0\0\0\0")
        await ends.client.ping()
        assert ends.client._core.next_event() is None
