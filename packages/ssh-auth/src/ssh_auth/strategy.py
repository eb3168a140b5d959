"""In which order credentials are tried.

The usual strategy is a sequence.  One that decides as it goes (ask for the agent's keys
only when publickey remains, say) is a class with the one method of `AuthStrategy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_auth.credentials import Credential

__all__ = ["AuthProgress", "AuthStrategy", "InOrder"]


@attrs.frozen(kw_only=True)
class AuthProgress:
    """How far authentication has come.

    Attributes:
        remaining: the methods that the server lists, or None while it has not said.
        attempts: what was tried, oldest first.
    """

    remaining: tuple[str, ...] | None
    attempts: tuple[AuthAttempt, ...]


class AuthStrategy(Protocol):
    """Decides what is tried next."""

    def next_credential(self, progress: AuthProgress, /) -> Credential | None:
        """Return the next credential, or None when there is none.

        A credential whose method the server does not list is reported and not sent.
        """
        ...


class InOrder:
    """The given credentials, one after the other.

    After a partial success the round begins again with all that have not been accepted,
    because the method of a credential that was refused before may be the one that the
    server wants now.
    """

    def __init__(self, credentials: Iterable[Credential]) -> None:
        self._unused = list(credentials)
        self._round = iter(tuple(self._unused))
        self._last: Credential | None = None
        self._partial = 0

    def next_credential(self, progress: AuthProgress) -> Credential | None:
        """Return the next credential of the round."""
        partial = sum(attempt.outcome is Outcome.PARTIAL for attempt in progress.attempts)
        if partial > self._partial:
            self._partial = partial
            self._unused = [each for each in self._unused if each is not self._last]
            self._round = iter(tuple(self._unused))
        self._last = next(self._round, None)
        return self._last
