"""The client's end: what it opens, and what it is refused."""

from __future__ import annotations

import pytest

from programs import Anywhere, cat, ignore, pair, replace
from sockets import listening
from ssh_connection import ChannelOpenRefused, SSHTimeout
from ssh_connection.aio import Timeouts
from ssh_transport import ConnectionLost
from ssh_wire import SSHError, UsageError

pytestmark = pytest.mark.usefixtures("reports")


@pytest.mark.parametrize("address", ["nothing", "host:99999", "::1:22"])
async def test_addresses_are_checked_before_anything_is_sent(address: str) -> None:
    async with pair() as ends:
        sent = ends.client._core._outbound.packets
        for scope in (ends.client.forward_local, ends.client.forward_remote):
            with pytest.raises(UsageError):
                scope(address, "host:1")
            with pytest.raises(UsageError):
                scope("host:1", address)
        assert ends.client._core._outbound.packets == sent


async def test_tcp_stream_carries_data_through_a_socket_of_the_server() -> None:
    async with listening() as port, pair(forwarding=Anywhere()) as ends:
        stream = await ends.client.open_tcp("127.0.0.1", port)
        await stream.write(b"hello")
        stream.write_eof()
        assert await stream.read() == b"HELLO"
        await stream.close()


@pytest.mark.usefixtures("clock")
async def test_channel_open_times_out_when_it_is_not_answered() -> None:
    async with pair(client={"timeouts": Timeouts(open=2)}) as ends:
        replace(ends.server, "channel_requested", ignore)
        with pytest.raises(SSHTimeout, match="while waiting for the server's answer"):
            await ends.client.open_tcp("host", 1)


async def test_error_of_a_lost_connection_does_not_grow_with_each_use() -> None:
    async with pair(cat) as ends:
        await ends.client.close()
        depths: list[int] = []
        for _ in range(3):
            with pytest.raises(SSHError) as caught:
                await ends.client.open_subsystem("sftp")
            depths.append(len(caught.traceback))
        assert len(set(depths)) == 1


async def test_lost_connection_opens_nothing() -> None:
    async with pair() as ends:
        assert ends.link is not None
        ends.link.cut()
        await ends.client.wait_closed()
        with pytest.raises(ConnectionLost):
            await ends.client.open_tcp("host", 1)
        with pytest.raises(ConnectionLost):
            await ends.client.start("x").open()


async def test_refused_channel_is_named_in_the_error() -> None:
    async with pair() as ends:
        with pytest.raises(ChannelOpenRefused, match="refused a direct-tcpip channel"):
            await ends.client.open_tcp("host", 1)


async def test_timeout_of_other_code_is_not_turned_into_ours() -> None:
    async def expired() -> None:
        raise TimeoutError

    async with pair() as ends:
        with pytest.raises(TimeoutError) as caught:
            await ends.client._in_time(expired())
        assert not isinstance(caught.value, SSHTimeout)
