"""The method "none": no credentials (RFC 4252 section 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ssh_auth.server.events import ServerQuestion
from ssh_auth.server.methods.base import Ask, Method, Step
from ssh_auth.server.states import ExpectDecision, ServerState
from ssh_wire import Message, lazy_attrs
from ssh_wire.messages.auth import NoneRequest

__all__ = ["NoneMethod", "NoneOffered"]


@lazy_attrs.frozen
class NoneOffered(ServerQuestion):
    """May the user in without credentials?  Only asked where the policy has "none"."""

    FUNCTION: ClassVar[str] = "none"


class NoneMethod(Method[NoneRequest, ServerState, Message]):
    """Asks whether the user needs no credentials."""

    NAME: ClassVar[str] = "none"
    REQUESTS: ClassVar[tuple[type[Message], ...]] = (NoneRequest,)
    FUNCTIONS: ClassVar[Mapping[str, int]] = {"none": 0}
    FACTOR: ClassVar[bool] = False

    def begin(self, request: NoneRequest) -> Step:
        """Ask."""
        number = next(self._conversation.numbers)
        return Ask(ExpectDecision(number), NoneOffered(number, request.user))
