"""The options of a client session, and the limits that the server reports.

`SFTPOptions` is chosen before a session; `ServerLimits` comes from limits@openssh.com (OpenSSH's
PROTOCOL section 4.8); its defaults are what every server must accept.
"""

from __future__ import annotations

from ssh_sftp.messages import LimitsReply
from ssh_sftp.numbers import MAX_DEPTH, MAX_PACKET, MAX_READ, MAX_WRITE, SAFE_READ
from ssh_wire import UsageError, lazy_attrs

__all__ = ["SFTPOptions", "ServerLimits", "within_limit"]

_SMALLEST_BLOCK = 512
_WRITE_OVERHEAD = 1_024
_SLOW = 131_072  # bytes a second, below which a reply may take longer than a timeout
_REQUESTS_A_SECOND = 4
_MOST_STRIPES = 10
"""As many sessions as OpenSSH's server gives one connection (MaxSessions)."""


@lazy_attrs.frozen(kw_only=True)
class SFTPOptions:
    """The options of a client session: `conn.sftp(options=SFTPOptions(atomic=False))`.

    Attributes:
        timeout: seconds without a byte from the server, while requests are outstanding, after
            which the session fails; None for no limit.
        atomic: transfer under a temporary name, and rename when the file is complete.  False
            writes to the file itself, for servers that refuse to rename; a transfer that fails
            then leaves a partial file.
        fsync: write each file to stable storage before it gets its name.
        resume: keep what was transferred when a transfer fails, and go on from it the next time,
            after a comparison of the size and time of the source and of samples.
        verify: compare the content of each file on both sides before it gets its name: all bytes
            are read once more.
        sparse: make holes of what is zero, and do not send what is in the holes of local files.
        read_size: bytes of one READ; None uses the limit that the server reports
            (limits@openssh.com), else 32 KiB.
        write_size: bytes of one WRITE; None uses the limit that the server reports
            (limits@openssh.com), else 32 KiB.
        stripes: over how many channels one large file is uploaded, where the connection gives
            more than one; of use over a long line, whose rate the window of each channel bounds.
            An upload with `resume`, `sparse` or `limit` goes over one.
        files_in_flight: the most files of one tree that are open at once.
        first_outstanding: bytes requested or sent ahead when a transfer begins; the minimum.
        max_outstanding: the most bytes ahead; the transfer measures how many are useful.
        max_depth: the most levels of directories in a tree.
        max_entries: the most names that one directory may list.
        skip_unknown_types: leave out, without an error, entries of a tree whose type the server
            does not report.
        limit: the most bytes a second in each direction; None for no bound.  Requests are made
            small then, and below 128 KiB a second there is no timeout.

    Raises:
        UsageError: a value is out of its bounds.
    """

    timeout: float | None = 120.0
    atomic: bool = True
    fsync: bool = False
    resume: bool = False
    verify: bool = False
    sparse: bool = False
    read_size: int | None = None
    write_size: int | None = None
    stripes: int = 1
    files_in_flight: int = 128
    first_outstanding: int = 1024 * 1024
    max_outstanding: int = 32 * 1024 * 1024
    max_depth: int = MAX_DEPTH
    max_entries: int = 1_000_000
    skip_unknown_types: bool = False
    limit: int | None = None

    def __attrs_post_init__(self) -> None:
        bounds = {
            "read_size": (self.read_size, _SMALLEST_BLOCK, MAX_READ),
            "write_size": (self.write_size, _SMALLEST_BLOCK, MAX_WRITE),
            "stripes": (self.stripes, 1, _MOST_STRIPES),
            "files_in_flight": (self.files_in_flight, 1, None),
            "first_outstanding": (self.first_outstanding, 1, None),
            "max_outstanding": (self.max_outstanding, 1, None),
            "max_depth": (self.max_depth, 1, None),
            "max_entries": (self.max_entries, 1, None),
            "limit": (self.limit, 1, None),
        }
        for name, (value, least, most) in bounds.items():
            if value is None:
                continue
            if value < least or (most is not None and value > most):
                upper = "or more" if most is None else f"to {most}"
                problem = f"{name}={value!r} is not {least} {upper}"
                raise UsageError(problem)
        if self.timeout is not None and not self.timeout > 0:
            problem = f"timeout={self.timeout!r} is not None or a number of seconds above 0"
            raise UsageError(problem)


def within_limit(options: SFTPOptions) -> SFTPOptions:
    """Return options with requests so small that none takes longer than the server may be silent.

    Args:
        options: options, with or without `limit`.
    """
    limit = options.limit
    if limit is None:
        return options
    block = max(_SMALLEST_BLOCK, limit // _REQUESTS_A_SECOND)
    read_size, write_size = options.read_size, options.write_size
    if block < MAX_READ:  # else as without a limit
        read_size = min(read_size or SAFE_READ, block)
        write_size = min(write_size or SAFE_READ, block)
    ahead = min(options.max_outstanding, _REQUESTS_A_SECOND * (read_size or MAX_READ))
    return lazy_attrs.evolve(
        options,
        read_size=read_size,
        write_size=write_size,
        first_outstanding=min(options.first_outstanding, ahead),
        max_outstanding=ahead,
        timeout=options.timeout if limit >= _SLOW else None,
    )


@lazy_attrs.frozen(kw_only=True)
class ServerLimits:
    """The limits of a server; None is one that it did not report.

    Attributes:
        max_packet: the longest packet.
        max_read: the longest READ.
        max_write: the longest WRITE.
        max_handles: how many files may be open at once; not how many requests may be
            outstanding.
    """

    max_packet: int | None = None
    max_read: int | None = None
    max_write: int | None = None
    max_handles: int | None = None

    @classmethod
    def from_reply(cls, reply: LimitsReply) -> ServerLimits:
        """Return the limits of a reply to limits@openssh.com, where zero means "not reported"."""
        return cls(
            max_packet=reply.max_packet or None,
            max_read=reply.max_read or None,
            max_write=reply.max_write or None,
            max_handles=reply.max_handles or None,
        )

    @property
    def read_block(self) -> int:
        """The bytes of one READ."""
        return _block(self.max_read, self.max_packet, MAX_READ)

    @property
    def write_block(self) -> int:
        """The bytes of one WRITE."""
        return _block(self.max_write, self.max_packet, MAX_WRITE)

    def read_size(self, options: SFTPOptions) -> int:
        """Return the bytes of one READ, under the options of the session."""
        if options.read_size is None:
            return self.read_block
        unbounded = self.max_read is None
        return options.read_size if unbounded else min(options.read_size, self.read_block)

    def write_size(self, options: SFTPOptions) -> int:
        """Return the bytes of one WRITE, under the options of the session."""
        if options.write_size is None:
            return self.write_block
        unbounded = self.max_write is None
        return options.write_size if unbounded else min(options.write_size, self.write_block)


def _block(told: int | None, max_packet: int | None, ours: int) -> int:
    if told is None:
        return SAFE_READ
    return max(_SMALLEST_BLOCK, min(told, ours, (max_packet or MAX_PACKET) - _WRITE_OVERHEAD))
