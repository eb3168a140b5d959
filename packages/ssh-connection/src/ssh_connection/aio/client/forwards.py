"""A client's remote forwards: the ports that the server listens on for us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ssh_connection.addresses import format_address
from ssh_connection.aio.forward.tcp import RemoteForward
from ssh_connection.errors import ChannelClosed, RequestRefused
from ssh_wire import SSHError, WireError
from ssh_wire.aio import timeout
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import GlobalAnswer, Multiplexer

__all__ = ["RemoteForwards"]


class RemoteForwards:
    """Asks for them, finds the one that a connection came in on, and cancels them.

    Args:
        mux: carries the requests.
        lost: gives what ended the connection, if it has ended.
        close_timeout: seconds to wait for the server's word that it listens no longer.
    """

    def __init__(
        self,
        mux: Multiplexer,
        lost: Callable[[], Exception | None],
        close_timeout: float,
    ) -> None:
        self._mux = mux
        self._lost = lost
        self._close_timeout = close_timeout
        self._listening: dict[tuple[str, int], RemoteForward] = {}

    async def listen(self, host: str, port: int, target: tuple[str, int]) -> RemoteForward:
        """Have the server listen on `host:port`; port 0 lets it choose.

        Raises:
            RequestRefused: it does not.
            ConnectionLost: the connection was lost first.
        """
        done: asyncio.Future[RemoteForward] = asyncio.get_running_loop().create_future()

        def answered(answer: GlobalAnswer | None) -> None:
            # at once: the first connection may follow the answer in the same read
            try:
                forward = self._granted(answer, host, port, target)
            except SSHError as error:
                if not done.done():
                    done.set_exception(error)
                return
            if done.done():
                self._give_up(forward)
            else:
                done.set_result(forward)

        self._mux.request(m.TCPIPForward(want_reply=True, address=host, port=port), answered)
        try:
            return await done
        except asyncio.CancelledError:
            if not done.cancelled() and done.exception() is None:
                self._give_up(done.result())
            raise

    def _give_up(self, forward: RemoteForward) -> None:
        """Cancel a forward that was granted after its caller was cancelled."""
        self._mux.request(self._forget(forward))

    def find(self, address: str, port: int) -> RemoteForward | None:
        """Return the forward that a connection to `address:port` came in on."""
        exact = self._listening.get((address, port))
        if exact is not None:
            return exact
        # servers name the address in words of their own ("localhost" for "127.0.0.1")
        same_port = [forward for (_, at), forward in self._listening.items() if at == port]
        return same_port[0] if len(same_port) == 1 else None

    def accept(self, message: m.ForwardedTCPIPOpen, core: ChannelProtocol) -> bool:
        """Carry a connection that came in; return False if it came in on no port of ours."""
        forward = self.find(message.address, message.port)
        if forward is not None:
            forward.accept(core)
        return forward is not None

    def abort(self) -> None:
        """Cut everything: the connection is lost."""
        for forward in self._listening.values():
            forward.abort()

    async def close(self) -> None:
        """Wait until nothing is left, once the connection is lost."""
        for forward in tuple(self._listening.values()):
            await forward.close()

    def _granted(
        self, answer: GlobalAnswer | None, host: str, port: int, target: tuple[str, int]
    ) -> RemoteForward:
        if answer is None:
            raise self._lost() or ChannelClosed("the connection is closed")
        if not isinstance(answer, m.RequestSuccess):
            what = f"to listen on {format_address(host, port)}"
            raise RequestRefused(what)
        try:
            chosen = port or m.ForwardedPort.decode(answer.details).port
        except WireError:
            what = "to say which port it listens on"
            raise RequestRefused(what) from None
        forward = RemoteForward((host, chosen), target, self._cancel)
        self._listening[host, chosen] = forward
        return forward

    def _forget(self, forward: RemoteForward) -> m.CancelTCPIPForward:
        self._listening.pop((forward.host, forward.port), None)
        return m.CancelTCPIPForward(want_reply=True, address=forward.host, port=forward.port)

    async def _cancel(self, forward: RemoteForward) -> None:
        answered = asyncio.Event()
        message = self._forget(forward)
        if self._lost() is None:
            self._mux.request(message, lambda _: answered.set())
            with suppress(TimeoutError):
                async with timeout(self._close_timeout):
                    await answered.wait()
