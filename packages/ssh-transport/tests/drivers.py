"""A layer above a driver, and a byte stream that is not an asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from os import urandom

from hostile import FAST_OPTIONS
from ssh_keys import PrivateKey
from ssh_transport import (
    ClientTransport,
    Disconnected,
    Event,
    HostKeyReceived,
    ServerTransport,
    ServiceAccepted,
    ServiceRequested,
    SignatureRequested,
    TransportOptions,
)
from ssh_transport.aio import Driver

KEY = PrivateKey.generate("ed25519")
HEAD = b"\x5e\0\0\0\0"


class Layer:
    """The layer above one driver: answers, counts, and keeps what it was told."""

    def __init__(self, role: str, options: TransportOptions) -> None:
        self.events: list[Event] = []
        self.told: list[str] = []
        self.received = 0
        self.ready = asyncio.Event()
        self.progress = asyncio.Event()
        self.lost: list[Exception | None] = []
        self.core: ClientTransport | ServerTransport
        if role == "client":
            self.core = ClientTransport(options, random=urandom, now=0.0)
            self.core.request_service("ssh-userauth")
        else:
            keys = (KEY.public_key,)
            self.core = ServerTransport(options, random=urandom, now=0.0, host_keys=keys)
        self.core.sink = self.sink
        self.driver = Driver(self.core, self, close_timeout=0.05)

    def sink(self, payload: memoryview) -> None:
        self.received += len(payload)
        self.progress.set()

    def transport_event(self, event: Event) -> None:
        self.events.append(event)
        core = self.core
        match event:
            case HostKeyReceived():
                assert isinstance(core, ClientTransport)
                core.accept_host_key()
            case SignatureRequested():
                assert isinstance(core, ServerTransport)
                core.provide_signature(KEY.sign(event.data, event.algorithm))
            case ServiceRequested():
                assert isinstance(core, ServerTransport)
                core.accept_service(event.name)
                core.authenticated()
                self.ready.set()
            case ServiceAccepted():
                core.authenticated()
                self.ready.set()
            case _:
                self.progress.set()

    def uncongested(self) -> None:
        self.told.append("uncongested")
        self.progress.set()

    def batch_done(self) -> None:
        self.told.append("batch")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.progress.clear()
            await asyncio.wait_for(self.progress.wait(), 10)

    @property
    def ended(self) -> Disconnected:
        last = self.events[-1]
        assert isinstance(last, Disconnected)
        return last


class Reluctant:
    """A byte stream that is not an asyncio transport, and that can stop taking."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.calls: list[str] = []
        self.driver: Driver | None = None
        self.full_after: int | None = None
        self.unsent = 0
        self.memory: list[object] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        self.memory.append(data.obj if isinstance(data, memoryview) else data)
        if self.full_after is not None and len(self.written) >= self.full_after:
            assert self.driver is not None
            self.driver.pause_writing()

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")
        assert self.driver is not None
        asyncio.get_running_loop().call_soon(self.driver.connection_lost, None)

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.calls.append(f"limits {high} {low}")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": "memory"}.get(name, default)

    def taken(self) -> bytes:
        data = b"".join(self.written)
        self.written.clear()
        return data


def over_streams(
    client: TransportOptions = FAST_OPTIONS, server: TransportOptions = FAST_OPTIONS
) -> tuple[Layer, Layer, Reluctant, Reluctant]:
    layers = Layer("client", client), Layer("server", server)
    streams = Reluctant(), Reluctant()
    for layer, stream in zip(layers, streams, strict=True):
        stream.driver = layer.driver
        layer.driver.connection_made(stream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _ in range(4):
        layers[1].driver.feed(streams[0].taken())
        layers[0].driver.feed(streams[1].taken())
    assert layers[0].ready.is_set()
    assert layers[1].ready.is_set()
    return *layers, *streams
