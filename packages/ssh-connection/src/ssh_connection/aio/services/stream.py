"""A channel type of one's own: each channel is a byte stream for a handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ssh_connection.aio.channel import Channel
from ssh_connection.aio.streams import ByteStream
from ssh_connection.services import ChannelType
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.services import Service

__all__ = ["StreamService", "rows"]

M = TypeVar("M", bound=m.OpenHead)


@lazy_attrs.frozen
class StreamService(Generic[M]):
    """A channel type whose channels are byte streams.

    Attributes:
        message: the class of its CHANNEL_OPEN; its name is `name@domain` (RFC 4250 section 4.6.1).
        handler: called with the message and the stream of each channel that the peer opens; the
            channel is closed when it returns, and cut when it raises.
        permitted: whether a channel may be opened; without it, each may.  Anything but True
            refuses it as prohibited.
    """

    message: type[M]
    handler: Callable[[M, ByteStream], Awaitable[None]]
    permitted: Callable[[M], bool] | None = None


def rows(
    services: Iterable[Service | StreamService[Any]],
    spawn: Callable[[Coroutine[Any, Any, None]], object],
) -> Iterator[Service]:
    """Return the rows of services; the handlers of streams run as tasks of the connection."""
    for service in services:
        yield _row(service, spawn) if isinstance(service, StreamService) else service


def _row(
    service: StreamService[Any], spawn: Callable[[Coroutine[Any, Any, None]], object]
) -> ChannelType[Any]:
    def opened(message: m.OpenHead, core: ChannelProtocol) -> None:
        channel = Channel(core)
        stream = ByteStream(channel)
        core.confirm(channel)
        spawn(_serve(service.handler(message, stream), channel, stream))

    return ChannelType(message=service.message, opened=opened, permitted=service.permitted)


async def _serve(work: Awaitable[None], channel: Channel, stream: ByteStream) -> None:
    try:
        await work
    except BaseException as error:
        channel.abort()
        if isinstance(error, SSHError | ConnectionError):
            return  # the peer closed it, or the connection is lost
        raise
    await stream.close()
