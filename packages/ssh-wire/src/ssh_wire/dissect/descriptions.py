"""The meaning of numbers and blobs, in escaped text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

from ssh_wire.errors import WireError
from ssh_wire.messages import connection, openssh, transport
from ssh_wire.modes import TerminalMode, decode_modes
from ssh_wire.numbers import (
    EXTENDED_DATA_STDERR,
    DisconnectReason,
    OpenFailureReason,
)
from ssh_wire.primitives import read_string
from ssh_wire.text import printable

__all__ = ["describe", "terminal_modes"]

_LONGEST_NAME = 64
"""RFC 4251 section 6: names have at most 64 characters."""


def describe(cls: type, field: str, value: object) -> str:
    """Return the meaning of a field's content; empty if it needs none."""
    explain = _MEANINGS.get((cls, field))
    if explain is not None and isinstance(value, int):
        return explain(value)
    if field in _BLOBS and isinstance(value, bytes):
        return _blob(value)
    return ""


def terminal_modes(cls: type, field: str, value: object) -> list[tuple[str, int]]:
    """Return the terminal modes in a field, by name; empty for other fields."""
    if cls is not connection.PtyRequest or field != "modes" or not isinstance(value, bytes):
        return []
    try:
        modes = decode_modes(value)
    except WireError:
        return []
    return [(_name_in(TerminalMode)(opcode) or str(opcode), modes[opcode]) for opcode in modes]


def _name_in(numbers: type[IntEnum]) -> Callable[[int], str]:
    return _words({member.value: member.name for member in numbers})


def _words(words: Mapping[int, str]) -> Callable[[int], str]:
    return lambda number: words.get(number, "")


_MEANINGS: Mapping[tuple[type, str], Callable[[int], str]] = {
    (transport.Disconnect, "code"): _name_in(DisconnectReason),
    (connection.ChannelOpenFailure, "reason"): _name_in(OpenFailureReason),
    (connection.ChannelExtendedData, "data_type"): _words({EXTENDED_DATA_STDERR: "stderr"}),
    (openssh.TunnelOpen, "mode"): _words({1: "packets", 2: "Ethernet frames"}),
}

_BLOBS = {"host_key", "key", "keys", "signature", "signatures", "transient_key"}
"""Fields whose content begins with the name of its type (RFC 4253 section 6.6)."""


def _blob(value: bytes) -> str:
    try:
        name, _ = read_string(value, 0)
    except WireError:
        return ""
    return printable(name) if 0 < len(name) <= _LONGEST_NAME else ""
