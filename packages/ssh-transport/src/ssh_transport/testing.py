"""Two transports joined in memory: what tests of a layer above need.

    pair = Pair.connected()
    pair.client.send(Ignore())
    pair.run()

Bytes are moved only by `run`, time does not pass unless it is given, and decisions are made
as a friendly user would make them.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes
from typing import TYPE_CHECKING

from ssh_transport.algorithms import Algorithms, profiles
from ssh_transport.events import (
    ComputationRequested,
    Event,
    HostKeyReceived,
    PayloadReceived,
    ServiceRequested,
    SignatureRequested,
)
from ssh_transport.options import TransportOptions
from ssh_transport.roles import ClientTransport, ServerTransport

if TYPE_CHECKING:
    from ssh_keys import PrivateKey
    from ssh_transport.kex.base import Random
    from ssh_transport.transport import Transport

__all__ = ["Cut", "Pair", "inject", "pump"]

Cut = Callable[[bytes], list[bytes]]
"""How a write is cut into reads."""


class Pair:
    """A client and a server, and the events of both.

    Attributes:
        client: the client.
        server: the server.
        key: the server's host key.
        client_events: what happened to the client, in order.
        server_events: what happened to the server, in order.
    """

    def __init__(
        self,
        client: TransportOptions | None = None,
        server: TransportOptions | None = None,
        *,
        key: PrivateKey | None = None,
        random: Random = token_bytes,
        now: float = 0.0,
    ) -> None:
        if key is None:
            from ssh_keys import PrivateKey  # only where no key is given

            key = PrivateKey.generate("ed25519")
        self.key: PrivateKey = key
        self.client_events: list[Event] = []
        self.server_events: list[Event] = []
        self.client: ClientTransport = ClientTransport(
            client or TransportOptions(algorithms=profiles("default", "client")),
            random=random,
            now=now,
        )
        self.server: ServerTransport = ServerTransport(
            server or TransportOptions(algorithms=profiles("default", "server")),
            random=random,
            now=now,
            host_keys=(key.public_key,),
        )

    @classmethod
    def connected(
        cls,
        algorithms: Algorithms | None = None,
        *,
        key: PrivateKey | None = None,
    ) -> Pair:
        """Return a pair with keys in use, the service granted, and the user authenticated."""
        options = TransportOptions(algorithms=algorithms) if algorithms else None
        pair = cls(options, options, key=key)
        pair.client.request_service("ssh-userauth")
        pair.run()
        pair.client.authenticated()
        pair.server.authenticated()
        pair.client_events.clear()
        pair.server_events.clear()
        return pair

    def run(self, cut: Cut | None = None) -> None:
        """Move bytes and answer events until nothing more happens."""
        while True:
            self.answer()
            moved = pump(self.client, self.server, cut)
            self.answer()
            moved += pump(self.server, self.client, cut)
            if not moved:
                break

    def answer(self) -> None:
        """Take the events of both sides and answer those that wait for it."""
        while (event := self.client.next_event()) is not None:
            self.client_events.append(event)
            if isinstance(event, HostKeyReceived):
                self.client.accept_host_key()
            _compute(self.client, event)
        while (event := self.server.next_event()) is not None:
            self.server_events.append(event)
            if isinstance(event, SignatureRequested):
                self.server.provide_signature(self.key.sign(event.data, event.algorithm))
            elif isinstance(event, ServiceRequested):
                self.server.accept_service(event.name)
            _compute(self.server, event)

    def payloads(self, side: Transport) -> list[bytes]:
        """Return the payloads that one side was given, and forget them."""
        events = self.client_events if side is self.client else self.server_events
        found = [event.payload for event in events if isinstance(event, PayloadReceived)]
        events[:] = [event for event in events if not isinstance(event, PayloadReceived)]
        return found


def _compute(side: Transport, event: Event) -> None:
    if isinstance(event, ComputationRequested):
        event.run()
        side.computation_done()


def pump(source: Transport, target: Transport, cut: Cut | None = None) -> int:
    """Move what `source` has to send to `target`; return how many bytes that was."""
    moved = 0
    while (data := source.take_outgoing()) is not None:
        moved += len(data)
        for piece in cut(bytes(data)) if cut else (data,):
            if not target.closed:
                target.receive(piece)
    return moved


def inject(source: Transport, *payloads: bytes) -> None:
    """Seal payloads as `source` would, whatever its state allows: what a hostile peer does."""
    for payload in payloads:
        outbound = source._outbound  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (hostile)
        outbound.send((payload,))
