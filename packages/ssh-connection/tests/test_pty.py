"""The request for a terminal holds what was asked for (RFC 4254 section 6.2)."""

from __future__ import annotations

from ssh_connection.pty import Pty
from ssh_wire.messages.connection import PtyRequest
from ssh_wire.modes import TerminalMode, decode_modes


def test_request_holds_the_terminal_its_size_and_its_modes() -> None:
    pty = Pty("vt100", 132, 50, {TerminalMode.ECHO: 0})

    request = PtyRequest.decode(pty.request.encode())

    assert (request.term, request.columns, request.rows) == ("vt100", 132, 50)
    assert decode_modes(request.modes) == {TerminalMode.ECHO: 0}
