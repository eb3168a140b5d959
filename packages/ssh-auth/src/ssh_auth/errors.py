"""How authentication ends when it does not succeed.

    AuthenticationFailed   at the client: no credential was enough (an SSHError)
    TooManyAttempts        at the server: a cap was reached (a ProtocolError, reason 14)

A peer that breaks the protocol is a `ProtocolError`, in both roles.
"""

from __future__ import annotations

from collections.abc import Sequence

from ssh_auth.attempts import AuthAttempt
from ssh_wire import DisconnectReason, ProtocolError, SSHError
from ssh_wire.text import printable

__all__ = ["AuthenticationFailed", "TooManyAttempts"]


class AuthenticationFailed(SSHError):
    """The server did not let the user in.

    Attributes:
        username: the user.
        attempts: every credential in the order tried, and what came of it.
        remaining_methods: what the server would still take; empty if it never said.
        reason: why the client stopped.
    """

    def __init__(
        self,
        username: str,
        attempts: Sequence[AuthAttempt],
        remaining_methods: Sequence[str] = (),
        reason: str = "no credential is left",
    ) -> None:
        self.username = username
        self.attempts: tuple[AuthAttempt, ...] = tuple(attempts)
        self.remaining_methods: tuple[str, ...] = tuple(remaining_methods)
        self.reason = reason
        super().__init__(self._line())

    def _line(self) -> str:
        tried = "; ".join(str(attempt) for attempt in self.attempts) or "nothing was tried"
        methods = ", ".join(self.remaining_methods) or "nothing"
        return printable(
            f"authentication as {self.username!r} failed, {self.reason}: {tried}"
            f" (the server accepts {methods})",
            limit=4096,
        )


class TooManyAttempts(ProtocolError):
    """The client used up its failures, requests or queries (RFC 4252 section 4)."""

    reason = DisconnectReason.NO_MORE_AUTH_METHODS_AVAILABLE
