"""How far one user has come: completed methods, their keys, what they allow together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_auth.permissions import Permissions
from ssh_auth.server.context import CompletedMethod
from ssh_auth.server.policy import Remaining, ServerPolicy, demand
from ssh_auth.server.results import Accept, Partial

if TYPE_CHECKING:
    from ssh_keys import Credential

__all__ = ["Progress"]


class Progress:
    """The factors that one user has completed.

    Attributes:
        remaining: what can come next.
        completed: the completed methods, in order, with their credentials.
        permissions: what all completed methods allow.
    """

    def __init__(self, policy: ServerPolicy) -> None:
        self.remaining: Remaining = Remaining(policy.required)
        self.completed: tuple[CompletedMethod, ...] = ()
        self.permissions: Permissions = Permissions()

    @property
    def credential(self) -> Credential | None:
        """The key or certificate whose signature was verified last."""
        credentials = [each.credential for each in self.completed if each.credential is not None]
        return credentials[-1] if credentials else None

    def permits(self, result: Accept | Partial) -> bool:
        """Return whether a result's permissions agree with those of the methods before."""
        return self.permissions.intersect(result.permissions) is not None

    def complete(
        self, method: str, credential: Credential | None, result: Accept | Partial
    ) -> bool:
        """Take a completed method; return whether nothing remains.

        The credential and the permissions are taken here and nowhere else: they belong to the
        signature that was verified, whatever else was queried (the flaw of CVE-2024-45337).
        """
        permissions = self.permissions.intersect(result.permissions)
        remaining = self.remaining.after(method)
        if isinstance(result, Partial):
            remaining = demand(result.methods, remaining)
        if permissions is None:
            return False
        self.permissions = permissions
        self.completed += (CompletedMethod(method, credential),)
        if remaining is None:
            return True
        self.remaining = remaining
        return False
