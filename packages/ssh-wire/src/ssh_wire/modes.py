"""Encoded terminal modes (RFC 4254 section 8): opcode, uint32 argument, …, 0."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from struct import Struct

from ssh_wire.errors import EncodeError, Truncated

__all__ = ["TerminalMode", "decode_modes", "encode_modes"]

_ENTRY = Struct(">BI")
_END = 0
_FIRST_UNDEFINED = 160  # "Opcodes 160 to 255 are not yet defined, and cause parsing to stop"


class TerminalMode(IntEnum):
    """Opcodes of terminal modes (RFC 4254 section 8, IUTF8 of RFC 8160)."""

    VINTR = 1
    VQUIT = 2
    VERASE = 3
    VKILL = 4
    VEOF = 5
    VEOL = 6
    VEOL2 = 7
    VSTART = 8
    VSTOP = 9
    VSUSP = 10
    VDSUSP = 11
    VREPRINT = 12
    VWERASE = 13
    VLNEXT = 14
    VFLUSH = 15
    VSWTCH = 16
    VSTATUS = 17
    VDISCARD = 18
    IGNPAR = 30
    PARMRK = 31
    INPCK = 32
    ISTRIP = 33
    INLCR = 34
    IGNCR = 35
    ICRNL = 36
    IUCLC = 37
    IXON = 38
    IXANY = 39
    IXOFF = 40
    IMAXBEL = 41
    IUTF8 = 42
    ISIG = 50
    ICANON = 51
    XCASE = 52
    ECHO = 53
    ECHOE = 54
    ECHOK = 55
    ECHONL = 56
    NOFLSH = 57
    TOSTOP = 58
    IEXTEN = 59
    ECHOCTL = 60
    ECHOKE = 61
    PENDIN = 62  # codespell:ignore
    OPOST = 70
    OLCUC = 71
    ONLCR = 72
    OCRNL = 73
    ONOCR = 74
    ONLRET = 75
    CS7 = 90
    CS8 = 91
    PARENB = 92
    PARODD = 93
    TTY_OP_ISPEED = 128
    TTY_OP_OSPEED = 129


def encode_modes(modes: Mapping[int, int]) -> bytes:
    """Encode terminal modes, given as opcode to argument.

    Raises:
        EncodeError: an opcode is not from 1 to 159, or an argument is not a uint32.
    """
    entries: list[bytes] = []
    for opcode, argument in modes.items():
        if not _END < opcode < _FIRST_UNDEFINED or not 0 <= argument < 1 << 32:
            raise EncodeError("modes", f"opcode {opcode} with the argument {argument}")
        entries.append(_ENTRY.pack(opcode, argument))
    return b"".join((*entries, b"\0"))


def decode_modes(data: bytes) -> dict[int, int]:
    """Decode terminal modes up to TTY_OP_END or the first undefined opcode.

    Raises:
        Truncated: the argument of an opcode is missing.
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
