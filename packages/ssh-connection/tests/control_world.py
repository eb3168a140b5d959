"""A connection from a master to a server, and the master's clients in proxy mode: no sockets."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ssh_connection.control.proxy import ProxyTransport
from ssh_connection.control.proxy_server import ProxyServer
from ssh_connection.testing import Pair, Recorder, Side
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_connection import ConnectionLimits
    from ssh_connection.channel import ChannelProtocol
    from ssh_connection.multiplexer import GlobalAnswer
    from ssh_wire import Message


class Granting:
    """Listeners that are granted at once."""

    def __init__(self) -> None:
        self.clients: list[ProxyServer] = []

    def listen(
        self, message: object, client: ProxyServer, answered: Callable[[GlobalAnswer], None]
    ) -> None:
        del message
        self.clients.append(client)
        answered(m.RequestSuccess(details=b"\0\0\x1f\x90"))

    def stop(
        self, message: object, client: ProxyServer, answered: Callable[[GlobalAnswer], None]
    ) -> None:
        del message
        self.clients.remove(client)
        answered(m.RequestSuccess())

    def abandon(self, client: ProxyServer) -> None:
        self.clients = [each for each in self.clients if each is not client]


class Client:
    """A client: a side of its own, which speaks through a `ProxyServer`."""

    def __init__(self, world: World, limits: ConnectionLimits | None = None) -> None:
        self.world = world
        self.side = Side(limits)
        self.side.mux.services.unregister([m.ForwardedTCPIPOpen])
        self.transport = ProxyTransport()
        self.transport.sink = self.side.mux.receive
        self.server = ProxyServer(
            world.pair.left.mux, world.listeners, world.refusals.__getitem__, world.wakes.add
        )

    def send(self, *messages: Message) -> None:
        """Send what the client's own side would not."""
        for message in messages:
            self.transport.send_payload(message.encode())
        self.server.receive(self.transport.take_outgoing() or b"")

    def up(self) -> bool:
        payloads, self.side.wire.payloads = self.side.wire.payloads, deque()
        for payload in payloads:
            self.transport.send_payload(payload)
        data = self.transport.take_outgoing()
        if data and not self.server.gone:
            self.server.receive(data)
        return bool(data)

    def down(self) -> bool:
        data = bytes(self.server.outgoing)
        self.server.sent(len(data))
        self.transport.receive(data)
        if self.side.mux.window_opened:
            self.side.mux.pump()
        return bool(data)


class Wakes:
    """How often a client was to be looked at."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        self.count += 1


class Refusals(dict[str, str]):
    """Why channels are refused: by default they are not."""

    def __missing__(self, name: str) -> str:
        return ""


class World:
    """A connection from a master (left) to a server (right), and the master's clients."""

    def __init__(self, master: ConnectionLimits | None = None) -> None:
        self.pair = Pair(master)
        self.listeners = Granting()
        self.refusals = Refusals()
        self.wakes = Wakes()
        self.clients: list[Client] = []

    def join(self, limits: ConnectionLimits | None = None) -> Client:
        client = Client(self, limits)
        self.clients.append(client)
        return client

    def run(self) -> None:
        moved = True
        while moved:
            up = [each.up() for each in self.clients]
            self.pair.run()
            down = [each.down() for each in self.clients if not each.server.gone]
            moved = any(up + down)

    def open(self, side: Side) -> tuple[Recorder, Recorder]:
        """Open a session to the server; return both ends."""
        mux = self.pair.right.mux
        known = set(mux.channels.values())
        _, ours = side.open()
        self.run()
        (theirs,) = set(mux.channels.values()) - known
        assert isinstance(theirs.handler, Recorder)
        return ours, theirs.handler

    @property
    def master(self) -> Side:
        return self.pair.left


def end_of(recorder: Recorder) -> None:
    assert recorder.channel is not None
    recorder.channel.close()


def write(recorder: Recorder, data: bytes) -> None:
    assert recorder.channel is not None
    recorder.channel.write(data)


def offered(world: World, client: Client) -> Recorder:
    """Have the server open a channel that the client answers."""

    def opened(message: m.OpenHead, channel: ChannelProtocol) -> None:
        client.server.offer(message, channel)

    world.master.channel_requested = opened  # type: ignore[method-assign]
    world.master.mux.services.register(*world.master._services())
    recorder = Recorder()
    asked = m.ForwardedTCPIPOpen(
        sender=0, window=99, max_packet=9, address="a", port=1, origin_host="o", origin_port=2
    )
    recorder.channel = world.pair.right.mux.open(asked, recorder)
    return recorder
