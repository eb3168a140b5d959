"""Bounds of a client session: what we choose, and what the server says it takes.

`SFTPOptions` is chosen before a session; `ServerLimits` comes from limits@openssh.com
(OpenSSH's PROTOCOL section 4.8), or is what every server must take.
"""

from __future__ import annotations

import attrs

from ssh_sftp.messages import LimitsReply
from ssh_sftp.numbers import MAX_DEPTH, MAX_PACKET, MAX_READ, MAX_WRITE, SAFE_READ
from ssh_wire import UsageError

__all__ = ["SFTPOptions", "ServerLimits"]

_SMALLEST_BLOCK = 512
_WRITE_OVERHEAD = 1_024


@attrs.frozen(kw_only=True)
class SFTPOptions:
    """How a client session behaves: `conn.sftp(options=SFTPOptions(atomic=False))`.

    Attributes:
        timeout: seconds without a byte from the server, while it owes replies, after which
            the session fails; None to wait for ever.
        atomic: transfer under a temporary name, and rename when all is there.  False writes to
            the file itself, for servers that refuse to rename; a transfer that fails then leaves
            a part of the file.
        fsync: put each file to stable storage before it gets its name.
        read_size: bytes that one READ asks for; None takes what the server says it gives
            (limits@openssh.com), else 32 KiB.
        write_size: bytes that one WRITE carries; None takes what the server says it takes
            (limits@openssh.com), else 32 KiB.
        files_in_flight: the most files of one tree that are open at once.
        first_outstanding: bytes asked for or sent ahead when a transfer begins, and at least.
        max_outstanding: bytes ahead at the most; the transfer finds out how many help.
        max_depth: how deep a tree is followed.
        max_entries: the most names that one directory may list.
        skip_unknown_types: leave out, without an error, entries of a tree of which the server does
            not say whether they are files or directories.

    Raises:
        UsageError: a value is out of its bounds.
    """

    timeout: float | None = 120.0
    atomic: bool = True
    fsync: bool = False
    read_size: int | None = None
    write_size: int | None = None
    files_in_flight: int = 128
    first_outstanding: int = 1024 * 1024
    max_outstanding: int = 32 * 1024 * 1024
    max_depth: int = MAX_DEPTH
    max_entries: int = 1_000_000
    skip_unknown_types: bool = False

    def __attrs_post_init__(self) -> None:
        bounds = {
            "read_size": (self.read_size, _SMALLEST_BLOCK, MAX_READ),
            "write_size": (self.write_size, _SMALLEST_BLOCK, MAX_WRITE),
            "files_in_flight": (self.files_in_flight, 1, None),
            "first_outstanding": (self.first_outstanding, 1, None),
            "max_outstanding": (self.max_outstanding, 1, None),
            "max_depth": (self.max_depth, 1, None),
            "max_entries": (self.max_entries, 1, None),
        }
        for name, (value, least, most) in bounds.items():
            if value is None:
                continue
            if value < least or (most is not None and value > most):
                upper = "or more" if most is None else f"to {most}"
                problem = f"{name}={value!r} is not {least} {upper}"
                raise UsageError(problem)
        if self.timeout is not None and not self.timeout > 0:
            problem = f"timeout={self.timeout!r} is not a number of seconds above 0, and not None"
            raise UsageError(problem)


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

    def read_size(self, options: SFTPOptions) -> int:
        """How much one READ asks for, where the owner has a wish too."""
        if options.read_size is None:
            return self.read_block
        unbounded = self.max_read is None
        return options.read_size if unbounded else min(options.read_size, self.read_block)

    def write_size(self, options: SFTPOptions) -> int:
        """How much one WRITE carries, where the owner has a wish too."""
        if options.write_size is None:
            return self.write_block
        unbounded = self.max_write is None
        return options.write_size if unbounded else min(options.write_size, self.write_block)


def _block(told: int | None, max_packet: int | None, ours: int) -> int:
    if told is None:
        return SAFE_READ
    return max(_SMALLEST_BLOCK, min(told, ours, (max_packet or MAX_PACKET) - _WRITE_OVERHEAD))
