"""Pseudo-terminals: opened, sized, set, closed."""

from __future__ import annotations

import os
import termios

import pytest

from ssh_connection.aio import Pty
from ssh_stack.server.pty import Terminal
from ssh_wire.modes import TerminalMode


def test_terminal_has_requested_size_until_resized() -> None:
    terminal = Terminal.open(Pty(columns=100, rows=30))
    assert os.get_terminal_size(terminal.slave) == (100, 30)
    assert os.ttyname(terminal.slave) == terminal.path
    terminal.resize(0, 50)
    terminal.resize(50, 0)
    assert os.get_terminal_size(terminal.slave) == (100, 30)
    terminal.resize(1 << 32, 1 << 32)
    assert os.get_terminal_size(terminal.slave) == (0xFFFF, 0xFFFF)
    terminal.close()
    terminal.resize(1, 1)
    terminal.close()


def test_requested_modes_are_set() -> None:
    modes = {
        TerminalMode.ECHO: 0,
        TerminalMode.IXOFF: 1,
        TerminalMode.VERASE: 8,
        TerminalMode.VINTR: 255,
        TerminalMode.VEOF: 0x105,
        159: 1,
    }
    terminal = Terminal.open(Pty(modes=modes))
    attributes = termios.tcgetattr(terminal.slave)
    terminal.close()

    assert not attributes[3] & termios.ECHO
    assert attributes[0] & termios.IXOFF
    characters = attributes[6]
    assert characters[termios.VERASE] == b"\x08"
    assert characters[termios.VINTR] == b"\0"
    assert characters[termios.VEOF] == b"\x05"


@pytest.mark.parametrize("canonical", [0, 1])
def test_end_of_file_character_is_that_of_modes(canonical: int) -> None:
    modes: dict[int, int] = {TerminalMode.VEOF: 5, TerminalMode.ICANON: canonical}
    terminal = Terminal.open(Pty(modes=modes))
    assert terminal.end_of_file == b"\x05"
    terminal.close()


def test_terminal_is_closed_when_modes_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    openpty = os.openpty

    def remember() -> tuple[int, int]:
        opened.extend(openpty())
        return opened[0], opened[1]

    monkeypatch.setattr(os, "openpty", remember)
    monkeypatch.setattr(termios, "tcsetattr", None)
    with pytest.raises(TypeError):
        Terminal.open(Pty())

    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
