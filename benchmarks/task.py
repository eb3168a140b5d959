"""What a client is told to do, and what it says of it: JSON both ways.

The clients' side of the benchmarks imports the standard library and the client, nothing
else, so that the time and the memory of a process are the client's own.
"""

from __future__ import annotations

from typing import Final, Literal, TypedDict

Operation = Literal[
    "get", "put", "get_tree", "put_tree", "stdout", "stdin", "connect", "exec", "fresh", "modules"
]

GIB: Final = 1024**3
MIB: Final = 1024**2

CIPHER: Final = "aes128-gcm@openssh.com"
KEX: Final = "curve25519-sha256@libssh.org"
HOST_KEY: Final = "ssh-ed25519"

BLOCK: Final = 256 * 1024
"""Bytes that a Python client is given, or asks for, at a time where the caller decides."""

HOST: Final = "127.0.0.1"
NOTHING: Final = "true"
"""The command of which only the round trip is of interest."""


def source_command(size: int) -> str:
    """A command that writes `size` bytes."""
    return f"head -c {size} /dev/zero"


SINK_COMMAND: Final = "LC_ALL=C dd bs=1M of=/dev/null"
"""A command that reads everything and says on standard error how much that was."""


def check_sunk(printed: bytes, size: int) -> None:
    """Raise unless the sink command has read `size` bytes."""
    if f"\n{size} bytes".encode() not in printed:
        message = f"the command was to read {size} bytes; it printed {printed!r}"
        raise ValueError(message)


class Task(TypedDict):
    """One measurement that a client is to make."""

    operation: Operation
    port: int
    user: str
    key: str
    known_hosts: str
    local: str
    """The local file or directory of a transfer."""
    remote: str
    """The remote one."""
    size: int
    """Bytes to stream, where there is no file."""
    count: int
    """How often to do a small thing."""
    jump: bool
    """Whether the server is reached through a jump host, which is the same server."""


class Sample(TypedDict):
    """What one measurement gave."""

    wall: float
    """Seconds; where a small thing is done many times, the median of one."""
    cpu: float
    """User and system seconds, children included; the mean of one."""
    peak: int
    """The most memory that the process had resident, in KiB."""
