"""How long a failure is held back, so that its time does not tell which users there are.

As OpenSSH's auth2.c does it: a failure is sent 5 to 9 ms after its request, or, where deciding
took longer, at twice, four times, eight times that.  Each user name has its own part of it, so
that the time cannot be averaged away.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

__all__ = ["failure_delay"]

_LEAST: Final = 0.005
_SPREAD: Final = 0.0042
_BITS: Final = 32


def failure_delay(user: str, secret: bytes, elapsed: float) -> float:
    """Return how many seconds a failure still has to wait.

    Args:
        user: the user that the client named.
        secret: random bytes of this server, which the client must not know.
        elapsed: the seconds since its request came.
    """
    name = user.encode("utf-8", "surrogatepass")
    digest = hmac.digest(secret, name, hashlib.sha256)[: _BITS // 8]
    due: float = _LEAST + _SPREAD * int.from_bytes(digest, "big") / 2**_BITS
    while due < elapsed:
        due *= 2
    return due - elapsed
