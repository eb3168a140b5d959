"""What a server waits for.

Each class is named after what it expects and holds what is known by then.  A method has
further ones, in its own module; `LEGAL` of `ssh_auth.server.methods` is the machine: a
message that the row of the present state does not have is a protocol error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ssh_wire import Message, MessageSet, lazy_attrs
from ssh_wire.messages.auth import REQUESTS
from ssh_wire.messages.gss import GSSAPIMICRequest
from ssh_wire.messages.hostbound import HostboundQuery, HostboundRequest

__all__ = ["COMMON", "REQUEST", "ExpectDecision", "ExpectNothing", "ExpectRequest", "Rows"]
__all__ += ["ServerState"]


class ServerState:
    """What a server waits for."""

    __slots__ = ()


@lazy_attrs.frozen
class ExpectRequest(ServerState):
    """The client's turn."""


@lazy_attrs.frozen
class ExpectDecision(ServerState):
    """A function of the backend decides.

    Attributes:
        request: the number of the question.
    """

    request: int


@lazy_attrs.frozen
class ExpectNothing(ServerState):
    """It is over, well or not."""


Rows: TypeAlias = Mapping[type[ServerState], MessageSet[Message]]
"""Which messages may arrive in which state."""

REQUEST: Final[MessageSet[Message]] = MessageSet(
    GSSAPIMICRequest, HostboundQuery, HostboundRequest, *REQUESTS
)
"""A request, which may come at any time.

"the client MAY at any time continue with a new SSH_MSG_USERAUTH_REQUEST message" (RFC 4252
section 5.1).
"""

COMMON: Final[Rows] = {
    ExpectRequest: REQUEST,
    ExpectDecision: REQUEST,
    # "any further authentication requests received after that SHOULD be silently ignored"
    ExpectNothing: REQUEST,
}
"""The rows that belong to no method."""
