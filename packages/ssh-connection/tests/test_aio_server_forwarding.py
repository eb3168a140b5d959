"""What a server forwards: as far as its rules allow, and no further."""

from __future__ import annotations

import pytest

from programs import Rules, pair, replace
from ssh_connection import ChannelOpenRefused
from ssh_connection.addresses import Address
from ssh_connection.aio import ClientConnection, User
from ssh_connection.multiplexer import GlobalAnswer
from ssh_wire import OpenFailureReason
from ssh_wire.messages import connection as m

pytestmark = pytest.mark.usefixtures("reports")


class Truthy:
    """Answers with something that is true and is not True, as a forgotten await does."""

    def may_connect(self, user: User, address: Address) -> bool:
        return "yes"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def may_listen(self, user: User, address: Address) -> bool:
        return "yes"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


@pytest.mark.row("C17")
async def test_forwarding_rule_allows_by_an_exact_true_alone() -> None:
    async with pair(forwarding=Truthy()) as ends:
        assert await listen(ends.client, "127.0.0.1", 0) == m.RequestFailure()
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)


async def listen(client: ClientConnection, address: str, port: int) -> GlobalAnswer:
    return await client._global_request(
        m.TCPIPForward(want_reply=True, address=address, port=port)
    )


@pytest.mark.row("C17")
@pytest.mark.parametrize("port", [65536, 70000, 2**32 - 1])
async def test_port_out_of_range_is_refused_before_the_rules_are_asked(port: int) -> None:
    rules = Rules()
    async with pair(forwarding=rules) as ends:
        assert await listen(ends.client, "127.0.0.1", port) == m.RequestFailure()
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", port)
    assert rules.asked == []


@pytest.mark.row("C17")
async def test_forward_that_the_rules_deny_is_refused() -> None:
    rules = Rules(allow=False)
    async with pair(forwarding=rules) as ends:
        for target in (("169.254.169.254", 80), ("127.0.0.1", 22)):
            with pytest.raises(ChannelOpenRefused) as caught:
                await ends.client.open_tcp(*target)
            assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
        for place in (("0.0.0.0", 0), ("", 80)):  # noqa: S104 (it is refused)
            assert await listen(ends.client, *place) == m.RequestFailure()
    assert len(rules.asked) == 4


@pytest.mark.row("R16")
async def test_rules_that_raise_deny(reports: list[dict[str, object]]) -> None:
    def broken(*_: object) -> bool:
        problem = "mine"
        raise ValueError(problem)

    rules = Rules()
    replace(rules, "may_connect", broken)
    replace(rules, "may_listen", broken)
    async with pair(forwarding=rules) as ends:
        with pytest.raises(ChannelOpenRefused):
            await ends.client.open_tcp("127.0.0.1", 22)
        assert await listen(ends.client, "127.0.0.1", 0) == m.RequestFailure()
        assert await ends.client.ping() >= 0
    assert len(reports) == 2
    reports.clear()
