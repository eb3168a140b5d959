"""The name of a host in its usual form."""

from __future__ import annotations

import socket
from contextlib import suppress

__all__ = ["canonical_name"]


def canonical_name(host: str) -> str:
    """Return a host's name in lower case; an address in its usual form."""
    if ":" in host or host[:1].isdigit():
        with suppress(OSError, UnicodeError):  # the usual address needs no resolver
            return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, host))
        try:
            found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
            # with the interface of an address that belongs to one link
            return socket.getnameinfo(found[0][4], socket.NI_NUMERICHOST)[0]
        except (OSError, UnicodeError):
            pass
    # ssh.c takes a name with a % for an address with the name of an interface
    return host if "%" in host and ":" not in host else host.lower()
