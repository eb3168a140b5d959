"""What a client tried, and what came of it."""

from __future__ import annotations

from enum import Enum

from ssh_wire import lazy_attrs

__all__ = ["AuthAttempt", "Outcome"]


class Outcome(Enum):
    """What came of one credential; the value is how a report says it."""

    ACCEPTED = "accepted"
    """The server authenticated the user."""

    PARTIAL = "accepted, more is required"
    """The server took it and wants another method (RFC 4252 section 5.1)."""

    UNPROVEN = "accepted without any proof, which is refused here"
    """The server wanted nothing that only the user could show (`ClientPolicy.require_proof`)."""

    REJECTED = "rejected"
    """The server answered SSH_MSG_USERAUTH_FAILURE."""

    EXPIRED = "expired"
    """The server wants a new password and there was none to give (RFC 4252 section 8)."""

    NOT_OFFERED = "not offered by the server"
    """Nothing was sent: the server does not list the method."""

    UNUSABLE = "could not be used"
    """Nothing was sent: this side could not use it; `detail` says why."""

    NO_ALGORITHM = "no signature algorithm in common"
    """Nothing was sent: the server verifies with no algorithm of this key (RFC 8308)."""

    SIGNING_FAILED = "could not sign"
    """The agent, the token or the key did not sign."""

    DECLINED = "not answered"
    """The user, or the function that stands for it, gave no password or no answers."""


@lazy_attrs.frozen(kw_only=True)
class AuthAttempt:
    """One credential and what came of it.

    Attributes:
        method: the method's name on the wire.
        source: where the credential came from, such as "agent" or "file /home/me/.ssh/id_rsa".
        fingerprint: the SHA-256 fingerprint of the key, where there is one.
        certificate: the key id of the certificate that was shown for the key, where one was.
        algorithm: the signature algorithm, where there is one.
        outcome: what came of it.
        remaining: the methods that the server lists after it; None if it has listed none yet.
        detail: why, where the reason is on this side.
        implied: whether it is another way for a credential that has an attempt of its own.
    """

    method: str
    source: str = ""
    fingerprint: str = ""
    certificate: str | None = None
    algorithm: str = ""
    outcome: Outcome
    remaining: tuple[str, ...] | None = None
    detail: str = ""
    implied: bool = False

    def __str__(self) -> str:
        certificate = "" if self.certificate is None else f"certificate {self.certificate!r}"
        known = (self.source, self.fingerprint, certificate, self.algorithm)
        about = ", ".join(filter(None, known))
        what = f"{self.method} ({about})" if about else self.method
        detail = f": {self.detail}" if self.detail else ""
        return f"{what} {self.outcome.value}{detail}"
