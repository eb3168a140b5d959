"""How far one user has come: completed methods, their keys, what they allow together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_auth.server.policy import Remaining, ServerPolicy, demand
from ssh_auth.server.results import Accept, Partial, Permissions
from ssh_keys import PublicKey

if TYPE_CHECKING:
    from ssh_keys import Certificate, Credential

__all__ = ["Progress"]


class Progress:
    """The factors that one user has completed.

    Attributes:
        remaining: what can come next.
        methods: the completed methods, in order.
        keys: the keys that completed publickey: none of them can do so twice.
        certificate: the certificate that was shown for the last of them, if one was.
        permissions: what all completed methods allow.
    """

    def __init__(self, policy: ServerPolicy) -> None:
        self.remaining: Remaining = Remaining(policy.required)
        self.methods: tuple[str, ...] = ()
        self.keys: tuple[PublicKey, ...] = ()
        self.certificate: Certificate | None = None
        self.permissions: Permissions = Permissions()

    def permits(self, result: Accept | Partial) -> bool:
        """Return whether a result's permissions agree with those of the methods before."""
        return self.permissions.restricted_by(result.permissions) is not None

    def complete(self, method: str, key: Credential | None, result: Accept | Partial) -> bool:
        """Take a completed method; return whether nothing remains.

        The key and the permissions are taken here and nowhere else: they belong to the
        signature that was verified, whatever else was queried (the flaw of CVE-2024-45337).
        """
        permissions = self.permissions.restricted_by(result.permissions)
        remaining = self.remaining.after(method)
        if isinstance(result, Partial):
            remaining = demand(result.methods, remaining)
        if permissions is None:
            return False
        self.permissions = permissions
        self.methods += (method,)
        if isinstance(key, PublicKey):
            self.keys, self.certificate = (*self.keys, key), None
        elif key is not None:
            self.keys, self.certificate = (*self.keys, key.public_key), key
        if remaining is None:
            return True
        self.remaining = remaining
        return False
