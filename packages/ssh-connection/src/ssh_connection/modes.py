"""Encoded terminal modes (RFC 4254 section 8): opcode, uint32 argument, …, 0."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final

from ssh_wire import Truncated

__all__ = ["TerminalMode", "decode_modes", "encode_modes"]

_ENTRY = Struct(">BI")
_END = 0
_FIRST_UNDEFINED = 160  # "Opcodes 160 to 255 are not yet defined, and cause parsing to stop"


class TerminalMode:
    """Opcodes of terminal modes (RFC 4254 section 8, IUTF8 of RFC 8160)."""

    VINTR: Final = 1
    VQUIT: Final = 2
    VERASE: Final = 3
    VKILL: Final = 4
    VEOF: Final = 5
    VSUSP: Final = 10
    ICRNL: Final = 36
    IXON: Final = 38
    IXOFF: Final = 40
    IUTF8: Final = 42
    ISIG: Final = 50
    ICANON: Final = 51
    ECHO: Final = 53
    ECHOE: Final = 54
    ECHOK: Final = 55
    IEXTEN: Final = 59
    OPOST: Final = 70
    ONLCR: Final = 72
    TTY_OP_ISPEED: Final = 128
    TTY_OP_OSPEED: Final = 129


def encode_modes(modes: Mapping[int, int]) -> bytes:
    """Encode terminal modes, opcode to argument."""
    entries = (_ENTRY.pack(opcode, argument) for opcode, argument in modes.items())
    return b"".join((*entries, b"\0"))


def decode_modes(data: bytes) -> dict[int, int]:
    """Decode terminal modes up to TTY_OP_END or the first undefined opcode.

    Raises:
        Truncated: an opcode stands without its argument.
    """
    modes: dict[int, int] = {}
    pos = 0
    while pos < len(data) and _END < data[pos] < _FIRST_UNDEFINED:
        if pos + _ENTRY.size > len(data):
            raise Truncated("modes", "an argument")
        opcode, argument = _ENTRY.unpack_from(data, pos)
        modes[opcode] = argument
        pos += _ENTRY.size
    return modes
