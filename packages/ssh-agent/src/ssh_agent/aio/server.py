"""An agent on a Unix socket: the keyring, the clients, and what signs."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from ssh_agent.aio.listener import AgentListener
from ssh_agent.aio.peer import is_allowed, peer_uid
from ssh_agent.clients import READ_SIZE
from ssh_agent.server import AgentConnection, ConfirmationNeeded, Keyring, SignatureNeeded
from ssh_keys import PrivateKey
from ssh_wire import SSHError, UsageError, WireError
from ssh_wire.aio import accept

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MAX_CLIENTS", "AgentServer", "Confirm", "serve"]

MAX_CLIENTS: Final = 256
"""How many clients are served at once; more wait until one leaves."""

_PAUSE: Final = 1.0
"""Seconds until another connection is taken, after the system had no room for one."""

Confirm = Callable[[ConfirmationNeeded], Awaitable[bool]]
"""Asks the user whether a key may be used."""

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _now() -> float:
    """Return a time that no change of the date moves, and that runs while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


def serve(
    keyring: Keyring,
    path: str | os.PathLike[str] | None = None,
    *,
    confirm: Confirm | None = None,
    max_clients: int = MAX_CLIENTS,
) -> AgentServer:
    """Serve a keyring on a Unix socket, while the block lasts.

        async with serve(keyring) as agent:
            os.environ["SSH_AUTH_SOCK"] = agent.path

    Args:
        keyring: the identities.
        path: where the socket is made; in a new folder of its own when not given.
        confirm: asks the user; without it, keys that need confirmation are refused.
        max_clients: how many clients are served at once.

    Raises:
        OSError: on entering: something is at that path already, or no socket can be made.
        UsageError: on entering: the folder of the path is not safe.
    """
    return AgentServer(
        keyring, lambda: AgentListener.open(path), confirm=confirm, max_clients=max_clients
    )


class AgentServer:
    """An agent that serves its clients while its block lasts.

    Args:
        keyring: the identities.
        open_listener: makes the socket, which is closed with the server.
        confirm: asks the user; without it, keys that need confirmation are refused.
        max_clients: how many clients are served at once.
        trace: gets a line for each request and each reply, without their contents.

    Attributes:
        keyring: the identities.
    """

    def __init__(
        self,
        keyring: Keyring,
        open_listener: Callable[[], AgentListener],
        *,
        confirm: Confirm | None = None,
        max_clients: int = MAX_CLIENTS,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self.keyring: Final = keyring
        self._open_listener = open_listener
        self._listener: AgentListener | None = None
        self._trace = trace
        self._confirm = confirm
        self._room = asyncio.Semaphore(max_clients)
        self._tasks: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def path(self) -> str:
        """Where the socket is: what SSH_AUTH_SOCK is to be."""
        return self._listening.path

    def now(self) -> float:
        """Return the time by the clock of the keyring, for `Keyring.add`."""
        return _now()

    async def __aenter__(self) -> Self:
        if self._listener is not None:
            problem = "the agent has served already"
            raise UsageError(problem)
        self._listener = self._open_listener()
        self._spawn(self._accept())
        self._plan_expiry()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop, end every connection, and remove the socket."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            if self._listener is not None:
                self._listener.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client over any pair of streams, until it closes them.

        Args:
            reader: from the client.
            writer: to the client; it is not closed.
        """
        connection = AgentConnection(
            self.keyring,
            unix_time=lambda: int(time.time()),
            can_confirm=self._confirm is not None,
            trace=self._trace,
        )
        while data := await reader.read(READ_SIZE):
            try:
                connection.receive(data, _now())
            except WireError:  # the stream has no meaning from there on
                return
            await self._answer(connection, writer)
            self._plan_expiry()

    @property
    def _listening(self) -> AgentListener:
        if self._listener is None:
            problem = "the agent does not serve yet"
            raise UsageError(problem)
        return self._listener

    async def _accept(self) -> None:
        while True:
            await self._room.acquire()
            try:
                accepted, _ = await accept(self._listening.socket)
            except OSError:  # too many open files, or the client is gone again
                self._room.release()
                await asyncio.sleep(_PAUSE)
                continue
            except BaseException:
                self._room.release()
                raise
            serving = self._spawn(self._serve(accepted))
            serving.add_done_callback(partial(self._served, accepted))

    async def _serve(self, accepted: socket.socket) -> None:
        if not is_allowed(peer_uid(accepted)):
            return
        reader, writer = await asyncio.open_unix_connection(sock=accepted)
        try:
            with suppress(ConnectionError):
                await self.converse(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _served(self, accepted: socket.socket, _task: asyncio.Task[None]) -> None:
        # not in the coroutine, which never begins where it is cancelled at once
        accepted.close()
        self._room.release()

    async def _answer(self, connection: AgentConnection, writer: asyncio.StreamWriter) -> None:
        """Go on until the connection waits for its client alone."""
        while True:
            while (event := connection.next_event()) is not None:
                if isinstance(event, ConfirmationNeeded):
                    allowed = await self._ask(event)
                    connection.answer_confirmation(event, allowed=allowed, now=_now())
                else:
                    signature = await self._sign(event)
                    connection.answer_signature(event, signature, now=_now())
            outgoing = connection.take_outgoing(_now())
            writer.write(outgoing)
            await writer.drain()
            deadline = connection.next_deadline()
            if deadline is not None:
                await asyncio.sleep(max(0.0, deadline - _now()))
                connection.tick(_now())
            elif not outgoing:
                return

    async def _ask(self, event: ConfirmationNeeded) -> bool:
        if self._confirm is None:
            return False
        try:
            return await self._confirm(event) is True
        except SSHError:
            return False
        except Exception as error:  # noqa: BLE001 (a function of the user)
            self._report("the function that confirms the use of a key failed", error)
            return False

    async def _sign(self, event: SignatureNeeded) -> bytes | None:
        signer = event.identity.signer
        try:
            if isinstance(signer, PrivateKey):
                # in a thread: one signature by a large RSA key takes a second
                return await asyncio.to_thread(signer.sign, event.data, event.algorithm)
            return await signer.sign(event.data, event.algorithm)
        except SSHError:
            return None
        except Exception as error:  # noqa: BLE001 (an object of the user)
            self._report("a signer of the agent failed", error)
            return None

    def _report(self, message: str, error: Exception) -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": message, "exception": error})

    def _plan_expiry(self) -> None:
        """Forget identities when their time is over, not only when the next request comes."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        deadline = self.keyring.next_deadline()
        if deadline is not None:
            delay = max(0.0, deadline - _now())
            self._expiry = asyncio.get_running_loop().call_later(delay, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        self.keyring.tick(_now())
        self._plan_expiry()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
