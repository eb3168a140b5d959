from __future__ import annotations

import pytest

from ssh_auth import AuthAttempt, AuthenticationFailed, Outcome, TooManyAttempts
from ssh_wire import DisconnectReason, ProtocolError, SSHError


def test_a_failure_is_one_line_and_carries_what_was_tried() -> None:
    attempts = [
        AuthAttempt(method="publickey", source="agent", outcome=Outcome.REJECTED),
        AuthAttempt(method="password", outcome=Outcome.NOT_OFFERED),
    ]

    error = AuthenticationFailed("ops", attempts, ["publickey", "hostbased"])

    assert isinstance(error, SSHError)
    assert error.attempts == tuple(attempts)
    assert error.remaining_methods == ("publickey", "hostbased")
    assert str(error) == (
        "authentication as 'ops' failed, no credential is left: publickey (agent) rejected;"
        " password not offered by the server (the server accepts publickey, hostbased)"
    )


def test_a_failure_without_attempts_is_told_too() -> None:
    assert "nothing was tried" in str(AuthenticationFailed("ops", []))


def test_what_the_peer_named_cannot_write_to_the_terminal() -> None:
    attempt = AuthAttempt(method="publickey", source="agent \x1b[2J\n", outcome=Outcome.REJECTED)

    assert str(AuthenticationFailed("ops", [attempt])).isprintable()


def test_too_many_attempts_is_reason_14() -> None:
    error = TooManyAttempts("enough")

    assert isinstance(error, ProtocolError)
    assert error.reason is DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    with pytest.raises(ProtocolError):
        raise error
