"""What one side of a connection serves: channel types, global and channel requests, a row each.

A row has the message, its handler and its permission.  The multiplexer decodes what is
registered; every other type and request is left to the endpoint, which refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from ssh_wire import MessageSet, OpenFailureReason, Record, UsageError, lazy_attrs
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.replies import PendingReply

__all__ = [
    "KNOWN_TYPES",
    "ChannelType",
    "GlobalRequestType",
    "Service",
    "Services",
    "name_of",
    "refusal_reason",
]

Open = TypeVar("Open", bound=m.OpenHead)
Request = TypeVar("Request", bound=m.GlobalHead)

KNOWN_TYPES: Final = frozenset(
    {
        "session",
        "x11",
        "forwarded-tcpip",
        "direct-tcpip",
        "direct-streamlocal@openssh.com",
        "forwarded-streamlocal@openssh.com",
        "auth-agent@openssh.com",
        "agent-connect",
    }
)
"""Channel types that are refused as prohibited, not as unknown, where they are not served."""


@lazy_attrs.frozen(kw_only=True)
class ChannelType(Generic[Open]):
    """A channel type that the peer may open.

    Attributes:
        message: the class of its CHANNEL_OPEN; it names the type.
        opened: called with the message and the channel, which it confirms or refuses, at once
            or later.
        permitted: whether a channel may be opened; without it, each may.  Anything but True
            refuses it as prohibited.
        requests: the channel requests that are decoded on its channels; others stay generic.
    """

    message: type[Open]
    opened: Callable[[Open, ChannelProtocol], None]
    permitted: Callable[[Open], bool] | None = None
    requests: MessageSet[m.RequestHead] = m.CHANNEL_REQUESTS

    def open(self, message: Open, channel: ChannelProtocol) -> None:
        """Give a channel to what serves it, or refuse it where that is not permitted."""
        channel.requests = self.requests
        # only an exact True: a permission that forgot to await must not allow
        if self.permitted is None or self.permitted(message) is True:
            self.opened(message, channel)
        else:
            channel.refuse(OpenFailureReason.ADMINISTRATIVELY_PROHIBITED, "it is not permitted")


@lazy_attrs.frozen(kw_only=True)
class GlobalRequestType(Generic[Request]):
    """A global request that the peer may send.

    Attributes:
        message: the class of the request; it names the request.
        received: called with the request and the reply, which it grants or denies through the
            multiplexer, at once or later.
        permitted: whether the request is taken; without it, each is.  Anything but True denies
            it.
    """

    message: type[Request]
    received: Callable[[Request, PendingReply], None]
    permitted: Callable[[Request], bool] | None = None

    def take(self, message: Request, reply: PendingReply) -> bool:
        """Give a request to what answers it; return False where that is not permitted."""
        permitted = self.permitted is None or self.permitted(message) is True
        if permitted:
            self.received(message, reply)
        return permitted


Service: TypeAlias = ChannelType[Any] | GlobalRequestType[Any]
"""A row of the registry."""


def name_of(message: type[Record]) -> str:
    """Return the channel type, or the name of the request, that a class of messages is for.

    Raises:
        UsageError: the class names none, or several.
    """
    for field in lazy_attrs.fields(message):
        if field.name == "kind" and not field.init and isinstance(field.default, str):
            return field.default
    problem = f"{message.__name__} has no field `kind` with a constant, which names its type"
    raise UsageError(problem)


class Services:
    """The registry of one connection: which channel types and global requests are served."""

    def __init__(self) -> None:
        self._types: dict[bytes, ChannelType[Any]] = {}
        self._requests: dict[bytes, GlobalRequestType[Any]] = {}

    def register(self, *rows: Service) -> None:
        """Serve what the rows describe; a row replaces an earlier one of the same name.

        Raises:
            UsageError: a class of messages names no type.
        """
        for row in rows:
            name = name_of(row.message).encode()
            if isinstance(row, ChannelType):
                self._types[name] = row
            else:
                self._requests[name] = row

    def unregister(self, messages: Iterable[type[m.OpenHead | m.GlobalHead]]) -> None:
        """Serve channels and requests with these messages no more."""
        for message in messages:
            name = name_of(message).encode()
            self._types.pop(name, None)
            self._requests.pop(name, None)

    def channel_type(self, name: bytes) -> ChannelType[Any] | None:
        """Return the row of a channel type."""
        return self._types.get(name)

    def global_request(self, name: bytes) -> GlobalRequestType[Any] | None:
        """Return the row of a global request."""
        return self._requests.get(name)


def refusal_reason(name: str) -> OpenFailureReason:
    """Return why a channel of a type that is not served is refused (RFC 4254 section 5.1)."""
    if name in KNOWN_TYPES:
        return OpenFailureReason.ADMINISTRATIVELY_PROHIBITED
    return OpenFailureReason.UNKNOWN_CHANNEL_TYPE
