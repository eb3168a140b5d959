"""What a client has used up of its caps (RFC 4252 section 4).

Nothing sets a count back: not a partial success, and not another spelling of the user.
"""

from __future__ import annotations

from ssh_auth.errors import TooManyAttempts
from ssh_auth.limits import AuthLimits

__all__ = ["Tally"]


class Tally:
    """Counts one connection's requests; the one too many raises `TooManyAttempts`."""

    def __init__(self, limits: AuthLimits) -> None:
        self._limits = limits
        self._requests = self._failures = self._queries = self._rounds = 0
        self._none_seen = False

    def count_request(self) -> None:
        """Count a USERAUTH_REQUEST, whatever comes of it."""
        self._requests += 1
        _check(self._requests > self._limits.requests, "requests")

    def count_failure(self) -> None:
        """Count a failed or abandoned request; the last one allowed ends the connection."""
        self._failures += 1
        _check(self._failures >= self._limits.failures, "failures")

    def count_query(self) -> None:
        """Count a publickey query."""
        self._queries += 1
        _check(self._queries > self._limits.key_queries, "publickey queries")

    def count_round(self) -> None:
        """Count an INFO_REQUEST."""
        self._rounds += 1
        _check(self._rounds > self._limits.rounds, "rounds of prompts")

    def first_none(self) -> bool:
        """Return whether this "none" is the first: it asks for the methods, and costs nothing."""
        first, self._none_seen = not self._none_seen, True
        return first


def _check(over: bool, what: str) -> None:  # noqa: FBT001 (a condition)
    if over:
        problem = f"too many authentication {what}"
        raise TooManyAttempts(problem)
