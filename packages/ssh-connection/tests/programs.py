"""What runs at the server's end of a test, and who may log in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from ssh_connection import ConnectionLimits, ExitSignal, Services
from ssh_connection.addresses import Address
from ssh_connection.aio import ClientConnection, ServerConnection, Session, SessionHandler, User
from ssh_connection.aio.testing import EndpointPair, client_settings, server_settings
from ssh_wire import Message

CHUNK = bytes(32 * 1024)


async def cat(session: Session) -> int:
    """Give back what is read."""
    while data := await session.stdin.read(64 * 1024):
        await session.write(data)
    return 0


async def both(session: Session) -> int:
    """Fill both streams in turn, with 8 MiB each."""
    for _ in range(256):
        await session.write(CHUNK)
        await session.write_stderr(CHUNK)
    return 0


async def upper(session: Session) -> int:
    """Say the command, the environment and the input, in capitals."""
    command = (session.command or b"a shell").decode()
    words = [command, *(f"{name}={value}" for name, value in session.env.items())]
    await session.write(" ".join(words).upper().encode())
    await session.write((await session.stdin.read()).upper())
    return 0


class Remote:
    """Runs until a signal that it obeys, and knows what happened to it.

    Attributes:
        obeys: the signals that end it.
        signals: those that came.
        sessions: the sessions that it ran.
        started: set once it runs.
        ended: set once it does not.
        cancelled: whether it was ended by the end of its session.
    """

    def __init__(self, obeys: tuple[str, ...] = ("TERM",), says: bytes = b"") -> None:
        self.obeys = obeys
        self.says = says
        self.signals: list[str] = []
        self.sessions: list[Session] = []
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self.cancelled = False

    async def __call__(self, session: Session) -> None:
        stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def signalled(name: str) -> None:
            self.signals.append(name)
            if name in self.obeys and not stopped.done():
                stopped.set_result(name)

        session.on_signal = signalled
        self.sessions.append(session)
        try:
            if self.says:
                await session.write(self.says)
            self.started.set()
            session.exit(ExitSignal(await stopped))
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.ended.set()


def pair(
    shell: SessionHandler | None = None,
    *,
    client: dict[str, Any] | None = None,
    **server: Any,
) -> EndpointPair:
    """A client and a server whose settings differ from the usual ones in what is given."""
    return EndpointPair(
        attrs.evolve(server_settings(shell), **server),
        attrs.evolve(client_settings(), **(client or {})),
    )


def limited(**limits: Any) -> dict[str, Any]:
    """Settings with limits."""
    return {"limits": ConnectionLimits(**limits)}


def inject(endpoint: ClientConnection | ServerConnection, *messages: Message | bytes) -> None:
    """Send messages that an endpoint would not send by itself: what a hostile peer does."""
    for message in messages:
        payload = message if isinstance(message, bytes) else message.encode()
        endpoint._core.send_payload(payload)
    endpoint._driver.schedule_flush()


async def settle(turns: int = 30) -> None:
    """Let the loop turn until what is under way in memory is done."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (whatever it is)
            await asyncio.sleep(0)


def replace(thing: object, name: str, by: object) -> None:
    """Let something that a test looks into do something else."""
    setattr(thing, name, by)


def ignore(*_: object) -> None:
    """Do nothing, and say nothing."""


def silence(endpoint: ClientConnection | ServerConnection) -> None:
    """Let an endpoint leave every channel and every global request without an answer."""
    endpoint._mux.services = Services()
    replace(endpoint, "channel_not_served", ignore)
    replace(endpoint, "request_not_served", ignore)


def service(endpoint: ClientConnection | ServerConnection, channel_type: str) -> Any:
    """Return the object that serves a channel type."""
    row: Any = endpoint._mux.services.channel_type(channel_type.encode())
    return row.opened.__self__


def granted_forwards(server: ServerConnection) -> Any:
    """Return what a server listens on for its client."""
    row: Any = server._mux.services.global_request(b"tcpip-forward")
    return row.received.__self__


async def read_to_end(reader: asyncio.StreamReader) -> None:
    """Read the end of a stream, clean or not."""
    with suppress(ConnectionError):
        assert await reader.read() == b""


class Rules:
    """Forwarding rules that allow what they are told to, and note what they are asked."""

    def __init__(self, *, allow: bool = True) -> None:
        self.allow = allow
        self.asked: list[Address] = []

    def may_connect(self, user: User, address: Address) -> bool:
        self.asked.append(address)
        return self.allow and user.name == "tester"

    def may_listen(self, user: User, address: Address) -> bool:
        self.asked.append(address)
        return self.allow and user.name == "tester"


class Anywhere:
    """Forwarding rules that allow everything."""

    def may_connect(self, user: User, address: Address) -> bool:
        del user, address
        return True

    def may_listen(self, user: User, address: Address) -> bool:
        del user, address
        return True


FORWARDING: dict[str, Any] = {"forwarding": Anywhere()}
"""Settings of a server that forwards everything."""


class Receiver:
    """Keeps what a channel tells it."""

    def __init__(self) -> None:
        self.data = b""
        self.events: list[str] = []
        self.error: Exception | None = None

    def data_received(self, data: memoryview) -> None:
        self.data += data

    def eof_received(self) -> None:
        self.events.append("eof")

    def pipe_closed(self, error: Exception | None) -> None:
        self.events.append("closed")
        self.error = error

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")
