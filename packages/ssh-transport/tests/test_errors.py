from __future__ import annotations

import pickle

import pytest

from ssh_transport import errors
from ssh_wire import DisconnectReason, ProtocolError, SSHError, UsageError


def test_each_refusal_knows_its_reason() -> None:
    reasons = {
        errors.IdentificationError("x"): 8,
        errors.NegotiationFailed("x", (), ()): 3,
        errors.KeyExchangeFailed("x"): 3,
        errors.RekeyTimeout("x"): 3,
        errors.HostKeyRefused("x"): 9,
        errors.MACFailed(): 5,
        errors.ServiceRefused("x"): 7,
    }
    for error, reason in reasons.items():
        assert isinstance(error, ProtocolError)
        assert error.reason == DisconnectReason(reason)
        assert str(error)


@pytest.mark.parametrize(
    ("error", "kin"),
    [
        (errors.ConnectionClosed("x"), (UsageError, ConnectionError)),
        (errors.HeldQueueFull("x"), (UsageError,)),
        (errors.PeerDisconnected(2, "x"), (SSHError, ConnectionError)),
        (errors.ConnectionLost("x"), (SSHError, ConnectionError)),
        (errors.RekeyTimeout("x"), (errors.KeyExchangeFailed, TimeoutError)),
    ],
)
def test_errors_derive_from_documented_bases(
    error: Exception, kin: tuple[type[Exception], ...]
) -> None:
    for base in kin:
        assert isinstance(error, base)
    assert "x" in str(error)


def test_text_of_peer_disconnected_has_description_and_code() -> None:
    assert str(errors.PeerDisconnected(2, "bad packet")) == "the peer disconnected: bad packet (2)"
    assert str(errors.PeerDisconnected(11, "")) == "the peer disconnected: no description (11)"


def test_errors_survive_pickling() -> None:
    for error in (errors.ConnectionLost("x"), errors.MACFailed(), errors.KeyExchangeFailed("y")):
        assert isinstance(error, Exception)
    assert str(pickle.loads(pickle.dumps(errors.ConnectionLost("x")))) == "x"  # noqa: S301 (our own)
