"""A forward that a master has at the server for another program: connections come by a socket.

PROTOCOL.mux lets a client of a master ask for a forward (section 6), and the master carries its
connections to an address of this machine.  Here that is a Unix socket in a folder of this user, of
which no other forward knows: what is asked for is never one that is there already, and what is
cancelled is never another program's.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_connection.addresses import Address, TCPAddress, UnixAddress
from ssh_connection.aio.control.dialled import dial_channel
from ssh_connection.aio.forward.listeners import UnixListener
from ssh_connection.aio.forward.local import LocalForward
from ssh_connection.aio.forward.remote import RemoteForward
from ssh_connection.control import messages as m
from ssh_connection.control.client import require_granted
from ssh_wire import SSHError
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.forward.requested import Destination
    from ssh_connection.channel import ChannelProtocol

__all__ = ["MasterForward", "listen_by_master"]

_EVERYWHERE: Final = "*"


class MasterForward(RemoteForward):
    """A listener at the server that is a master's; its connections leave from this program.

    Args:
        request: what the master was asked for.
        near: listens for the connections that the master carries.
        ask: asks the master.
        seconds: the most time that it gets to cancel the forward.

    Attributes:
        closed: called when it is closed.
    """

    def __init__(
        self,
        request: m.OpenForward,
        near: LocalForward,
        ask: Callable[[m.Request], Awaitable[m.ControlMessage]],
        seconds: float,
    ) -> None:
        super().__init__(near.address, _never, self._cancel_at_master)
        self._request = request
        self._near = near
        self._ask = ask
        self._seconds = seconds
        self.closed: Callable[[MasterForward], object] = id

    def listens_at(self, address: Address) -> None:
        """Note where the server listens."""
        self._address = address

    @property
    def connections(self) -> int:
        """How many connections are under way."""
        return self._near.connections

    async def wait_idle(self) -> None:
        """Wait until the connections that are under way have ended."""
        await self._near.wait_idle()

    def abort(self) -> None:
        """Cut the connections that are under way, and take no more."""
        self._near.abort()

    async def close(self) -> None:
        """Have the server stop listening, and close the connections under way."""
        try:
            await self._cancel_at_master(self)
        finally:
            await self._near.close()
            self.closed(self)

    async def _cancel_at_master(self, _forward: RemoteForward) -> None:
        asked = self._request
        cancelling = m.CloseForward(
            kind=asked.kind,
            listen_host=asked.listen_host,
            listen_port=asked.listen_port,
            connect_host=asked.connect_host,
            connect_port=asked.connect_port,
        )
        with suppress(SSHError, OSError, TimeoutError):  # it ends with its master at the latest
            async with timeout(self._seconds):
                await self._ask(cancelling)


async def _never(core: ChannelProtocol) -> None:
    """Carry no channel: the master has them."""


async def listen_by_master(
    listen: Address,
    destination: Destination,
    ask: Callable[[m.Request], Awaitable[m.ControlMessage]],
    seconds: float,
) -> MasterForward:
    """Have a master have the server listen; the connections come here.

    Args:
        listen: where the server is to listen.
        destination: where the connections lead.
        ask: asks the master.
        seconds: the most time that it gets to cancel the forward.

    Raises:
        ControlRefused: the master, or the server, refused.
        OSError: nothing can be listened on here.
    """
    folder = Path(tempfile.mkdtemp(prefix="ssh-"))

    def closed(_forward: LocalForward) -> None:
        with suppress(OSError):
            folder.rmdir()

    async def reach(address: Address, _origin: tuple[str, int]) -> Channel:
        destination.require_permitted(address)
        return await dial_channel(address)

    listener = UnixListener(UnixAddress(str(folder / "f")))
    near = LocalForward(listener, destination.negotiate, reach, closed)
    request = _request(listen, listener.address)
    forward = MasterForward(request, near, ask, seconds)
    try:
        await near.listen()
        answer = await ask(request)
        require_granted(f"a forward that listens on {listen} at the server", answer)
    except BaseException:
        await forward.close()  # the master may have it by now
        raise
    if isinstance(answer, m.RemotePort) and isinstance(listen, TCPAddress):
        listen = TCPAddress(listen.host, answer.port)
    forward.listens_at(listen)
    return forward


def _request(listen: Address, connect: UnixAddress) -> m.OpenForward:
    if isinstance(listen, UnixAddress):
        host, port = listen.path, m.UNIX_PORT
    else:
        host, port = listen.host or _EVERYWHERE, listen.port
    return m.OpenForward(
        kind=m.ForwardKind.REMOTE,
        listen_host=host,
        listen_port=port,
        connect_host=connect.path,
        connect_port=m.UNIX_PORT,
    )
