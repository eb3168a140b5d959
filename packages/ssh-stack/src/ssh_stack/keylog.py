"""SSHKEYLOGFILE: the secrets of every connection, in a file that Wireshark reads.

    <cookie of the client's KEXINIT> SHARED_SECRET <K>

It is for debugging, off unless the environment asks for it, and loud where it does: whoever
has the file reads the connections, passwords included.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["VARIABLE", "key_log"]

VARIABLE: Final = "SSHKEYLOGFILE"
"""The environment variable that names the file."""

_OWNER_ONLY: Final = 0o600


def key_log(environment: Mapping[str, str]) -> Callable[[bytes, bytes], None] | None:
    """Return what writes the secret of a key exchange, or None where it is off."""
    path = environment.get(VARIABLE)
    if not path:
        return None
    import logging  # costs import time, and this is rare

    logging.getLogger("ssh_stack").warning(
        "%s is set: whoever reads %s reads this connection, passwords included", VARIABLE, path
    )

    def write(cookie: bytes, secret: bytes) -> None:
        line = f"{cookie.hex()} SHARED_SECRET {secret.hex()}\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    return write
