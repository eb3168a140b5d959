"""Floods of what is to be ignored, as long as an attacker would send them."""

from __future__ import annotations

import sys

import pytest

from ssh_keys import PrivateKey
from ssh_transport.testing import Pair, inject
from ssh_wire import Message
from ssh_wire.messages.transport import Debug, Ignore, Unimplemented

MESSAGES: list[Message] = [
    Ignore(data=b"x" * 10),
    Debug(always_display=False, message="x"),
    Unimplemented(sequence=2**32 - 1),  # a number that was never used
]
ROUNDS = 1_000
AT_ONCE = 1_000


@pytest.mark.row("T40")
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_t40_million_of_each_message_is_not_answered_or_kept(message: Message) -> None:
    pair = Pair.connected(key=PrivateKey.generate("ed25519"))
    payloads = [message.encode()] * AT_ONCE
    told = 0
    kept = 0
    for number in range(ROUNDS):
        inject(pair.client, *payloads)
        while (data := pair.client.take_outgoing()) is not None:
            pair.server.receive(data)
            while pair.server.next_event() is not None:
                told += 1
        assert pair.server.outgoing_size == 0  # never answered
        if number == ROUNDS // 10:
            kept = sys.getallocatedblocks()

    assert told == (0 if isinstance(message, Ignore) else ROUNDS * AT_ONCE)
    assert not pair.server.closed
    assert sys.getallocatedblocks() - kept < 1_000
