"""The messages of a forward: each address is read back as it was sent."""

from __future__ import annotations

import pytest

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_connection.aio.forward.messages import (
    address_of,
    cancel_request,
    direct_open,
    forwarded_open,
    listen_request,
)

ADDRESSES = [TCPAddress("db", 5432), UnixAddress("/run/app.sock"), UnixAddress("/run/\udcff")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_is_read_from_each_message_as_it_was_sent(address: Address) -> None:
    for message in (
        direct_open(address, ("here", 1), 7),
        forwarded_open(address, ("here", 1), 7),
        listen_request(address),
        cancel_request(address),
    ):
        again = type(message).decode(message.encode())
        assert again == message
        assert address_of(again) == address
