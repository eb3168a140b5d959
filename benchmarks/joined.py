"""A client and a server of each library, joined by TCP in this process.

Both ends are measured together: what a packet costs is to seal and to open it, what a
handshake costs is both sides' share.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import threading
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any, Final, NamedTuple, Protocol

import asyncssh
import paramiko  # type: ignore[import-untyped]
from asyncssh.packet import String

from benchmarks.contenders import OURS
from ssh_keys import PrivateKey
from ssh_transport import Algorithms, ClientTransport, ServerTransport, TransportOptions
from ssh_transport import events as ev
from ssh_transport.aio import Driver
from ssh_wire.messages.transport import Ignore

__all__ = ["CONTENDERS", "Joined", "Setting"]

HOST_KEY: Final = "ssh-ed25519"
_IGNORE: Final = 2  # SSH_MSG_IGNORE: it goes through the whole transport, and no further
_UNDER_WAY: Final = 256 * 1024  # bytes that are sent before the receiver has to catch up
_SECONDS: Final = 30.0
_NEVER: Final = 2**40  # no rekey while its packets are counted

_KEY: Final = PrivateKey.generate("ed25519")


class Setting(NamedTuple):
    """The algorithms of one connection."""

    kex: str
    cipher: str
    mac: str


class Joined(Protocol):
    """One library."""

    name: str
    unknown: tuple[type[Exception], ...]
    """What it raises for an algorithm that it has not got."""

    def handshake(self, setting: Setting) -> float:
        """Connect and exchange keys; return the seconds of processor time of both sides."""
        ...

    def packets(self, setting: Setting, size: int, count: int) -> float:
        """Send packets with `size` bytes of data; return what all of them cost."""
        ...


class Clock:
    """Measures the seconds of processor time of a block."""

    def __init__(self) -> None:
        self.cost = 0.0

    @contextlib.contextmanager
    def __call__(self) -> Generator[None]:
        before = time.process_time()
        yield
        self.cost = time.process_time() - before


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets; AsyncSSH takes none but those of TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        return near, listener.accept()[0]


def _batches(size: int, count: int) -> Generator[int]:
    """Cut a number of packets into pieces of what may be under way."""
    most = max(1, _UNDER_WAY // size)
    for done in range(0, count, most):
        yield min(most, count - done)


# ------------------------------------------------------------------ ours


class _End:
    """The layer above a driver: says yes to everything."""

    def __init__(self, core: ClientTransport | ServerTransport) -> None:
        self.core = core
        self.driver = Driver(core, self)
        self.ready = asyncio.Event()

    def transport_event(self, event: ev.Event) -> None:
        core = self.core
        match event:
            case ev.HostKeyReceived() if isinstance(core, ClientTransport):
                core.accept_host_key()
            case ev.SignatureRequested() if isinstance(core, ServerTransport):
                core.provide_signature(_KEY.sign(event.data, event.algorithm))
            case ev.KexCompleted():
                self.ready.set()
            case _:
                pass

    def uncongested(self) -> None: ...

    def batch_done(self) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class Ours:
    """ssh-transport."""

    name = OURS
    unknown: tuple[type[Exception], ...] = ()

    def handshake(self, setting: Setting) -> float:
        return asyncio.run(self._measure(setting, 0, 0))[0]

    def packets(self, setting: Setting, size: int, count: int) -> float:
        return asyncio.run(self._measure(setting, size, count))[1]

    async def _measure(self, setting: Setting, size: int, count: int) -> tuple[float, float]:
        names = ((setting.kex,), (HOST_KEY,), (setting.cipher,), (setting.mac,))
        options = TransportOptions(algorithms=Algorithms(*names))
        first, second = Clock(), Clock()
        loop = asyncio.get_running_loop()
        near, far = _pair()
        with first():
            now = loop.time()
            keys = (_KEY.public_key,)
            server = _End(ServerTransport(options, random=os.urandom, now=now, host_keys=keys))
            client = _End(ClientTransport(options, random=os.urandom, now=now))
            for end, sock in ((server, far), (client, near)):
                await loop.create_connection(lambda end=end: end.driver, sock=sock)  # type: ignore[misc]
            async with asyncio.timeout(_SECONDS):
                await client.ready.wait()
                await server.ready.wait()
        if count:
            for end in (client, server):
                end.core.authenticated()  # early bytes are limited
            with second():
                await self._send(client, server, size, count)
        for end in (client, server):
            end.driver.abort()
            await end.driver.wait_closed()
        return first.cost, second.cost

    async def _send(self, client: _End, server: _End, size: int, count: int) -> None:
        message = Ignore(data=bytes(size))
        expected = server.core.received_sequence
        for batch in _batches(size, count):
            for _ in range(batch):
                client.core.send(message)
            client.driver.flush()
            expected += batch
            while server.core.received_sequence < expected:  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0)  # the other end runs on this loop


# ------------------------------------------------------------------ AsyncSSH


class _Anybody(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        del username
        return False


class AsyncSSH:
    """AsyncSSH; its handshake includes a login that asks for nothing."""

    name = "AsyncSSH"
    unknown: tuple[type[Exception], ...] = (ValueError,)

    def __init__(self) -> None:
        self._key = asyncssh.import_private_key(_KEY.to_openssh())

    def handshake(self, setting: Setting) -> float:
        return asyncio.run(self._measure(setting, 0, 0))[0]

    def packets(self, setting: Setting, size: int, count: int) -> float:
        return asyncio.run(self._measure(setting, size, count))[1]

    async def _measure(self, setting: Setting, size: int, count: int) -> tuple[float, float]:
        first, second = Clock(), Clock()
        async with self._joined(setting, first) as (client, server):
            if count:
                with second():
                    await self._send(client, server, size, count)
        return first.cost, second.cost

    @contextlib.asynccontextmanager
    async def _joined(self, setting: Setting, clock: Clock) -> AsyncGenerator[tuple[Any, Any]]:
        same: dict[str, Any] = {
            "config": None,
            "kex_algs": [setting.kex],
            "encryption_algs": [setting.cipher],
            "mac_algs": [setting.mac],
            "compression_algs": ["none"],
            "rekey_bytes": _NEVER,
        }
        near, far = _pair()
        with clock():
            serving = asyncio.ensure_future(
                asyncssh.run_server(
                    far, server_factory=_Anybody, server_host_keys=[self._key], **same
                )
            )
            client = await asyncssh.run_client(
                near, username="x", known_hosts=None, client_keys=None, **same
            )
            server = await serving
        try:
            yield client, server
        finally:
            for end in (client, server):
                end.abort()
                await end.wait_closed()

    async def _send(self, client: Any, server: Any, size: int, count: int) -> None:
        payload = String(bytes(size))
        expected = server._recv_seq  # nothing public counts packets
        for batch in _batches(size, count):
            for _ in range(batch):
                client.send_packet(_IGNORE, payload)
            expected += batch
            while server._recv_seq < expected:  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0)  # the other end runs on this loop


# ------------------------------------------------------------------ Paramiko


class Paramiko:
    """Paramiko: a thread for each end."""

    name = "Paramiko"
    unknown: tuple[type[Exception], ...] = (ValueError,)

    def __init__(self) -> None:
        self._key = paramiko.Ed25519Key.from_private_key(io.StringIO(_KEY.to_openssh().decode()))

    def handshake(self, setting: Setting) -> float:
        return self._measure(setting, 0, 0)[0]

    def packets(self, setting: Setting, size: int, count: int) -> float:
        return self._measure(setting, size, count)[1]

    def _measure(self, setting: Setting, size: int, count: int) -> tuple[float, float]:
        first, second = Clock(), Clock()
        near, far = _pair()
        with first():
            client, server = (self._transport(sock, setting) for sock in (near, far))
            server.add_server_key(self._key)
            done = threading.Event()
            server.start_server(event=done, server=paramiko.ServerInterface())
            client.start_client(timeout=_SECONDS)
            if not done.wait(_SECONDS):
                raise TimeoutError
        try:
            if count:
                with second():
                    self._send(client, server, size, count)
        finally:
            client.close()
            server.close()
        return first.cost, second.cost

    def _transport(self, sock: socket.socket, setting: Setting) -> Any:
        transport = paramiko.Transport(sock)
        options = transport.get_security_options()
        options.kex = (setting.kex,)
        options.ciphers = (setting.cipher,)
        options.digests = (setting.mac,)
        options.key_types = (HOST_KEY,)
        return transport

    def _send(self, client: Any, server: Any, size: int, count: int) -> None:
        message = paramiko.Message()
        message.add_byte(bytes([_IGNORE]))
        message.add_string(bytes(size))
        packetizer = server.packetizer
        expected = packetizer._Packetizer__sequence_number_in
        for batch in _batches(size, count):
            for _ in range(batch):
                client._send_message(message)
            expected += batch
            while packetizer._Packetizer__sequence_number_in < expected:
                time.sleep(0.0002)


CONTENDERS: Final[tuple[Joined, ...]] = (Ours(), AsyncSSH(), Paramiko())
