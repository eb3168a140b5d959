"""What a server sends up to its host key, and what is told of one that sends something else."""

from __future__ import annotations

import asyncio

import pytest

from programs import pair
from ssh_connection.aio import ClientConnection
from ssh_connection.aio.client.handshake import Handshake
from ssh_connection.aio.testing import client_settings
from ssh_keys import PrivateKey
from ssh_transport import ClosedBeforeIdentification, ConnectionLost, IdentificationError
from ssh_transport import events as ev
from ssh_transport.aio import Driver

pytestmark = pytest.mark.usefixtures("reports")


def host_key() -> ev.HostKeyReceived:
    key = PrivateKey.generate("ed25519").public_key
    return ev.HostKeyReceived(key, algorithm="ssh-ed25519", initial=True)


async def test_first_host_key_alone_counts() -> None:
    handshake, first = Handshake(), host_key()

    handshake.receive(first)
    handshake.receive(host_key())
    handshake.end()

    assert await handshake.host_key is first


async def test_end_before_the_host_key_gives_none() -> None:
    handshake = Handshake()

    handshake.end()

    assert await handshake.host_key is None


async def test_caller_that_is_cancelled_does_not_break_the_host_key() -> None:
    handshake = Handshake()
    handshake.host_key.cancel()

    handshake.receive(host_key())
    handshake.end()

    assert handshake.host_key.cancelled()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "closed the connection before it identified itself$"),
        (b"220 mail ready\r\nmore\r\n", "identified itself; it sent '220 mail ready'$"),
        (b"Exceeded MaxStartups", "identified itself; it sent 'Exceeded MaxStartups'$"),
    ],
)
async def test_server_that_closes_before_its_identification_is_not_an_ssh_server(
    sent: bytes, told: str
) -> None:
    class Closing(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            del data

        def get_write_buffer_size(self) -> int:
            return 0

        def set_write_buffer_limits(
            self, high: int | None = None, low: int | None = None
        ) -> None: ...

        def is_closing(self) -> bool:
            return False

        def close(self) -> None: ...

        def abort(self) -> None: ...

    async def dial(driver: Driver) -> None:
        driver.connection_made(Closing())
        loop = asyncio.get_running_loop()
        loop.call_soon(driver.feed, sent)
        loop.call_soon(driver.feed_eof)
        loop.call_soon(driver.connection_lost, None)

    client = ClientConnection(client_settings(), bytes)

    with pytest.raises(ClosedBeforeIdentification, match=told) as caught:
        await client.establish(dial)

    assert isinstance(caught.value, IdentificationError)
    assert isinstance(caught.value, ConnectionError)
    assert "\r\n".join(caught.value.received) == sent.decode().removesuffix("\r\n")

    assert isinstance(caught.value.__cause__, ConnectionLost)
    assert client.is_closed


async def test_server_that_closes_after_its_identification_is_lost() -> None:
    ends = pair()

    async def dial(driver: Driver) -> None:
        await ends.dial(driver)
        identified = ends.client._handshake.receive

        def cut(event: ev.Event) -> None:
            identified(event)
            if isinstance(event, ev.IdentificationReceived):
                assert ends.link is not None
                ends.link.cut()

        ends.client._handshake.receive = cut  # type: ignore[method-assign]

    with pytest.raises(ConnectionLost):
        await ends.client.establish(dial)
    await ends.server.close()
