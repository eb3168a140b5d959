"""What a forward listens on here: a TCP port on all addresses of a host, or a Unix socket."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ssh_agent.aio import SOCKET_MASK, SocketFile, bind_unix
from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_connection.aio.forward.binding import bind

if TYPE_CHECKING:
    from ssh_connection.addresses import Address

__all__ = ["SOCKET_MASK", "Listener", "TCPListener", "UnixListener", "listener_for"]

_ATTEMPTS: Final = 10  # to find a port that is free on all addresses
_BACKLOG: Final = 100

_Factory = Callable[[], asyncio.BaseProtocol]


class Listener(Protocol):
    """What listens; it is bound once."""

    @property
    def address(self) -> Address:
        """Where it listens, once it is bound."""
        ...

    async def bind(self, factory: _Factory) -> asyncio.Server:
        """Bind it, without accepting connections yet.

        Raises:
            OSError: the address cannot be listened on.
        """
        ...

    def remove(self) -> None:
        """Remove what it has left in the file system."""


def listener_for(
    address: Address, *, mask: int = SOCKET_MASK, unlink: bool = False
) -> TCPListener | UnixListener:
    """Return what listens on `address`; mask and unlink are for a Unix socket."""
    if isinstance(address, UnixAddress):
        return UnixListener(address, mask=mask, unlink=unlink)
    return TCPListener(address)


class TCPListener:
    """A port on all addresses of a host; port 0 takes one that is free on all of them.

    Attributes:
        address: where it listens, once it is bound.
    """

    def __init__(self, address: TCPAddress) -> None:
        self.address: TCPAddress = address

    async def bind(self, factory: _Factory) -> asyncio.Server:
        """Bind all addresses of the host, to one port.

        Raises:
            OSError: the address cannot be listened on.
        """
        server = await self._bind(factory, self.address.host or None, self.address.port)
        name = server.sockets[0].getsockname()
        self.address = TCPAddress(str(name[0]), int(name[1]))
        return server

    async def _bind(self, factory: _Factory, host: str | None, port: int) -> asyncio.Server:
        for _ in range(_ATTEMPTS):
            server = await bind(factory, host, port, start_serving=False)
            ports = {int(each.getsockname()[1]) for each in server.sockets}
            if len(ports) == 1:
                return server
            # each address has got a free port of its own; one of them may be free on all
            server.close()
            with suppress(OSError):
                return await bind(factory, host, ports.pop(), start_serving=False)
        raise OSError(errno.EADDRINUSE, "no port is free on all addresses")

    def remove(self) -> None:
        """Do nothing: a port leaves nothing behind."""


class UnixListener:
    """A Unix socket, which is removed when it is not listened on any more.

    The mask of the process for new files is changed for the moment in which the socket is made.

    Args:
        address: its path; what is there already is left alone.
        mask: the umask of the socket (StreamLocalBindMask).
        unlink: whether a socket that is there already is replaced (StreamLocalBindUnlink).
            Anything but a socket is left alone: a file, a folder, a link to a socket.
    """

    def __init__(
        self, address: UnixAddress, *, mask: int = SOCKET_MASK, unlink: bool = False
    ) -> None:
        self.address: Final = address
        self._mask = mask
        self._unlink = unlink
        self._file: SocketFile | None = None

    async def bind(self, factory: _Factory) -> asyncio.Server:
        """Bind the path.

        Raises:
            OSError: something else is there, or the socket cannot be made.
        """
        path = self.address.path
        if self._unlink:
            _unlink_socket(path)
        listening = bind_unix(path, mask=self._mask)
        self._file = SocketFile(path)
        loop = asyncio.get_running_loop()
        # given the path instead, asyncio would remove a socket that is there
        return await loop.create_unix_server(
            factory, sock=listening, backlog=_BACKLOG, start_serving=False
        )

    def remove(self) -> None:
        """Remove the socket, unless something else has taken its place."""
        if self._file is not None:
            with suppress(OSError):  # the folder may be closed to us by now
                self._file.remove()
        self._file = None


def _unlink_socket(path: str) -> None:
    """Remove a socket; what is something else fails at being bound."""
    with suppress(OSError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            Path(path).unlink()
