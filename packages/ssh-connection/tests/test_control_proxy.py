from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.proxy import ProxyTransport
from ssh_transport import ConnectionLost
from ssh_transport.events import Disconnected
from ssh_wire import DisconnectReason, UsageError
from ssh_wire.messages.transport import Unimplemented


def receiving() -> tuple[ProxyTransport, list[bytes]]:
    transport = ProxyTransport()
    found: list[bytes] = []
    transport.sink = lambda payload: found.append(bytes(payload))
    return transport, found


def end_of(transport: ProxyTransport) -> Disconnected:
    event = transport.next_event()
    assert isinstance(event, Disconnected)
    assert transport.closed
    assert transport.next_event() is None
    return event


def test_payload_is_sent_unpadded_and_in_one_piece() -> None:
    transport = ProxyTransport()

    transport.send_payload(b"\x5e", b"data")
    transport.send_payloads([(b"\x60",), (b"\x61",)])

    assert transport.outgoing_size == 10 + 6 + 6
    assert transport.take_outgoing() == (b"\0\0\0\6\0\x5edata\0\0\0\2\0\x60\0\0\0\2\0\x61")
    assert transport.take_outgoing() is None
    assert transport.outgoing_size == 0


@given(st.lists(st.binary(max_size=30), max_size=5), st.data())
def test_any_fragmentation_gives_the_same_payloads(
    bodies: list[bytes], data: st.DataObject
) -> None:
    sender = ProxyTransport()
    payloads = [b"\x5e" + body for body in bodies]
    sender.send_payloads([(each,) for each in payloads])
    stream = sender.take_outgoing() or b""
    transport, found = receiving()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        buffer = transport.get_buffer()
        buffer[:size] = stream[:size]
        transport.buffer_updated(size)
        stream = stream[size:]
    assert found == payloads
    assert transport.received_sequence == len(payloads)


def test_padding_of_a_failure_is_not_part_of_it() -> None:
    transport, found = receiving()

    transport.receive(b"\0\0\0\5\0\x52\0\0\0")

    assert found == [b"\x52"]


@pytest.mark.parametrize(
    "packet",
    [
        b"\0\0\0\0",
        b"\0\0\0\1\0",  # no payload
        b"\0\0\0\2\1\x5e",  # padding
        b"\0\0\0\2\0\x14",  # KEXINIT
        b"\0\0\0\2\0\x32",  # USERAUTH_REQUEST
        b"\xff\xff\xff\xff",
    ],
)
def test_other_packet_ends_the_connection(packet: bytes) -> None:
    transport, found = receiving()

    transport.receive(packet)

    assert isinstance(end_of(transport).error, ControlViolation)
    assert found == []


def test_packet_before_anything_was_asked_for_ends_the_connection() -> None:
    transport = ProxyTransport()

    transport.receive(b"\0\0\0\2\0\x5e")

    assert isinstance(end_of(transport).error, ControlViolation)


def test_end_of_the_master_is_a_lost_connection() -> None:
    transport, _ = receiving()

    transport.connection_lost()
    transport.connection_lost()

    assert isinstance(end_of(transport).error, ConnectionLost)


def test_own_end_has_no_error() -> None:
    transport, _ = receiving()

    transport.disconnect(DisconnectReason.BY_APPLICATION, "closed")

    event = end_of(transport)
    assert (event.error, event.description, event.by_peer) == (None, "closed", False)


def test_messages_of_the_transport_are_not_sent() -> None:
    transport = ProxyTransport()
    transport.send(Unimplemented(sequence=1))
    transport.give_back(b"")
    transport.tick(3.0)
    transport.offload_computation()
    transport.computation_done()

    assert transport.take_outgoing() is None
    assert transport.now == 3.0
    assert transport.next_deadline() is None  # type: ignore[func-returns-value] # the answer counts


@pytest.mark.parametrize("what", ["session_id", "agreement", "host_key"])
def test_what_is_the_masters_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match="is a master's"):
        getattr(ProxyTransport(), what)


def test_new_keys_are_refused() -> None:
    with pytest.raises(UsageError, match="new keys"):
        ProxyTransport().start_rekey()
