"""Which user is at the other end of a Unix socket."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

__all__ = ["is_allowed", "peer_uid"]

_LINUX: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid
_BSD: Final = struct.Struct("=2I")  # struct xucred: version, uid, groups
_LOCAL_PEERCRED: Final = 1
_XUCRED_SIZE: Final = 76
_ROOT: Final = 0


def peer_uid(connection: socket.socket) -> int | None:
    """Return the effective user id of the peer when it connected; None where it is not known."""
    try:
        if hasattr(socket, "SO_PEERCRED"):
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX.size)
            return int(_LINUX.unpack(data)[1])
        data = connection.getsockopt(0, _LOCAL_PEERCRED, _XUCRED_SIZE)
        return int(_BSD.unpack_from(data)[1])
    except (OSError, struct.error):
        return None


def is_allowed(uid: int | None) -> bool:
    """Say whether a user may use what this process serves: its own user, and root."""
    return uid is not None and uid in (_ROOT, os.getuid())
