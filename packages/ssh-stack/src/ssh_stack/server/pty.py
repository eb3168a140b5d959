"""A pseudo-terminal: opened, sized, and set to the modes that a client asks for."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssh_connection.aio import Pty

__all__ = ["Terminal"]

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6
# named in termios from Python 3.14 on
_IUTF8: Final = 0x4000  # the same value on Linux, macOS and the BSDs

# opcodes of RFC 4254 section 8: control characters, then flags by the field that has them
_CHARACTERS: Final = {
    1: termios.VINTR,
    2: termios.VQUIT,
    3: termios.VERASE,
    4: termios.VKILL,
    5: termios.VEOF,
    6: termios.VEOL,
    7: termios.VEOL2,
    8: termios.VSTART,
    9: termios.VSTOP,
    10: termios.VSUSP,
    12: termios.VREPRINT,
    13: termios.VWERASE,
    14: termios.VLNEXT,
    18: termios.VDISCARD,
}
_FLAGS: Final = {
    30: (_IFLAG, termios.IGNPAR),
    31: (_IFLAG, termios.PARMRK),
    32: (_IFLAG, termios.INPCK),
    33: (_IFLAG, termios.ISTRIP),
    34: (_IFLAG, termios.INLCR),
    35: (_IFLAG, termios.IGNCR),
    36: (_IFLAG, termios.ICRNL),
    38: (_IFLAG, termios.IXON),
    39: (_IFLAG, termios.IXANY),
    40: (_IFLAG, termios.IXOFF),
    41: (_IFLAG, termios.IMAXBEL),
    42: (_IFLAG, _IUTF8),
    50: (_LFLAG, termios.ISIG),
    51: (_LFLAG, termios.ICANON),
    53: (_LFLAG, termios.ECHO),
    54: (_LFLAG, termios.ECHOE),
    55: (_LFLAG, termios.ECHOK),
    56: (_LFLAG, termios.ECHONL),
    57: (_LFLAG, termios.NOFLSH),
    58: (_LFLAG, termios.TOSTOP),
    59: (_LFLAG, termios.IEXTEN),
    60: (_LFLAG, termios.ECHOCTL),
    61: (_LFLAG, termios.ECHOKE),
    70: (_OFLAG, termios.OPOST),
    72: (_OFLAG, termios.ONLCR),
    73: (_OFLAG, termios.OCRNL),
    74: (_OFLAG, termios.ONOCR),
    75: (_OFLAG, termios.ONLRET),
    92: (_CFLAG, termios.PARENB),
    93: (_CFLAG, termios.PARODD),
}
_MAX_SIZE: Final = 0xFFFF
_DISABLED: Final = 255  # "255 if none" (RFC 4254 section 8)


class Terminal:
    """A pseudo-terminal: the master side is ours, the slave side the programs'.

    Attributes:
        path: the path of the slave side.
        slave: its descriptor, until `close_slave`.
    """

    def __init__(self) -> None:
        self.slave: int
        self._master, self.slave = os.openpty()
        self.path: str = os.ttyname(self.slave)

    @classmethod
    def open(cls, wanted: Pty) -> Terminal:
        """Open a terminal of the size and with the modes that are wanted.

        Raises:
            OSError: no pseudo-terminal is left.
        """
        terminal = cls()
        try:
            _set_modes(terminal.slave, wanted)
            terminal.resize(wanted.columns, wanted.rows)
        except BaseException:
            terminal.close()
            raise
        return terminal

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size, if that is valid; its programs get WINCH."""
        if columns and rows and self._master >= 0:
            size = struct.pack("HHHH", min(rows, _MAX_SIZE), min(columns, _MAX_SIZE), 0, 0)
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def send_break(self) -> None:
        """Send a BREAK, as sshd does: a pseudo-terminal that has none raises OSError."""
        if self._master >= 0:
            termios.tcsendbreak(self._master, 0)

    def duplicate(self) -> int:
        """Return another descriptor of the master side; the caller closes it."""
        return os.dup(self._master)

    @property
    def end_of_file(self) -> bytes:
        """The character that says the end of the input: a terminal has no other end."""
        character = termios.tcgetattr(self._master)[_CC][termios.VEOF]
        return character if isinstance(character, bytes) else bytes([character])

    def close_slave(self) -> None:
        """Close our slave side: the output ends when no program has the terminal open."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Close it; programs that still have the terminal get HUP once it is not read any more."""
        self.close_slave()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def _set_modes(descriptor: int, wanted: Pty) -> None:
    attributes = termios.tcgetattr(descriptor)
    for opcode, argument in wanted.modes.items():
        if opcode in _CHARACTERS:
            byte = b"\0" if argument == _DISABLED else bytes([argument & 0xFF])
            attributes[_CC][_CHARACTERS[opcode]] = byte
        elif opcode in _FLAGS:
            field, flag = _FLAGS[opcode]
            if argument:
                attributes[field] |= flag
            else:
                attributes[field] &= ~flag
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
