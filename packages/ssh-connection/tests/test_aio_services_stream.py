"""Channel types of one's own, in both directions over a whole connection."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from programs import pair, settle, until
from ssh_connection import ChannelClosed, ChannelOpenRefused
from ssh_connection.aio import ByteStream, StreamService
from ssh_wire import lazy_attrs, message
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


@message(90)
class Named(m.OpenHead):
    """A channel with a name."""

    kind: Literal["named@example.com"] = lazy_attrs.field(default="named@example.com", init=False)
    name: str


async def greet(message: Named, stream: ByteStream) -> None:
    await stream.write(f"hello {message.name}, ".encode() + await stream.read())


def asking(name: str) -> Named:
    return Named(sender=0, window=0, max_packet=0, name=name)


async def talk(stream: ByteStream, data: bytes) -> bytes:
    await stream.write(data)
    stream.write_eof()
    answer = await stream.read()
    await stream.close()
    return answer


async def test_client_opens_a_channel_of_a_type_that_the_server_has_registered() -> None:
    async with pair(services=[StreamService(Named, greet)]) as ends:
        stream = await ends.client.open_channel(asking("client"))
        assert await talk(stream, b"and good bye") == b"hello client, and good bye"
        await until(lambda: not ends.server._mux.channels)
        assert not ends.client._mux.channels


async def test_server_opens_a_channel_of_a_type_that_the_client_has_registered() -> None:
    async with pair() as ends:
        ends.client.register(StreamService(Named, greet))
        stream = await ends.server.open_channel(asking("server"))
        assert await talk(stream, b"!") == b"hello server, !"


async def test_type_that_is_not_permitted_or_not_registered_is_refused() -> None:
    def permitted(message: Named) -> bool:
        return message.name == "ops"

    async with pair(services=[StreamService(Named, greet, permitted)]) as ends:
        await talk(await ends.client.open_channel(asking("ops")), b"")
        with pytest.raises(ChannelOpenRefused, match="not permitted"):
            await ends.client.open_channel(asking("guest"))
    async with pair() as ends:
        with pytest.raises(ChannelOpenRefused, match="not offered"):
            await ends.client.open_channel(asking("ops"))


@pytest.mark.row("R16")
async def test_handler_that_raises_cuts_its_channel_alone(reports: list[Any]) -> None:
    async def fail(message: Named, stream: ByteStream) -> None:
        del message, stream
        problem = "mine"
        raise ValueError(problem)

    async with pair(services=[StreamService(Named, fail)]) as ends:
        stream = await ends.client.open_channel(asking("x"))
        assert await stream.read() == b""
        await settle()
        assert await ends.client.ping() >= 0
    assert [str(each["exception"]) for each in reports] == ["mine"]
    reports.clear()


async def test_handler_ends_quietly_with_its_connection() -> None:
    started = asyncio.Event()

    async def wait(message: Named, stream: ByteStream) -> None:
        del message
        started.set()
        await stream.read()

    async with pair(services=[StreamService(Named, wait)]) as ends:
        stream = await ends.client.open_channel(asking("x"))
        await started.wait()
        assert ends.link is not None
        ends.link.cut()
        with pytest.raises(ConnectionError):
            await stream.read()


async def test_handler_ends_quietly_when_the_peer_closes_its_channel() -> None:
    raised: list[BaseException] = []

    async def wait(message: Named, stream: ByteStream) -> None:
        del message
        await stream.read()
        try:
            await stream.write(b"late")
        except BaseException as error:
            raised.append(error)
            raise

    async with pair(services=[StreamService(Named, wait)]) as ends:
        stream = await ends.client.open_channel(asking("x"))
        await stream.close()
        await until(lambda: bool(raised))
        assert isinstance(raised[0], ChannelClosed)
        assert await ends.client.ping() >= 0
