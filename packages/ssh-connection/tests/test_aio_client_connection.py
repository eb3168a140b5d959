"""The client's end: what it opens, and what it is refused."""

from __future__ import annotations

import pytest

from programs import Anywhere, cat, inject, pair, silence
from sockets import listening
from ssh_connection import ChannelOpenRefused, SSHTimeout
from ssh_connection.aio import Timeouts
from ssh_connection.control.proxy_server import ProxyServer
from ssh_transport import ConnectionLost
from ssh_wire import Message, SSHError, UsageError
from ssh_wire.messages import connection as m

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
        silence(ends.server)
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


@pytest.mark.row("C22")
async def test_promise_of_no_further_session_is_sent_once_and_kept() -> None:
    async with pair(cat) as ends:
        async with ends.client.start("cat") as process:
            ends.client.no_more_sessions()
            ends.client.no_more_sessions()
            with pytest.raises(UsageError, match="no further session can be opened"):
                await ends.client.run("cat")
            await process.stdin.write(b"still here")
            assert await process.stdout.read(100) == b"still here"
        inject(ends.client, m.SessionOpen(sender=9, window=9, max_packet=9))
        await ends.client.wait_closed()
        assert ends.server.is_closed


async def test_promise_is_not_sent_to_a_server_that_may_not_know_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pair(cat) as ends:
        monkeypatch.setattr(type(ends.client), "server_software", "other_1")
        sent = ends.client._core._outbound.packets
        ends.client.no_more_sessions()
        assert ends.client._core._outbound.packets == sent
        with pytest.raises(UsageError, match="no further session can be opened"):
            await ends.client.run("cat")


async def test_client_in_proxy_mode_is_refused_what_the_connection_may_not_open() -> None:
    refused = "the host key has changed"
    wakes: list[None] = []
    async with pair(cat, client={"forbid_forwarding": lambda: refused}) as ends:
        passed = ends.client.pass_through(lambda: wakes.append(None))
        direct = m.DirectTCPIPOpen(
            sender=1, window=9, max_packet=9, host="h", port=1, origin_host="", origin_port=0
        )
        _pass(passed, direct)
        assert refused.encode() in passed.outgoing
        _pass(passed, m.SessionOpen(sender=2, window=9, max_packet=9))
        (number,) = ends.client._mux.passed
        assert ends.client.channels == (f"#{number}, of a client",)
        ends.client.no_more_sessions()
        _pass(passed, m.SessionOpen(sender=3, window=9, max_packet=9))
        assert b"no further session" in passed.outgoing
        passed.leave()
        assert wakes


def _pass(passed: ProxyServer, message: Message) -> None:
    payload = message.encode()
    passed.receive((len(payload) + 1).to_bytes(4, "big") + b"\0" + payload)
