"""The method "none": ask for the methods, or for nothing (RFC 4252 section 5.2)."""

from __future__ import annotations

from typing import ClassVar, Never

from ssh_auth.client.methods.base import Method, Step, Turn
from ssh_auth.client.states import ExpectVerdict
from ssh_auth.credentials import NoneCredential

__all__ = ["NoneMethod"]


class NoneMethod(Method[NoneCredential, Never, Never, Never]):
    """Sends one request, which the server accepts or refuses."""

    NAME: ClassVar[str] = "none"

    def begin(self) -> Step:
        """Send the request."""
        return Turn(ExpectVerdict(self._credential), (self._conversation.requests.none(),))
