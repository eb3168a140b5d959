"""Bounds of a client session: what we choose, and what the server says it takes.

`SFTPOptions` is chosen before a session; `ServerLimits` comes from limits@openssh.com
(OpenSSH's PROTOCOL section 4.8), or is what every server must take.
"""

from __future__ import annotations

import attrs

from ssh_sftp.messages import LimitsReply
from ssh_sftp.numbers import MAX_DEPTH, MAX_PACKET, MAX_READ, MAX_WRITE, SAFE_READ

__all__ = ["SFTPOptions", "ServerLimits"]

_SMALLEST_BLOCK = 512
_WRITE_OVERHEAD = 1_024


@attrs.frozen(kw_only=True)
class SFTPOptions:
    """What a client session keeps to.

    Attributes:
        timeout: seconds without a byte from the server, while it owes replies, after which
            the session fails; None to wait for ever.
        files_in_flight: the most files of one tree that are open at once.
        first_outstanding: bytes asked for or sent ahead when a transfer begins, and at least.
        max_outstanding: bytes ahead at the most; the transfer finds out how many help.
        max_depth: how deep a tree is followed.
        max_entries: the most names that one directory may list.
        atomic: transfer under a temporary name, and rename when all is there.
        fsync: put each file to stable storage before it gets its name.
    """

    timeout: float | None = 120.0
    files_in_flight: int = 128
    first_outstanding: int = 1024 * 1024
    max_outstanding: int = 32 * 1024 * 1024
    max_depth: int = MAX_DEPTH
    max_entries: int = 1_000_000
    atomic: bool = True
    fsync: bool = False


@attrs.frozen(kw_only=True)
class ServerLimits:
    """What the server takes; None where it did not say.

    Attributes:
        max_packet: the longest packet.
        max_read: the longest READ.
        max_write: the longest WRITE.
        max_handles: how many files may be open at once.  It says nothing of how many
            requests may be outstanding.
    """

    max_packet: int | None = None
    max_read: int | None = None
    max_write: int | None = None
    max_handles: int | None = None

    @classmethod
    def from_reply(cls, reply: LimitsReply) -> ServerLimits:
        """Read the reply of limits@openssh.com, where zero means "no limit told"."""
        return cls(
            max_packet=reply.max_packet or None,
            max_read=reply.max_read or None,
            max_write=reply.max_write or None,
            max_handles=reply.max_handles or None,
        )

    @property
    def read_block(self) -> int:
        """How much one READ asks for."""
        return _block(self.max_read, self.max_packet, MAX_READ)

    @property
    def write_block(self) -> int:
        """How much one WRITE carries."""
        return _block(self.max_write, self.max_packet, MAX_WRITE)


def _block(told: int | None, max_packet: int | None, ours: int) -> int:
    if told is None:
        return SAFE_READ
    return max(_SMALLEST_BLOCK, min(told, ours, (max_packet or MAX_PACKET) - _WRITE_OVERHEAD))
