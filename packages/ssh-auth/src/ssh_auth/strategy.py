"""In which order credentials are tried.

The usual strategy is a sequence.  One that decides as it goes (ask for the agent's keys
only when publickey remains, say) is a class with the one method of `AuthStrategy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_auth.credentials import AuthCredential, NoneCredential, UnusableCredential
from ssh_wire import lazy_attrs

__all__ = ["AuthProgress", "AuthStrategy", "OrderedStrategy"]


@lazy_attrs.frozen(kw_only=True)
class AuthProgress:
    """How far authentication has come.

    Attributes:
        remaining: the methods that the server lists, or None while it has listed none.
        attempts: what was tried, oldest first.
    """

    remaining: tuple[str, ...] | None
    attempts: tuple[AuthAttempt, ...]


class AuthStrategy(Protocol):
    """Decides what is tried next."""

    def next_credential(self, progress: AuthProgress, /) -> AuthCredential | None:
        """Return the next credential, or None when there are no more.

        A credential whose method the server does not list is reported and not sent.
        """
        ...


class OrderedStrategy:
    """The given credentials, one after the other.

    A credential whose method the server did not list gets its turn when the server lists
    other methods, as in OpenSSH's client.  After a partial success the round begins again
    with all that have not been accepted, because the method of a credential that was
    refused before may be the one that the server wants now.
    """

    def __init__(self, credentials: Iterable[AuthCredential]) -> None:
        self._credentials = tuple(credentials)
        self._unused = list(range(len(self._credentials)))
        self._round = list(self._unused)
        self._passed_over: list[int] = []
        self._last: int | None = None
        self._listed: frozenset[str] = frozenset()
        self._partial = 0

    def next_credential(self, progress: AuthProgress) -> AuthCredential | None:
        """Return the next credential of the round."""
        if self._last is None:
            self._listed = frozenset(progress.remaining or ())
        else:
            self._note(self._last, progress)
        self._last = self._round.pop(0) if self._round else None
        return None if self._last is None else self._credentials[self._last]

    def _note(self, last: int, progress: AuthProgress) -> None:
        """Take note of what came of the last credential."""
        partial = sum(attempt.outcome is Outcome.PARTIAL for attempt in progress.attempts)
        # a credential that is given several times is accepted, or passed over, once
        same = {n for n, each in enumerate(self._credentials) if each is self._credentials[last]}
        if partial > self._partial or _is_done(self._credentials[last]):
            self._unused = [n for n in self._unused if n not in same]
        elif progress.attempts[-1].outcome is Outcome.NOT_OFFERED:
            self._passed_over += [last, *(n for n in self._round if n in same)]
            self._round = [n for n in self._round if n not in same]
        listed = frozenset(progress.remaining or ())
        if partial > self._partial:
            self._round, self._passed_over = list(self._unused), []
        elif listed != self._listed:
            self._round, self._passed_over = sorted([*self._passed_over, *self._round]), []
        self._partial, self._listed = partial, listed


def _is_done(credential: AuthCredential) -> bool:
    """Return whether nothing more can come of a credential that had its turn."""
    probe = isinstance(credential, NoneCredential) and credential.probe
    return probe or isinstance(credential, UnusableCredential)
