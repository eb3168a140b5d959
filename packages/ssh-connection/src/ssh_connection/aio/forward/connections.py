"""The connections of one forward: carried one by one, closed together."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_connection.aio.channel import Channel
from ssh_connection.aio.forward.bridge import Bridge
from ssh_connection.aio.forward.stages import ChannelTalk
from ssh_connection.errors import ChannelClosed
from ssh_wire import OpenFailureReason, SSHError, UsageError

if TYPE_CHECKING:
    from ssh_connection.aio.forward.stages import Negotiate
    from ssh_connection.channel import ChannelProtocol

__all__ = [
    "ChannelOpener",
    "Connections",
    "Listening",
    "carry",
    "connect_asked",
    "connect_channel",
    "dial",
    "dial_bridge",
    "refuse",
]

P = TypeVar("P", bound=asyncio.BaseProtocol)

ChannelOpener: TypeAlias = Callable[[Address, tuple[str, int]], Awaitable[Channel]]
"""Opens a channel to an address, for a connection from the address and port of its origin."""


async def dial(protocol: Callable[[], P], address: Address) -> P:
    """Connect a socket to `address`; return the protocol that it has.

    Raises:
        OSError: it cannot be reached.
    """
    loop = asyncio.get_running_loop()
    if isinstance(address, UnixAddress):
        _, dialled = await loop.create_unix_connection(protocol, address.path)
        return dialled
    try:
        _, dialled = await loop.create_connection(protocol, address.host, address.port)
    except UnicodeError as error:  # a name that the resolver cannot even ask for
        problem = "no such host"
        raise OSError(errno.EINVAL, problem) from error
    return dialled


async def dial_bridge(address: Address) -> Bridge:
    """Connect a socket to `address`, ready to be joined with a channel.

    Raises:
        OSError: it cannot be reached.
    """
    return await dial(Bridge, address)


async def carry(bridge: Bridge, negotiate: Negotiate, opener: ChannelOpener) -> None:
    """Join a socket with a channel to what it wants; return when both are closed."""
    try:
        wanted = await negotiate(bridge)
        try:
            channel = await opener(wanted.address, bridge.peer)
        except (SSHError, OSError) as error:
            bridge.write(wanted.refused(error))
            return
        bridge.write(wanted.granted)
        bridge.join(channel)
        await bridge.wait_done()
    except (SSHError, OSError):
        pass  # the peer refused, or is gone: whoever has the socket sees it closed
    finally:
        bridge.abort()


async def connect_channel(core: ChannelProtocol, address: Address) -> None:
    """Answer a channel that the peer asked for with a connection to `address`."""
    try:
        bridge = await dial_bridge(address)
    except OSError as error:
        refuse(core, error.strerror or str(error))
        return
    try:
        channel = Channel(core)
        core.confirm(channel)
        bridge.join(channel)
        await bridge.wait_done()
    except SSHError:
        pass  # it was answered already, or its connection is lost
    finally:
        bridge.abort()


async def connect_asked(
    core: ChannelProtocol, negotiate: Negotiate, permitted: Callable[[Address], bool]
) -> None:
    """Answer a channel, have it ask what it wants, and connect to that if it is permitted."""
    channel = Channel(core)
    bridge: Bridge | None = None
    try:
        core.confirm(channel)
        talk = ChannelTalk(channel)
        wanted = await negotiate(talk)
        try:
            if permitted(wanted.address) is not True:
                raise PermissionError(errno.EACCES, "not permitted")
            bridge = await dial_bridge(wanted.address)
        except OSError as error:
            talk.write(wanted.refused(error))
            return
        talk.write(wanted.granted)
        bridge.join(channel)
        await bridge.wait_done()
    except (SSHError, OSError):
        pass  # it asks for something else, or is gone
    finally:
        if bridge is None:
            channel.close()  # behind the reply
        else:
            bridge.abort()


def refuse(core: ChannelProtocol, reason: str = "cannot connect") -> None:
    """Refuse a channel, unless it was answered already or its connection is lost."""
    with suppress(ChannelClosed):
        core.refuse(OpenFailureReason.CONNECT_FAILED, reason)


class Connections:
    """The connections of one forward, closed with it."""

    def __init__(self) -> None:
        self.tasks: dict[asyncio.Task[None], Bridge | None] = {}
        self._stopped = False

    def start(
        self, work: Coroutine[Any, Any, None], bridge: Bridge | None = None
    ) -> asyncio.Task[None]:
        """Carry one connection, whose socket is `bridge` if there is one already."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks[task] = bridge
        task.add_done_callback(self.tasks.pop)
        if self._stopped:
            self.stop()
        return task

    def stop(self) -> None:
        """Cut all connections."""
        self._stopped = True
        for task, bridge in tuple(self.tasks.items()):
            task.cancel()
            if bridge is not None:
                bridge.abort()

    def __len__(self) -> int:
        return len(self.tasks)

    async def wait(self) -> None:
        """Wait until they are gone."""
        if self.tasks:
            await asyncio.wait(tuple(self.tasks))


class Listening:
    """What forwards of both directions tell of themselves."""

    def __init__(self) -> None:
        self._carried = Connections()

    @property
    def address(self) -> Address:
        """Where the forward listens."""
        raise NotImplementedError

    @property
    def host(self) -> str:
        """The IP address or name that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._tcp.host

    @property
    def port(self) -> int:
        """The port that is listened on.

        Raises:
            UsageError: it listens on a Unix socket.
        """
        return self._tcp.port

    @property
    def _tcp(self) -> TCPAddress:
        address = self.address
        if isinstance(address, UnixAddress):
            problem = f"the forward listens on the Unix socket {address}: it has no host and port"
            raise UsageError(problem)
        return address

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return len(self._carried)

    async def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        await self._carried.wait()
