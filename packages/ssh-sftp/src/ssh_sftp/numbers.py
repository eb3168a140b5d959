"""Assigned numbers of SFTP version 3 and the bounds that this implementation keeps.

Constants only (draft-ietf-secsh-filexfer-02 sections 5 to 7; OpenSSH's PROTOCOL section 4).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

__all__ = [
    "MAX_DEPTH",
    "MAX_HANDLES",
    "MAX_HANDLE_BYTES",
    "MAX_PACKET",
    "MAX_READ",
    "MAX_WRITE",
    "SAFE_READ",
    "VERSION",
    "AttributeFlags",
    "OpenFlags",
    "StatusCode",
]

VERSION: Final = 3
"""The version of the protocol that is spoken."""

MAX_PACKET: Final = 262_144
"""The largest packet that is accepted, in bytes (OpenSSH's SFTP_MAX_MSG_LENGTH)."""

MAX_READ: Final = 261_120
"""The most bytes that one READ gives (OpenSSH's SFTP_MAX_READ_LENGTH, 255 KiB)."""

MAX_WRITE: Final = 261_120
"""The most bytes that one WRITE carries."""

SAFE_READ: Final = 32_768
"""What every implementation must take in one READ or WRITE (section 3)."""

MAX_HANDLES: Final = 1_024
"""The most handles that a server keeps open for one session."""

MAX_HANDLE_BYTES: Final = 256
""""The file handle strings MUST NOT be longer than 256 bytes." (section 6)"""

MAX_DEPTH: Final = 64
"""How deep a tree is followed, as OpenSSH."""


class StatusCode(IntEnum):
    """The codes of SSH_FXP_STATUS (section 7)."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8


class OpenFlags(IntFlag):
    """The pflags of SSH_FXP_OPEN (section 6.3)."""

    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREATE = 0x08
    TRUNCATE = 0x10
    EXCLUSIVE = 0x20


class AttributeFlags(IntFlag):
    """Which fields of ATTRS are present (section 5)."""

    SIZE = 0x0000_0001
    UIDGID = 0x0000_0002
    PERMISSIONS = 0x0000_0004
    ACMODTIME = 0x0000_0008
    EXTENDED = 0x8000_0000
