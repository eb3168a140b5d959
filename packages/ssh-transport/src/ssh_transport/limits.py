"""Every bound that the transport puts on its peer, in one frozen class."""

from __future__ import annotations

from ssh_wire import lazy_attrs
from ssh_wire.numbers import MAX_PACKET_LENGTH

__all__ = ["Limits"]

KIB = 1024
MIB = 1024 * KIB


@lazy_attrs.frozen(kw_only=True)
class Limits:
    """What the transport accepts of a peer, and how much it keeps for it."""

    identification_line: int = 255
    """Bytes of an identification line, CR and LF included (RFC 4253 section 4.2)."""

    banner_lines: int = 1024
    """Lines that a server may send before its identification; a client may send none."""

    banner_line: int = 8192
    """Bytes of one such line."""

    banner_bytes: int = 64 * KIB
    """Bytes of all such lines that are reported; the rest is skipped, and the last one says so."""

    packet_length: int = MAX_PACKET_LENGTH
    """The largest `packet_length` that is accepted (RFC 4253 section 6.1)."""

    payload: int = MAX_PACKET_LENGTH
    """Bytes of a compressed payload when it is expanded."""

    extensions: int = 1023
    """Entries of one SSH_MSG_EXT_INFO.

    RFC 8308 section 2.5 asks to accept any number; this bound is OpenSSH's.
    """

    held_packets: int = 64
    """Packets that the queue holds during a key exchange, whatever their size."""

    held_bytes: int = 4 * MIB
    """Bytes up to which the queue holds more packets than `held_packets`."""

    outgoing_bytes: int = 4 * MIB
    """Sealed bytes that wait to be taken, above which no more input is processed."""

    early_bytes: int = 4 * MIB
    """Bytes in both directions before the user is authenticated."""

    rekey_timeout: float = 60.0
    """Seconds that a key re-exchange may take."""

    key_packets: int = 2**32 - 2**16
    """Packets under one key before the connection ends (RFC 4344 section 3.1: 2**32)."""
