"""No byte of a packet can be changed: every position, every suite, both directions."""

from __future__ import annotations

import pytest

from adversary import LIMIT, SIDES, Keyed, every_suite
from hostile import Side, drain
from ssh_transport import Disconnected, MACFailed
from ssh_transport.ciphers import CIPHERS
from ssh_wire import DisconnectReason

FIRST = b"\x5e first payload that must not be changed"
SECOND = b"\x5e second"
REASONS = {DisconnectReason.MAC_ERROR, DisconnectReason.PROTOCOL_ERROR}


@pytest.mark.row("T09")
@pytest.mark.parametrize("side", SIDES)
@every_suite
def test_t09_no_flipped_byte_is_accepted(side: Side, cipher: str, mac: str) -> None:
    keyed = Keyed(side, cipher, mac)
    packets = keyed.sealed(FIRST, SECOND)
    stream = b"".join(packets)
    keyed.receiver().receive(stream)
    assert keyed.seen == [FIRST, SECOND]  # unharmed, they arrive
    # packet_length is known before the packet is authentic; what hides it takes a block more
    head = 4 if CIPHERS[cipher].aead or "etm" in mac else 16
    for position in range(len(stream)):
        bad = bytearray(stream)
        bad[position] ^= 1 << position % 8
        receiver = keyed.receiver()
        receiver.receive(bad)
        if "-cbc" in cipher and "etm" not in mac and not receiver.closed:
            receiver.receive(bytes(2 * LIMIT))  # T10: as much is read whatever is wrong
        at = position if position < len(packets[0]) else position - len(packets[0])
        intact = [] if position < len(packets[0]) else [FIRST]
        assert keyed.seen == intact
        events = drain(receiver)
        if not receiver.closed:
            assert at < head  # a longer packet is waited for
            receiver.connection_lost()
            events = drain(receiver)
            assert keyed.seen == intact
            continue
        (last,) = events
        assert isinstance(last, Disconnected)
        assert last.reason in REASONS
        assert isinstance(last.error, MACFailed) or at < head
        assert keyed.seen == intact


@pytest.mark.row("T11")
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("order", [[0, 0], [0, 2], [1, 0], [0, 1, 1], [0, 1, 0]])
@every_suite
def test_t11_packet_out_of_order_ends_connection(
    side: Side, cipher: str, mac: str, order: list[int]
) -> None:
    keyed = Keyed(side, cipher, mac)
    payloads = [b"\x5e" + bytes([n]) * 40 for n in range(3)]
    packets = keyed.sealed(*payloads)
    right = next(n for n, packet in enumerate(order) if packet != n)
    receiver = keyed.receiver()
    receiver.receive(b"".join(packets[n] for n in order))
    events = drain(receiver)
    assert keyed.seen == payloads[:right]
    if not receiver.closed:  # the length itself is hidden: garbage may ask for more bytes
        assert "etm" not in mac
        assert not CIPHERS[cipher].aead or cipher.startswith("chacha20")
        receiver.connection_lost()
        events = drain(receiver)
    (last,) = events
    assert isinstance(last, Disconnected)
    if "etm" in mac or "gcm" in cipher:
        assert last.reason == DisconnectReason.MAC_ERROR
    assert keyed.seen == payloads[:right]
