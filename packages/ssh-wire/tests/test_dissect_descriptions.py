from __future__ import annotations

import pytest

from ssh_wire.dissect.descriptions import describe, terminal_modes
from ssh_wire.messages import connection, openssh, transport


@pytest.mark.parametrize(
    ("cls", "field", "value", "meaning"),
    [
        (transport.Disconnect, "code", 14, "NO_MORE_AUTH_METHODS_AVAILABLE"),
        (transport.Disconnect, "code", 99, ""),
        (transport.Disconnect, "language", "en", ""),
        (connection.ChannelOpenFailure, "reason", 1, "ADMINISTRATIVELY_PROHIBITED"),
        (connection.ChannelExtendedData, "data_type", 2, ""),
        (openssh.TunnelOpen, "mode", 2, "Ethernet frames"),
        (openssh.HostKeys, "keys", b"\0\0\0\7ssh-rsarest", "ssh-rsa"),
        (openssh.HostKeys, "keys", b"\0\0\0\0", ""),
        (openssh.HostKeys, "keys", b"\0\0\0\x41" + b"x" * 65, ""),
        (openssh.HostKeys, "keys", b"\0\0\0\2\x1bx", "\\x1bx"),
    ],
)
def test_numbers_and_blobs_are_described(
    cls: type, field: str, value: object, meaning: str
) -> None:
    assert describe(cls, field, value) == meaning


def test_modes_are_those_of_a_pty_request_alone() -> None:
    assert terminal_modes(connection.PtyRequest, "modes", b"\x35\0\0\0\1\0") == [("ECHO", 1)]
    assert terminal_modes(connection.PtyRequest, "term", "xterm") == []
    assert terminal_modes(connection.ExecRequest, "command", b"\x35\0\0\0\1\0") == []
