"""The master of a shared connection: it serves clients on its socket (PROTOCOL.mux)."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from ssh_stack.cli.control.served_client import ServedClient
from ssh_stack.client.connection import compression_counts
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from ssh_stack.cli.control.listener import ControlListener
    from ssh_stack.cli.forwards import Forwards
    from ssh_stack.cli.report import Report
    from ssh_stack.client.connection import Connection
    from ssh_transport import CompressionCounts

__all__ = ["Master", "MasterSettings"]

_CLOSE: Final = 3.0  # seconds that clients get to end when the master does
_UPKEEP: Final = 1.0  # seconds between looks at forwards that carry connections


@lazy_attrs.frozen(kw_only=True)
class MasterSettings:
    """What a master is to know.

    Attributes:
        place: the host and port that it is connected to, for `-O conninfo`.
        send_env: patterns of the variables that clients may send (SendEnv).
        confirm: asked before each use, where ControlMaster is ask or autoask.
    """

    place: str
    send_env: tuple[str, ...] = ()
    confirm: Callable[[str], Awaitable[bool]] | None = None


class Master:
    """Serves the clients of one connection.

    Attributes:
        connection: the connection.
        forwards: its forwards; clients open and close some.
        settings: what it is to know.
        report: told of what happens.

    Args:
        connection: the connection.
        forwards: its forwards.
        listener: the socket.
        report: told of what happens.
        settings: what it is to know.
    """

    def __init__(
        self,
        connection: Connection,
        forwards: Forwards,
        listener: ControlListener,
        report: Report,
        settings: MasterSettings,
    ) -> None:
        self.connection: Final = connection
        self.forwards: Final = forwards
        self.report: Final = report
        self.settings: Final = settings
        self._listener = listener
        self._clients: dict[asyncio.Task[None], ServedClient] = {}
        self._changed = asyncio.Event()
        self._ending = False
        asyncio.get_running_loop().add_reader(listener.socket.fileno(), self._accept)

    async def confirm(self, question: str) -> bool:
        """Ask the user, where each use is to be confirmed; a doubt is a no."""
        if self.settings.confirm is None:
            return True
        try:
            return await self.settings.confirm(question) is True
        except (OSError, SSHError):
            return False

    # ------------------------------------------------------------- clients

    def _accept(self) -> None:
        taken = self._listener.accept()
        if taken is None:
            return
        client = ServedClient(self, taken)
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._clients[task] = client
        task.add_done_callback(partial(self._gone, taken))
        self._changed.set()

    async def _serve(self, client: ServedClient) -> None:
        try:
            await client.serve()
        except (SSHError, OSError) as error:
            self.report.note(f"a client of the shared connection: {error}")

    def _gone(self, taken: socket.socket, task: asyncio.Task[None]) -> None:
        taken.close()  # not in the coroutine, which never begins where it is cancelled at once
        del self._clients[task]
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a client of the shared connection failed", "exception": error}
            )

    # ------------------------------------------------------------- its end

    def terminate(self) -> None:
        """End the master at once, whatever its clients do (-O exit)."""
        self._ending = True
        self._changed.set()

    def stop_listening(self) -> None:
        """Take no further clients, and remove the socket (-O stop)."""
        if self._listener.is_open:
            asyncio.get_running_loop().remove_reader(self._listener.socket.fileno())
            self._listener.close()
        self._changed.set()

    async def wait(self, idle: float | Literal["no"] | None) -> None:
        """Wait until the master is to end.

        It ends when it was told to, when the connection is lost, and when it listens no more and
        has no clients.

        Args:
            idle: seconds without a client after which it ends too; 0 for none; "no" to end with
                the last client.
        """
        lost = asyncio.ensure_future(self.connection.wait_closed())
        try:
            while not lost.done() and not self._is_over(idle):
                self._changed.clear()
                await self._next(lost, idle)
                if self._may_end(idle) and not self._changed.is_set():
                    return
        finally:
            lost.cancel()
            await asyncio.wait({lost})
            with suppress(asyncio.CancelledError):
                lost.exception()  # which `Connection.end` has too

    async def wait_beside(self, work: asyncio.Future[int]) -> None:
        """Wait until the work of the master's own session is done, or it was told to end."""
        ended = asyncio.ensure_future(self._told_to_end())
        try:
            waiting: set[asyncio.Future[Any]] = {work, ended}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()

    async def _told_to_end(self) -> None:
        while not self._ending:
            self._changed.clear()
            await self._changed.wait()

    def _is_over(self, idle: float | Literal["no"] | None) -> bool:
        if self._ending:
            return True
        return not self.is_busy and (idle == "no" or not self._listener.is_open)

    def _may_end(self, idle: float | Literal["no"] | None) -> bool:
        return bool(idle) and idle != "no" and not self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether a client is there, or a connection goes through a forward."""
        return bool(self._clients) or self.forwards.is_busy

    async def _next(self, lost: asyncio.Future[None], idle: float | Literal["no"] | None) -> None:
        """Wait for a change, as long as the master may be idle."""
        seconds: float | None = None
        if self.forwards.is_busy:
            seconds = _UPKEEP
        elif not self._clients and idle and idle != "no":
            seconds = float(idle)
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {changed, lost}
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    async def close(self) -> None:
        """Stop listening, and end all clients, in bounded time."""
        self.stop_listening()
        clients = self._clients.copy()
        for task, client in clients.items():
            if not (task.cancelling() or client.is_ending):
                task.cancel()
        if clients:
            await asyncio.wait(clients, timeout=_CLOSE)

    # ------------------------------------------------------------- what it tells

    @property
    def pid(self) -> int:
        """The id of the process, to which clients send SIGWINCH."""
        return os.getpid()

    def information(self, name: str) -> str | None:
        """Return what is told about the "connection" or its "channels"; None for anything else."""
        connection = self.connection
        if name == "channels":
            lines = ["The following connections are open:", *map(str, connection.channels)]
        elif name == "connection":
            agreed = connection.agreement
            out, back = agreed.client_to_server, agreed.server_to_client
            lines = [
                f"connection: {connection.username}@{connection.host} -> {self.settings.place}",
                f"  kexalgorithm {agreed.kex}",
                f"  hostkeyalgorithm {agreed.host_key}",
                f"  cipher {out.cipher} {back.cipher}",
                f"  mac {out.mac or '<implicit>'} {back.mac or '<implicit>'}",
                f"  compression {out.compression} {back.compression}",
                *_compressed(*compression_counts(connection)),
            ]
        else:
            return None
        return "".join(f"{line}\r\n" for line in lines)


def _compressed(
    received: CompressionCounts | None, sent: CompressionCounts | None
) -> tuple[str, ...]:
    """Return a line as OpenSSH's comp_status_message writes it, where anything is compressed."""
    if received is None and sent is None:
        return ()
    return (f"    compressed {_ratio(received)} in, {_ratio(sent)} out",)


def _ratio(counts: CompressionCounts | None) -> str:
    if counts is None or not counts.plain:
        return "0/0 (*0.000)"
    return f"{counts.compressed}/{counts.plain} (*{counts.compressed / counts.plain:.3f})"
