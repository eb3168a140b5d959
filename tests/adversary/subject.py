"""The side under test: a real endpoint on a byte stream in memory, and everything it does.

Nothing here opens a socket or waits for a clock: the event loop only runs what is ready.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from unittest import mock

import attrs

from ssh_auth import Accept, AuthContext, InteractiveCredential, PasswordCredential, Reject
from ssh_connection.aio import (
    ClientConnection,
    ClientSettings,
    ServerAuthentication,
    ServerConnection,
    ServerSettings,
)
from ssh_keys import PrivateKey
from ssh_transport import Algorithms, Disconnected, Event, Transport, TransportOptions
from ssh_transport.input import Held
from ssh_transport.kex import dh_modp as finite
from ssh_wire.messages.auth import InfoRequest, Prompt
from tests.adversary.wiretap import constant

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as ssh_transport.kex.dh_modp does, and for its reason
    from cryptography.hazmat.primitives.asymmetric.dh import (
        DHParameterNumbers,
        DHPrivateKey,
        DHPrivateNumbers,
        DHPublicNumbers,
    )

if TYPE_CHECKING:
    from ssh_auth import AuthCredential
    from ssh_connection.aio import Session
    from ssh_keys import PublicKey
    from ssh_transport.aio import Driver

__all__ = ["GROUPS", "OPTIONS", "RIGHT", "SECRET", "SLOW", "Kind", "Stream", "Subject", "host_key"]

RIGHT = "planted-right-password"
SLOW = "planted-slow-password"
SECRET = "planted-"

Kind: TypeAlias = Literal["server", "password", "asked", "dialogue", "deciding"]
"""A server, or a client and how it logs in; `deciding` does not know the host key yet."""

OPTIONS = TransportOptions(
    algorithms=Algorithms(
        kex=("curve25519-sha256",),
        host_keys=("ssh-ed25519",),
        ciphers=("aes128-gcm@openssh.com",),
        macs=("hmac-sha2-256",),
    )
)


GROUPS = attrs.evolve(
    OPTIONS,
    algorithms=attrs.evolve(OPTIONS.algorithms, kex=("diffie-hellman-group-exchange-sha256",)),
)
"""With a group exchange, whose group is awaited before its shares."""


def _always_the_same(numbers: DHParameterNumbers) -> DHPrivateKey:
    """Stand in for the provider, which draws an exponent that no replay could repeat."""
    exponent = int.from_bytes(constant(1)(32), "big")
    public = DHPublicNumbers(pow(numbers.g, exponent, numbers.p), numbers)
    return DHPrivateNumbers(exponent, public).private_key()


def _at_once(_executor: None, work: Callable[[], None]) -> asyncio.Future[None]:
    """Replace a thread, whose end a test cannot wait for."""
    done = asyncio.get_running_loop().create_future()
    work()
    done.set_result(None)
    return done


@cache
def host_key() -> PrivateKey:
    """The same key for every recording of a run."""
    return PrivateKey.generate("ed25519")


class Stream(asyncio.Transport):
    """The byte stream of a driver, whose other end is the test."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver
        self._closing = False
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing, "written after close"
        self.written.append(bytes(data))

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._driver.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class _Server(ServerConnection):
    events: list[Event]
    faults: list[Exception]

    def transport_event(self, event: Event) -> None:
        self.events.append(event)
        super().transport_event(event)

    def handler_failed(self, error: Exception) -> None:
        self.faults.append(error)


class _Client(ClientConnection):
    events: list[Event]
    faults: list[Exception]

    def transport_event(self, event: Event) -> None:
        self.events.append(event)
        super().transport_event(event)

    def handler_failed(self, error: Exception) -> None:
        self.faults.append(error)


class Subject:
    """An endpoint, what it was told, what it sent, and which functions of ours it called.

    Attributes:
        calls: how often each function of the application was called.
        gate: what slow functions wait for.
    """

    def __init__(self, kind: Kind, options: TransportOptions = OPTIONS) -> None:
        loop = asyncio.get_running_loop()
        self.kind = kind
        self.calls: Counter[str] = Counter()
        self.gate: asyncio.Future[Any] = loop.create_future()
        self.loop_errors: list[dict[str, Any]] = []
        self._before = asyncio.all_tasks()
        self._handler = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: self.loop_errors.append(context))
        self._threads = mock.patch.object(loop, "run_in_executor", _at_once)
        self._threads.start()
        self._task: asyncio.Task[None] | None = None
        self.connection: _Server | _Client
        if kind == "server":
            self.connection = _Server(self._server_settings(options), constant(1))
        else:
            self.connection = _Client(self._client_settings(kind, options), constant(1))
        self.connection.events = []
        self.connection.faults = []
        self.driver = self.connection._driver
        self.stream = Stream(self.driver)

    # ------------------------------------------------------------- the application

    def _server_settings(self, options: TransportOptions) -> ServerSettings:
        async def password(_context: AuthContext, given: str) -> Accept | Reject:
            self.calls["password"] += 1
            if given == SLOW:
                answer: Accept | Reject = await asyncio.shield(self.gate)
                return answer
            return Accept() if given == RIGHT else Reject()

        async def interactive(
            _context: AuthContext, dialogue: int, _answers: Sequence[str]
        ) -> Reject | InfoRequest:
            self.calls["interactive"] += 1
            if dialogue == 0:
                return InfoRequest(prompts=(Prompt(text="Word: ", echo=False),))
            return Reject()

        async def shell(_session: Session) -> int:
            self.calls["shell"] += 1
            return 0

        return ServerSettings(
            host_keys=[host_key()],
            authentication=ServerAuthentication(password=password, interactive=interactive),
            failure_delay=None,  # answers come in the order of what was fed
            transport=options,
            shell=shell,
            subsystems={"probe": shell},
            keepalive=None,
        )

    def _client_settings(self, kind: Kind, options: TransportOptions) -> ClientSettings:
        async def trusted(_key: PublicKey) -> bool:
            self.calls["host key"] += 1
            return bool(await asyncio.shield(self.gate)) if kind == "deciding" else True

        async def ask() -> str | None:
            self.calls["password"] += 1
            return str(await asyncio.shield(self.gate))

        async def answer(
            _name: str, _instruction: str, prompts: Sequence[Prompt]
        ) -> Sequence[str]:
            self.calls["interactive"] += 1
            return [SLOW for _ in prompts]

        credentials: dict[str, AuthCredential] = {
            "asked": PasswordCredential(ask),
            "dialogue": InteractiveCredential(answer),
        }

        def banner(_text: str) -> None:
            self.calls["banner"] += 1

        return ClientSettings(
            host="memory",
            username="tester",
            verify_host_key=trusted,
            credentials=[credentials.get(kind, PasswordCredential(RIGHT))],
            transport=options,
            keepalive=None,
            on_banner=banner,
        )

    # ------------------------------------------------------------- what a test does

    async def start(self) -> None:
        """Connect the byte stream."""
        if isinstance(self.connection, _Client):
            self._task = asyncio.ensure_future(self._establish(self.connection))
        else:
            self.driver.connection_made(self.stream)
        await self.settle()

    async def _establish(self, connection: _Client) -> None:
        async def dial(driver: Driver) -> None:
            driver.connection_made(self.stream)

        try:
            await connection.establish(dial)
        except Exception as error:  # noqa: BLE001 (a handler's fault ends its channel alone)
            self.failure: Exception = error

    async def feed(self, *pieces: bytes) -> None:
        """Let bytes arrive, and everything happen that follows."""
        with mock.patch.object(finite, "_private_key", _always_the_same):
            for piece in pieces:
                self.driver.feed(piece)
            await self.settle()

    async def act(self, name: str) -> None:
        """Do what the application does by itself."""
        match name:
            case "rekey":
                self.connection.rekey()
            case "close":
                self.driver.close()
            case "open":
                assert isinstance(self.connection, _Client)
                self._task = asyncio.ensure_future(self._run(self.connection))
            case "reject":
                self.gate.set_result(Reject())
            case "accept":
                self.gate.set_result(Accept() if self.kind == "server" else True)
            case "type":
                self.gate.set_result(SLOW)
            case _:
                raise AssertionError(name)
        await self.settle()

    async def _run(self, connection: _Client) -> None:
        try:
            await connection.run("probe")
        except Exception as error:  # noqa: BLE001 (a handler's fault ends its channel alone)
            self.failure = error

    async def settle(self) -> None:
        """Let everything run that is ready."""
        loop: Any = asyncio.get_running_loop()
        # nothing but this tells when a loop has nothing left to run
        while loop._ready:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def sent(self) -> bytes:
        """Return what was sent since the last call."""
        data = b"".join(self.stream.written)
        self.stream.written.clear()
        return data

    async def close(self) -> None:
        """End what is left, and check that nothing is (U8)."""
        await self.connection.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.gate.cancel()
        await self.settle()
        assert asyncio.all_tasks() == self._before, "tasks are left"
        self._threads.stop()
        asyncio.get_running_loop().set_exception_handler(self._handler)

    # ------------------------------------------------------------- what can be seen of it

    @property
    def core(self) -> Transport:
        """The transport."""
        return self.connection._core

    @property
    def events(self) -> list[Event]:
        """What the transport told."""
        return self.connection.events

    @property
    def ends(self) -> list[Disconnected]:
        """The terminal events."""
        return [event for event in self.events if isinstance(event, Disconnected)]

    @property
    def user(self) -> object:
        """Who is logged in, as the application sees it."""
        if isinstance(self.connection, _Server):
            return self.connection.user
        return self.connection.auth_attempts or None

    @property
    def waiting(self) -> int:
        """Bytes that have arrived and are not processed."""
        state = self.core._machine.input.state
        return self.core.unprocessed + (len(state.payload) if isinstance(state, Held) else 0)


class Planted(logging.Handler):
    """Finds planted secrets and control characters in whatever is logged (U7)."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if SECRET in text or not text.replace("\n", "").isprintable():
            self.found.append(text)
