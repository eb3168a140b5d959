"""Which methods a server takes, and in which sequences.

`Remaining` is what is still to be completed: every sequence that begins with what was
completed, the completed part cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ssh_auth.server.methods import FACTORS, SERVER_METHODS
from ssh_wire import UsageError, lazy_attrs

__all__ = ["Remaining", "ServerPolicy", "demand"]


@lazy_attrs.frozen(kw_only=True)
class ServerPolicy:
    """What a server demands of everybody.

    Attributes:
        methods: the methods of which one is enough, where `sequences` does not say more.
        sequences: what must be completed, in order: one of these, as in OpenSSH's
            AuthenticationMethods.
        banner: text that the client shows before authentication.
        empty_passwords: let an empty password reach the backend.  It never does as a
            second factor.
        algorithms: returns the signature algorithms that a user's keys may use, as
            PubkeyAcceptedAlgorithms in a Match block of OpenSSH's; None for those of
            everybody.  It is called once, when the client has named the user, and what it
            returns is told to whoever asks with that name.  As there, the algorithms of
            certificates are named apart from those of keys.
        certificates: take certificates, of keys with the accepted algorithms.
    """

    methods: tuple[str, ...] = ("publickey",)
    sequences: tuple[tuple[str, ...], ...] = ()
    banner: str = ""
    empty_passwords: bool = False
    algorithms: Callable[[str], Sequence[str]] | None = None
    certificates: bool = False

    def __attrs_post_init__(self) -> None:
        names = {name for sequence in self.required for name in sequence}
        if not self.required or not all(self.required) or not names <= set(SERVER_METHODS):
            problem = f"methods are non-empty sequences of {', '.join(sorted(SERVER_METHODS))}"
            raise UsageError(problem)
        if any(not FACTORS.issuperset(way) for way in self.required if len(way) > 1):
            problem = "'none' proves nothing: it cannot be in a sequence"
            raise UsageError(problem)

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """The sequences of which one must be completed."""
        return self.sequences or tuple((name,) for name in self.methods)


@lazy_attrs.frozen
class Remaining:
    """The sequences of which one is still to be completed."""

    sequences: tuple[tuple[str, ...], ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that can come next, as SSH_MSG_USERAUTH_FAILURE lists them.

        "none" "MUST NOT be listed as supported by the server" (RFC 4252 section 5.2), and
        "already successfully completed authentications SHOULD NOT be included" (5.1).
        """
        return tuple(
            dict.fromkeys(sequence[0] for sequence in self.sequences if sequence[0] != "none")
        )

    def takes(self, method: str) -> bool:
        """Return whether a method can come next."""
        return any(sequence[0] == method for sequence in self.sequences)

    def after(self, method: str) -> Remaining | None:
        """Return what remains after a method was completed; None means nothing."""
        rest = tuple(sequence[1:] for sequence in self.sequences if sequence[0] == method)
        return Remaining(rest) if all(rest) else None


def demand(methods: tuple[str, ...], remaining: Remaining | None) -> Remaining:
    """Return what remains when one of `methods` must come next, in addition to `remaining`."""
    pending = remaining.sequences if remaining is not None else ((),)
    return Remaining(
        tuple(
            sequence if sequence[:1] == (method,) else (method, *sequence)
            for method in methods
            for sequence in pending
        )
    )
