"""What a client has used up of its caps (RFC 4252 section 4).

Nothing sets a count back: not a partial success, and not another spelling of the user.
"""

from __future__ import annotations

from ssh_auth.errors import TooManyAttempts
from ssh_auth.limits import AuthLimits

__all__ = ["AttemptCounter"]


class AttemptCounter:
    """Counts one connection's requests; the one too many raises `TooManyAttempts`."""

    def __init__(self, limits: AuthLimits) -> None:
        self._limits = limits
        self._requests = self._failures = self._queries = self._rounds = 0
        self._none_seen = False

    @property
    def failures(self) -> int:
        """How many requests have failed or were abandoned."""
        return self._failures

    def count_request(self) -> None:
        """Count a USERAUTH_REQUEST, whatever comes of it."""
        self._requests += 1
        _check("requests", over=self._requests > self._limits.requests)

    def count_failure(self) -> None:
        """Count a failed or abandoned request; the last one allowed ends the connection."""
        self._failures += 1
        _check("failures", over=self._failures >= self._limits.failures)

    def count_query(self) -> None:
        """Count a publickey query."""
        self._queries += 1
        _check("publickey queries", over=self._queries > self._limits.key_queries)

    def count_round(self) -> None:
        """Count an INFO_REQUEST."""
        self._rounds += 1
        _check("rounds of prompts", over=self._rounds > self._limits.rounds)

    def first_none(self) -> bool:
        """Return whether this "none" is the first: it asks for the methods, and costs nothing."""
        first, self._none_seen = not self._none_seen, True
        return first


def _check(what: str, *, over: bool) -> None:
    if over:
        problem = f"too many authentication {what}"
        raise TooManyAttempts(problem)
