"""The extensions of version 3 (OpenSSH's PROTOCOL section 4)."""

from __future__ import annotations

from typing import Final

__all__ = ["EXTENSIONS", "OF_OTHER_SERVERS"]

EXTENSIONS: Final = {
    "posix-rename@openssh.com": b"1",
    "statvfs@openssh.com": b"2",
    "fstatvfs@openssh.com": b"2",
    "hardlink@openssh.com": b"1",
    "fsync@openssh.com": b"1",
    "lsetstat@openssh.com": b"1",
    "limits@openssh.com": b"1",
    "expand-path@openssh.com": b"1",
    "home-directory": b"1",
}
"""Each with the version that is known: the client uses it, the server announces it."""

OF_OTHER_SERVERS: Final = {
    "copy-data": b"1",
    "users-groups-by-id@openssh.com": b"1",
}
"""What the client alone knows: OpenSSH's server has these, and this package's has not."""
