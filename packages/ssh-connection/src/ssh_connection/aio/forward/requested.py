"""The remote forwards of a client: the listeners that the server has for it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ssh_connection.addresses import Address, TCPAddress
from ssh_connection.aio.forward.connections import connect_asked, connect_channel
from ssh_connection.aio.forward.messages import address_of, cancel_request, listen_request
from ssh_connection.aio.forward.remote import RemoteForward
from ssh_connection.aio.forward.stages import fixed, socks
from ssh_connection.errors import ChannelClosed, RequestRefused
from ssh_wire import SSHError, WireError
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.aio.forward.messages import Cancel, Forwarded
    from ssh_connection.aio.forward.remote import Answer
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer

__all__ = ["Destination", "RemoteForwards", "answer_by", "answer_by_socks", "granted_at"]


class Destination:
    """Where the connections of a remote forward lead: what is called answers one of them.

    Args:
        address: where all of them lead; None for what each asks for by SOCKS.
        permitted: whether an address that is asked for may be connected to.
    """

    def __init__(
        self, address: Address | None, permitted: Callable[[TCPAddress], bool] | None = None
    ) -> None:
        self._address = address
        self._permitted = permitted
        self.negotiate: Final = socks if address is None else fixed(address)

    def __call__(self, core: ChannelProtocol) -> Coroutine[Any, Any, None]:
        """Answer the channel of a connection, and carry it to its end."""
        if self._address is not None:
            return connect_channel(core, self._address)
        return connect_asked(core, socks, self._may_connect)

    def require_permitted(self, address: Address) -> None:
        """Check what a connection leads to.

        Raises:
            PermissionError: it may not.
        """
        if self._address is None and self._may_connect(address) is not True:
            raise PermissionError(errno.EACCES, "not permitted")

    def _may_connect(self, address: Address) -> bool:
        permitted = self._permitted
        return isinstance(address, TCPAddress) and (permitted is None or permitted(address))


def answer_by(address: Address) -> Destination:
    """Return what answers each connection with one to `address`."""
    return Destination(address)


def answer_by_socks(permitted: Callable[[TCPAddress], bool] | None) -> Destination:
    """Return what has each connection ask by SOCKS, and connects to what is permitted."""
    return Destination(None, permitted)


class RemoteForwards:
    """Asks for them, finds the one that a connection came in on, and cancels them.

    Args:
        mux: carries the requests.
        lost: gives what ended the connection, if it has ended.
        close_timeout: seconds to wait for the server's word that it listens no longer.
        on_bulk: called before a connection that came in is carried.
    """

    def __init__(
        self,
        mux: Multiplexer,
        lost: Callable[[], Exception | None],
        close_timeout: float,
        on_bulk: Callable[[], None],
    ) -> None:
        self._mux = mux
        self._lost = lost
        self._close_timeout = close_timeout
        self._on_bulk = on_bulk
        self._listening: dict[Address, RemoteForward] = {}

    async def listen(self, listen: Address, answer: Answer) -> RemoteForward:
        """Have the server listen; port 0 lets it choose.

        Raises:
            RequestRefused: it does not.
            ConnectionLost: the connection was lost first.
        """
        done: asyncio.Future[RemoteForward] = asyncio.get_running_loop().create_future()

        def answered(reply: GlobalAnswer | None) -> None:
            # at once: the first connection may follow the answer in the same read
            try:
                forward = self._granted(reply, listen, answer)
            except SSHError as error:
                if not done.done():
                    done.set_exception(error)
                return
            if done.done():
                self._give_up(forward)
            else:
                done.set_result(forward)

        self._mux.request(listen_request(listen), answered)
        try:
            return await done
        except asyncio.CancelledError:
            if not done.cancelled() and done.exception() is None:
                self._give_up(done.result())
            raise

    def _give_up(self, forward: RemoteForward) -> None:
        """Cancel a forward that was granted after its caller was cancelled."""
        self._mux.request(self.forget(forward))

    @property
    def all(self) -> tuple[RemoteForward, ...]:
        """Everything that the server listens on."""
        return tuple(self._listening.values())

    def has(self, address: Address) -> bool:
        """Return whether the server listens at exactly this address."""
        return address in self._listening

    def add(self, forward: RemoteForward) -> None:
        """Have a forward found by the connections that come in on it."""
        self._listening[forward.address] = forward

    def forget(self, forward: RemoteForward) -> Cancel:
        """Find a forward no more; return the request that cancels it."""
        self._listening.pop(forward.address, None)
        return cancel_request(forward.address)

    def find(self, address: Address) -> RemoteForward | None:
        """Return the forward that a connection to `address` came in on."""
        exact = self._listening.get(address)
        if exact is not None or not isinstance(address, TCPAddress):
            return exact
        # servers name the address in words of their own ("localhost" for "127.0.0.1")
        same_port = [
            forward
            for at, forward in self._listening.items()
            if isinstance(at, TCPAddress) and at.port == address.port
        ]
        return same_port[0] if len(same_port) == 1 else None

    def is_requested(self, message: Forwarded) -> bool:
        """Return whether a connection came in on a forward that was requested."""
        return self.find(address_of(message)) is not None

    def accept(self, message: Forwarded, core: ChannelProtocol) -> None:
        """Carry a connection that came in."""
        self._on_bulk()
        forward = self.find(address_of(message))
        if forward is not None:
            forward.take(message, core)

    def abort(self) -> None:
        """Cut everything: the connection is lost."""
        for forward in self._listening.values():
            forward.abort()

    async def close(self) -> None:
        """Wait until nothing is left, once the connection is lost."""
        for forward in tuple(self._listening.values()):
            await forward.close()

    def _granted(
        self, reply: GlobalAnswer | None, listen: Address, answer: Answer
    ) -> RemoteForward:
        if reply is None:
            raise self._lost() or ChannelClosed("the connection is closed")
        forward = RemoteForward(granted_at(reply, listen), answer, self.cancel)
        self.add(forward)
        return forward

    async def cancel(self, forward: RemoteForward) -> None:
        """Have the server listen no more; wait for its word in bounded time."""
        answered = asyncio.Event()
        message = self.forget(forward)
        if self._lost() is None:
            self._mux.request(message, lambda _: answered.set())
            with suppress(TimeoutError):
                async with timeout(self._close_timeout):
                    await answered.wait()


def granted_at(reply: GlobalAnswer, listen: Address) -> Address:
    """Return where the server listens; it may have chosen the port.

    Raises:
        RequestRefused: it does not listen, or does not say where.
    """
    if not isinstance(reply, m.RequestSuccess):
        what = f"to listen on {listen}"
        raise RequestRefused(what)
    if isinstance(listen, TCPAddress) and not listen.port:
        return TCPAddress(listen.host, _port(reply))
    return listen


def _port(reply: m.RequestSuccess) -> int:
    """Return the port that the server has chosen."""
    try:
        return m.ForwardedPort.decode(reply.details).port
    except WireError:
        what = "to say which port it listens on"
        raise RequestRefused(what) from None
