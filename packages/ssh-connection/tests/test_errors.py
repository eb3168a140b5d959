"""Errors say what went wrong, and are the builtin kin of what people catch."""

from __future__ import annotations

import pytest

from ssh_connection import (
    ChannelClosed,
    ChannelOpenRefused,
    ChannelViolation,
    CommandFailed,
    Completed,
    ExitSignal,
    NoExitStatus,
    RequestRefused,
    SSHTimeout,
)
from ssh_wire import DisconnectReason, ProtocolError, SSHError


def done(status: int | None, signal: ExitSignal | None = None) -> Completed[bytes]:
    return Completed("cmd", status, signal, b"out", b"err", 0.5)


def test_channel_violation_carries_the_disconnect_code() -> None:
    assert ChannelViolation("x").reason is DisconnectReason.PROTOCOL_ERROR
    assert issubclass(ChannelViolation, ProtocolError)


def test_errors_are_caught_as_their_builtin_kin() -> None:
    assert issubclass(ChannelClosed, ConnectionError)
    assert issubclass(SSHTimeout, TimeoutError)


@pytest.mark.parametrize(
    ("reason", "description", "text"),
    [
        (2, "no route\x1b[2J", "no route\\x1b[2J"),
        (1, "", "administratively prohibited"),
        (77, "", "reason 77"),
    ],
)
def test_refused_channel_has_its_reason(reason: int, description: str, text: str) -> None:
    error = ChannelOpenRefused("session", reason, description)

    assert str(error) == f"the peer refused a session channel: {text}"
    assert (error.kind, error.reason) == ("session", reason)


def test_failed_command_has_its_status_or_signal() -> None:
    assert str(CommandFailed(done(3))) == "'cmd' ended with status 3: err"
    killed = CommandFailed(done(None, ExitSignal("KILL")))
    assert str(killed) == "'cmd' was ended by signal KILL: err"
    assert killed.completed.stdout == b"out"


def test_missing_exit_status_has_the_output() -> None:
    error = NoExitStatus(done(None))
    assert str(error) == "'cmd' ended without an exit status"
    assert error.completed.stderr == b"err"


def test_timeout_has_its_name_and_what_was_done() -> None:
    error = SSHTimeout("open", 1.5)
    assert str(error) == "timed out after 1.5 s (open)"
    assert (error.name, error.seconds, error.completed) == ("open", 1.5, None)
    error = SSHTimeout("connect", 30.0, doing="connecting to web1 port 22")
    assert str(error) == "timed out after 30 s while connecting to web1 port 22"
    assert str(SSHTimeout("run", 1.0, done(None))) == "timed out after 1 s while running 'cmd'"


def test_refused_request_names_what_was_requested() -> None:
    assert str(RequestRefused("a terminal")) == "the peer refused a terminal"
    assert issubclass(RequestRefused, SSHError)
