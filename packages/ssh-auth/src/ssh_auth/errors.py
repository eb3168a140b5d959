"""How authentication ends when it does not succeed.

    AuthenticationFailed   at the client: no credential was enough (an SSHError)
    TooManyAttempts        at the server: a cap was reached (a ProtocolError, reason 14)

A peer that breaks the protocol is a `ProtocolError`, in both roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ssh_auth.attempts import AuthAttempt, Outcome
from ssh_wire import DisconnectReason, ProtocolError, SSHError
from ssh_wire.text import printable

__all__ = ["AuthenticationFailed", "TooManyAttempts"]


class AuthenticationFailed(SSHError):
    """The server did not authenticate the user.

    Attributes:
        username: the user.
        attempts: every credential in the order tried, and what came of it; those that could
            not be used among them.
        remaining_methods: what the server would still take; empty if it never listed any.
        reason: why the client stopped before its credentials were used up, or empty.
        host: the server's name, or empty where it is not known.
    """

    def __init__(
        self,
        username: str,
        attempts: Sequence[AuthAttempt],
        remaining_methods: Sequence[str] = (),
        reason: str = "",
        host: str = "",
    ) -> None:
        self.username = username
        self.attempts: tuple[AuthAttempt, ...] = tuple(attempts)
        self.remaining_methods: tuple[str, ...] = tuple(remaining_methods)
        self.reason = reason
        self.host = host
        super().__init__(printable(self._line(), limit=4096))

    def _line(self) -> str:
        where = f" at {self.host}" if self.host else ""
        why = f", {self.reason}" if self.reason else ""
        tried = "; ".join(_times(text, len([*same])) for text, same in groupby(self._tried()))
        tried = tried or "there was no key, password or other credential to try"
        return f"authentication as {self.username!r}{where} failed{why}: {tried}{self._rest()}"

    def _tried(self) -> list[str]:
        return [str(attempt) for attempt in self.attempts if _is_reported(attempt)]

    def _rest(self) -> str:
        methods = ", ".join(self.remaining_methods)
        if not methods:
            return ""
        partial = any(attempt.outcome is Outcome.PARTIAL for attempt in self.attempts)
        return f"; the server {'still requires' if partial else 'accepts'} {methods}"


def _is_reported(attempt: AuthAttempt) -> bool:
    if attempt.implied:
        return attempt.outcome is not Outcome.NOT_OFFERED
    # every server that wants authentication refuses "none"
    return (attempt.method, attempt.outcome) != ("none", Outcome.REJECTED)


def _times(text: str, count: int) -> str:
    return text if count == 1 else f"{text} ({count} times)"


class TooManyAttempts(ProtocolError):
    """The client used up its failures, requests or queries (RFC 4252 section 4)."""

    reason = DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
