"""The passphrase of a locked agent (draft-miller-ssh-agent section 4.6).

Guessing is slowed down for all clients together: no passphrase is tried before the delay of the
last wrong one is over.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

__all__ = ["DELAY_STEP", "MAX_DELAY", "AgentLock"]

DELAY_STEP: Final = 0.1
"""Seconds that each wrong passphrase adds to the delay, as in OpenSSH's agent."""

MAX_DELAY: Final = 10.0
"""The longest delay, in seconds."""

_SALT_SIZE: Final = 16
_ROUNDS: Final = 2_000  # some milliseconds: the passphrase is guarded by the delay


class AgentLock:
    """Locked by a passphrase, unlocked by the same.

    Attributes:
        delayed_until: the time before which no passphrase is tried.
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self.delayed_until: float = 0.0
        self._random = random
        self._salt = b""
        self._digest: bytes | None = None
        self._failures = 0

    @property
    def locked(self) -> bool:
        """Whether the agent is locked."""
        return self._digest is not None

    def lock(self, passphrase: bytes) -> bool:
        """Lock; say whether that was done.  An empty passphrase does not lock."""
        if self.locked or not passphrase:
            return False
        self._salt = self._random(_SALT_SIZE)
        self._digest = self._hash(passphrase)
        return True

    def unlock(self, passphrase: bytes, now: float) -> bool:
        """Unlock if the passphrase is right; a wrong one delays the next, and its own answer."""
        if self._digest is None or not passphrase:
            return False
        if hmac.compare_digest(self._hash(passphrase), self._digest):
            self._digest = None
            self._failures = 0
            return True
        self._failures += 1
        self.delayed_until = now + min(self._failures * DELAY_STEP, MAX_DELAY)
        return False

    def _hash(self, passphrase: bytes) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", passphrase, self._salt, _ROUNDS)
