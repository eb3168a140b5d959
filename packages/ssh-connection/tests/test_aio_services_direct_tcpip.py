"""What a client has a server connect to."""

from __future__ import annotations

import pytest

from programs import Rules, pair
from ssh_connection import ChannelOpenRefused
from ssh_wire import OpenFailureReason

pytestmark = pytest.mark.usefixtures("reports")


@pytest.mark.row("C17")
@pytest.mark.parametrize(("host", "port"), [("", 22), ("a\0b", 22), ("a\nb", 22), ("host", 0)])
async def test_invalid_target_is_refused_before_the_rules_are_asked(host: str, port: int) -> None:
    rules = Rules()
    async with pair(forwarding=rules) as ends:
        with pytest.raises(ChannelOpenRefused) as caught:
            await ends.client.open_tcp(host, port)
        assert caught.value.reason == OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    assert rules.asked == []
