"""The forwards of one call of `ssh`: opened together, listed, cancelled."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_connection.addresses import TCPAddress, UnixAddress
from ssh_connection.aio import LocalForward
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_connection.aio import RemoteForward
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.plan.forwards import ForwardsPlan
    from ssh_stack.config.forward_specs import ForwardSpec

__all__ = ["Forwards"]

Side: TypeAlias = Literal["local", "remote"]
_LOOPBACK: Final = "localhost"
_EVERYWHERE: Final = frozenset({"", "*"})
_SOCKS: Final = "socks:0"
"""The target of a forward that is asked by SOCKS, as OpenSSH names it."""


@lazy_attrs.frozen
class _Open:
    """A forward in force."""

    side: Side
    spec: ForwardSpec
    forward: LocalForward | RemoteForward
    scope: AsyncExitStack


class Forwards:
    """Opens and closes the forwards of a connection, and reports what becomes of them.

    Args:
        connection: what they go through.
        report: told of each.
        plan: how they listen, and what they may reach.
    """

    def __init__(self, connection: Connection, report: Report, plan: ForwardsPlan) -> None:
        self._connection = connection
        self._report = report
        self._plan = plan
        self._open: list[_Open] = []

    async def open_all(self, side: Side, specs: Iterable[ForwardSpec]) -> int:
        """Open forwards; return how many of them could not be opened.

        One that cannot be opened is a warning, as it is for ssh: the others may be what counts.
        """
        failed = 0
        for spec in specs:
            try:
                await self.open(side, spec)
            except (SSHError, OSError) as error:
                if self._connection.is_closed:
                    raise
                self._report.warn(f"cannot forward {spec}: {_reason(error)}")
                failed += 1
        return failed

    async def open(self, side: Side, spec: ForwardSpec) -> LocalForward | RemoteForward:
        """Open one forward, and return it.

        Raises:
            OSError: its address cannot be listened on.
            SSHError: the server refuses.
        """
        scope = AsyncExitStack()
        opener = self._listen_here if side == "local" else self._listen_there
        forward = await opener(spec, scope)
        self._open.append(_Open(side, spec, forward, scope))
        if isinstance(spec.listen, UnixAddress) or spec.listen.port:
            self._report.note(f"{side} forward of {spec}")
        else:  # the words that programs look for in ssh's output
            self._report.show(
                f"Allocated port {forward.port} for remote forward to {spec.connect or _SOCKS}"
            )
        return forward

    # ------------------------------------------------------------- listeners here

    async def _listen_here(self, spec: ForwardSpec, scope: AsyncExitStack) -> LocalForward:
        *first, last = self._here(spec)
        for address in first:
            try:
                return await self._listen_at(address, spec.connect, scope)
            except OSError:
                continue  # "localhost" has two addresses, and a machine may lack one of them
        return await self._listen_at(last, spec.connect, scope)

    def _here(self, spec: ForwardSpec) -> tuple[Address, ...]:
        """Return what to listen on, as OpenSSH's channel_fwd_bind_addr decides."""
        listen = spec.listen
        if isinstance(listen, UnixAddress):
            return (listen,)
        if listen.host in _EVERYWHERE or (self._plan.gateway_ports and not spec.names_host):
            return (TCPAddress("", listen.port),)
        if listen.host == _LOOPBACK:
            return (listen, TCPAddress("127.0.0.1", listen.port))
        return (listen,)

    async def _listen_at(
        self, listen: Address, target: Address | None, scope: AsyncExitStack
    ) -> LocalForward:
        connection, mask = self._connection, self._plan.socket_mask
        unlink = self._plan.socket_unlink
        forward = (
            connection.forward_dynamic(listen, socket_mask=mask, socket_unlink=unlink)
            if target is None
            else connection.forward_local(listen, target, socket_mask=mask, socket_unlink=unlink)
        )
        return await scope.enter_async_context(forward)

    # ------------------------------------------------------------- listeners at the server

    async def _listen_there(self, spec: ForwardSpec, scope: AsyncExitStack) -> RemoteForward:
        listen = spec.listen
        # "an empty bind_address, or the address *, indicates all interfaces" (ssh(1), -R)
        if isinstance(listen, TCPAddress) and listen.host in _EVERYWHERE:
            listen = TCPAddress("", listen.port)
        forward = (
            self._connection.forward_remote_dynamic(listen, self._plan.permits_remote_open)
            if spec.connect is None
            else self._connection.forward_remote(listen, spec.connect)
        )
        return await scope.enter_async_context(forward)

    async def cancel(self, side: Side, spec: ForwardSpec) -> bool:
        """Cancel the forward that listens where `spec` does; return whether there was one."""
        found = [
            each
            for each in self._open
            if each.side == side and spec.listen in (each.spec.listen, each.forward.address)
        ]
        if not found:
            return False
        # several may have had the server choose their port: the target tells them apart
        each = next((each for each in found if each.spec == spec), found[0])
        self._open.remove(each)
        await each.scope.aclose()
        return True

    def find(self, side: Side, spec: ForwardSpec) -> LocalForward | RemoteForward | None:
        """Return the forward that `spec` describes; None for none."""
        for each in self._open:
            if each.side == side and each.spec == spec:
                return each.forward
        return None

    @property
    def is_busy(self) -> bool:
        """Whether a connection goes through a forward."""
        return any(each.forward.connections for each in self._open)

    def stop_listening(self) -> None:
        """Take no more connections here; those that are under way go on."""
        for each in self._open:
            if isinstance(each.forward, LocalForward):
                each.forward.stop_listening()

    @property
    def count(self) -> int:
        """How many forwards are in force."""
        return len(self._open)

    def describe(self) -> list[str]:
        """Return a line about each forward."""
        return [
            f"{each.side} forward of {each.spec}, {each.forward.connections} connections"
            for each in self._open
        ]

    async def wait_idle(self) -> None:
        """Wait until no connection goes through a forward."""
        while busy := [each.forward for each in self._open if each.forward.connections]:
            await busy[0].wait_idle()

    async def close(self) -> None:
        """Close all of them."""
        while self._open:
            await self._open.pop().scope.aclose()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error)
