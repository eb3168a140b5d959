from __future__ import annotations

from ssh_wire import DisconnectReason, ProtocolError, SSHError, UsageError, WireError


def test_whose_fault_it_is() -> None:
    assert issubclass(WireError, ProtocolError)
    assert issubclass(ProtocolError, SSHError)
    assert issubclass(UsageError, SSHError)
    assert not issubclass(UsageError, ProtocolError)


def test_a_protocol_error_knows_the_reason_to_disconnect_with() -> None:
    assert ProtocolError("x").reason is DisconnectReason.PROTOCOL_ERROR
    error = ProtocolError("x", reason=DisconnectReason.MAC_ERROR)
    assert error.reason is DisconnectReason.MAC_ERROR
