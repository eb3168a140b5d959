from __future__ import annotations

import pytest

from ssh_auth import AuthAttempt, AuthenticationFailed, Outcome, TooManyAttempts
from ssh_wire import DisconnectReason, ProtocolError, SSHError


def test_failure_is_one_line_with_the_attempts_made() -> None:
    attempts = [
        AuthAttempt(method="publickey", source="agent", outcome=Outcome.REJECTED),
        AuthAttempt(method="password", outcome=Outcome.NOT_OFFERED),
    ]

    error = AuthenticationFailed("ops", attempts, ["publickey", "hostbased"])

    assert isinstance(error, SSHError)
    assert error.attempts == tuple(attempts)
    assert error.remaining_methods == ("publickey", "hostbased")
    assert str(error) == (
        "authentication as 'ops' failed: publickey (agent) rejected;"
        " password not offered by the server; the server accepts publickey, hostbased"
    )


def test_failure_names_the_host_and_the_reason_where_they_are_known() -> None:
    error = AuthenticationFailed("ops", [], (), "64 attempts are enough", "web.example.com")

    assert str(error) == (
        "authentication as 'ops' at web.example.com failed, 64 attempts are enough:"
        " there was no key, password or other credential to try"
    )
    assert (error.host, error.reason) == ("web.example.com", "64 attempts are enough")


def test_failure_counts_attempts_that_are_the_same() -> None:
    wrong = AuthAttempt(method="password", outcome=Outcome.REJECTED)
    key = AuthAttempt(method="publickey", outcome=Outcome.PARTIAL)

    error = AuthenticationFailed("ops", [key, wrong, wrong, wrong], ["password"])

    assert str(error) == (
        "authentication as 'ops' failed: publickey accepted, more is required;"
        " password rejected (3 times); the server still requires password"
    )


def test_refused_none_is_not_reported_as_a_failed_attempt() -> None:
    none = AuthAttempt(method="none", outcome=Outcome.REJECTED)
    wrong = AuthAttempt(method="password", outcome=Outcome.REJECTED)

    assert "none" not in str(AuthenticationFailed("ops", [none, wrong], ["password"]))


def test_another_way_for_the_same_secret_is_told_where_it_was_tried() -> None:
    wrong = AuthAttempt(method="password", outcome=Outcome.REJECTED)
    for outcome, told in ((Outcome.NOT_OFFERED, False), (Outcome.REJECTED, True)):
        other = AuthAttempt(method="keyboard-interactive", outcome=outcome, implied=True)
        error = AuthenticationFailed("ops", [wrong, other])
        assert ("keyboard-interactive" in str(error)) is told


def test_names_of_the_peer_are_escaped_in_the_error() -> None:
    attempt = AuthAttempt(method="publickey", source="agent \x1b[2J\n", outcome=Outcome.REJECTED)

    assert str(AuthenticationFailed("ops", [attempt])).isprintable()


def test_too_many_attempts_is_reason_14() -> None:
    error = TooManyAttempts("enough")

    assert isinstance(error, ProtocolError)
    assert error.reason is DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
    with pytest.raises(ProtocolError):
        raise error
