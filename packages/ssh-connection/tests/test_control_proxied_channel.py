from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control.proxied_channel import ProxiedChannel, check, renumbered
from ssh_connection.states import ChannelState
from ssh_wire import WireError
from ssh_wire.messages import connection as m


@given(st.integers(0, 5000), st.lists(st.integers(0, 3000), max_size=30))
def test_window_that_is_open_stays_under_the_cap_and_all_is_granted_in_time(
    window: int, grants: list[int]
) -> None:
    channel = ProxiedChannel(1, ChannelState.OPEN)
    channel.take_client(2, 10, window, 1000)
    granted = channel.down
    for each in grants:
        channel.credit += each
        granted += channel.grant(1000)
        assert channel.down <= 1000
        channel.down //= 2  # what the server sends
    while channel.credit:
        channel.down = 0
        increment = channel.grant(1000)
        assert increment
        granted += increment
    assert granted == window + sum(grants)


@pytest.mark.parametrize("number", [94, 95, 96, 97, 98, 99, 100])
def test_message_that_is_cut_short_is_not_passed(number: int) -> None:
    with pytest.raises(WireError):
        check(bytes([number, 0, 0, 0]))


@pytest.mark.parametrize("number", [94, 95, 96, 97, 99, 100])
def test_message_with_something_behind_it_is_not_passed(number: int) -> None:
    body = {94: bytes(4), 95: bytes(8)}.get(number, b"")
    check(bytes([number, 0, 0, 0, 0]) + body)
    with pytest.raises(WireError):
        check(bytes([number, 0, 0, 0, 0]) + body + b"x")


def test_message_keeps_all_but_its_recipient() -> None:
    message = m.ExitStatus(recipient=1, want_reply=False, status=3)
    head, rest = renumbered(message.encode(), 77)
    assert head + bytes(rest) == message.replace(recipient=77).encode()
