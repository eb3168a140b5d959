"""The forwards of one call of `ssh`: opened together, listed, cancelled."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_connection.aio import LocalForward
from ssh_stack.cli.supported_forwards import require_tcp
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.aio import RemoteForward
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection
    from ssh_stack.config.forward_specs import ForwardSpec, TCPAddress

__all__ = ["Forwards"]

Side: TypeAlias = Literal["local", "remote"]
_LOOPBACK: Final = "localhost"
_EVERYWHERE: Final = frozenset({"", "*"})


@lazy_attrs.frozen
class _Open:
    """A forward in force."""

    side: Side
    listen: TCPAddress
    target: TCPAddress
    forward: LocalForward | RemoteForward
    scope: AsyncExitStack


class Forwards:
    """Opens and closes the forwards of a connection, and reports what becomes of them.

    Args:
        connection: what they go through.
        report: told of each.
        gateway: whether ports of this machine are open to other machines (GatewayPorts).
    """

    def __init__(self, connection: Connection, report: Report, *, gateway: bool = False) -> None:
        self._connection = connection
        self._report = report
        self._gateway = gateway
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

    async def open(self, side: Side, spec: ForwardSpec) -> None:
        """Open one forward.

        Raises:
            UsageError: it is one that does not work yet.
            OSError: the port cannot be listened on.
            SSHError: the server refuses.
        """
        listen, target = require_tcp(spec)
        scope = AsyncExitStack()
        opener = self._listen_here if side == "local" else self._listen_there
        forward = await opener(listen, target, scope)
        self._open.append(_Open(side, listen, target, forward, scope))
        if listen.port:
            self._report.note(f"{side} forward of {spec}")
        else:  # the words that programs look for in ssh's output
            where = "remote forward to" if side == "remote" else "local forward to"
            self._report.show(f"Allocated port {forward.port} for {where} {target}")

    async def _listen_here(
        self, listen: TCPAddress, target: TCPAddress, scope: AsyncExitStack
    ) -> LocalForward:
        hosts = self._local_hosts(listen.host)
        for host in hosts[:-1]:
            try:
                return await self._listen_at(host, listen.port, target, scope)
            except OSError:
                continue  # "localhost" has two addresses, and a machine may lack one of them
        return await self._listen_at(hosts[-1], listen.port, target, scope)

    def _local_hosts(self, host: str | None) -> tuple[str, ...]:
        """Return what to listen on, as OpenSSH's channel_fwd_bind_addr decides."""
        if host in _EVERYWHERE or (host is None and self._gateway):
            return ("",)
        if host is None or host == _LOOPBACK:
            return (_LOOPBACK, "127.0.0.1")
        return (host,)

    async def _listen_at(
        self, host: str, port: int, target: TCPAddress, scope: AsyncExitStack
    ) -> LocalForward:
        forward = self._connection.forward_local((host, port), (target.host or "", target.port))
        return await scope.enter_async_context(forward)

    async def _listen_there(
        self, listen: TCPAddress, target: TCPAddress, scope: AsyncExitStack
    ) -> RemoteForward:
        # "an empty bind_address, or the address *, indicates all interfaces" (ssh(1), -R)
        host = _LOOPBACK if listen.host is None else listen.host
        bind = "" if host in _EVERYWHERE else host
        forward = self._connection.forward_remote(
            (bind, listen.port), (target.host or "", target.port)
        )
        return await scope.enter_async_context(forward)

    async def cancel(self, side: Side, spec: ForwardSpec) -> bool:
        """Cancel the forward that listens where `spec` does; return whether there was one."""
        for each in self._open:
            if each.side == side and each.listen == spec.listen:
                self._open.remove(each)
                await each.scope.aclose()
                return True
        return False

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
            f"{each.side} forward of {each.listen} to {each.target}, "
            f"{each.forward.connections} connections"
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
