from __future__ import annotations

from ssh_wire import DisconnectReason, ProtocolError, SSHError, UsageError, WireError


def test_error_is_a_protocol_or_a_usage_error() -> None:
    assert issubclass(WireError, ProtocolError)
    assert issubclass(ProtocolError, SSHError)
    assert issubclass(UsageError, SSHError)
    assert not issubclass(UsageError, ProtocolError)


def test_protocol_error_has_its_disconnect_reason() -> None:
    assert ProtocolError("x").reason is DisconnectReason.PROTOCOL_ERROR
    error = ProtocolError("x", reason=DisconnectReason.MAC_ERROR)
    assert error.reason is DisconnectReason.MAC_ERROR
