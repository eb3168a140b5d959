"""Both roles joined in memory, for tests: no transport, no event loop, no waiting.

    pair = Pair(client, server, decide=lambda event: Accept())
    pair.run()
    assert pair.authenticated is not None

The client's questions are answered from its credentials, the server's by `decide`.  What
went over is in `transcript`, in reading order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Literal, TypeAlias, TypeVar

import attrs

from ssh_auth.client import (
    AuthRejected,
    AuthSucceeded,
    ClientAuth,
    ClientEvent,
    PasswordNeeded,
    PromptsReceived,
    SignatureNeeded,
)
from ssh_auth.server import (
    Accept,
    Authenticated,
    DecisionInvalid,
    Partial,
    Reject,
    ServerAuth,
    ServerEvent,
)
from ssh_wire import SSHError
from ssh_wire.messages.auth import InfoRequest

__all__ = ["Decision", "DemandChange", "Pair", "finish"]

T = TypeVar("T")


@attrs.frozen
class DemandChange:
    """A decision about a password: it has expired."""

    prompt: str


Decision: TypeAlias = Accept | Reject | Partial | InfoRequest | DemandChange


def finish(awaitable: Awaitable[T]) -> T:
    """Run something that awaits nothing, without an event loop.

    Raises:
        RuntimeError: it does wait for something.
    """
    steps: Generator[Any, Any, T] = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        value: T = stop.value
        return value
    problem = "this needs an event loop"
    raise RuntimeError(problem)


class Pair:
    """A client and a server that hear each other.

    Attributes:
        client: the client.
        server: the server.
        client_events: every event of the client so far.
        server_events: every event of the server so far.
        transcript: every payload so far: whose it was, and its bytes.
    """

    def __init__(
        self,
        client: ClientAuth,
        server: ServerAuth,
        *,
        decide: Callable[[ServerEvent], Decision],
    ) -> None:
        self.client = client
        self.server = server
        self.client_events: list[ClientEvent] = []
        self.server_events: list[ServerEvent] = []
        self.transcript: list[tuple[Literal["client", "server"], bytes]] = []
        self._decide = decide

    @property
    def succeeded(self) -> AuthSucceeded | None:
        """The client's success, if it came."""
        return next((e for e in self.client_events if isinstance(e, AuthSucceeded)), None)

    @property
    def rejected(self) -> AuthRejected | None:
        """The client's failure, if it came."""
        return next((e for e in self.client_events if isinstance(e, AuthRejected)), None)

    @property
    def authenticated(self) -> Authenticated | None:
        """The server's success, if it came."""
        return next((e for e in self.server_events if isinstance(e, Authenticated)), None)

    def run(self) -> None:
        """Start the client, and pass messages until nobody has anything to say.

        Raises:
            ProtocolError: one role found the other at fault.
        """
        self.client.start()
        while self._client_turn() or self._server_turn():
            pass

    def _client_turn(self) -> bool:
        busy = False
        while (event := self.client.next_event()) is not None:
            busy = True
            self.client_events.append(event)
            self._answer_client(event)
        for payload in self.client.take_messages():
            busy = True
            self.transcript.append(("client", payload))
            self.server.receive(payload)
        return busy

    def _server_turn(self) -> bool:
        busy = False
        while (event := self.server.next_event()) is not None:
            busy = True
            self.server_events.append(event)
            self._answer_server(event)
        for payload in self.server.take_messages():
            busy = True
            self.transcript.append(("server", payload))
            self.client.receive(payload)
        return busy

    def _answer_client(self, event: ClientEvent) -> None:
        match event:
            case SignatureNeeded():
                try:
                    signature = finish(event.credential.signer.sign(event.data, event.algorithm))
                except SSHError as error:
                    self.client.signature_failed(str(error))
                else:
                    self.client.provide_signature(signature)
            case PasswordNeeded():
                self.client.provide_password(finish(event.credential.ask(event.prompt)))
            case PromptsReceived():
                answers = event.credential.answer(event.name, event.instruction, event.prompts)
                self.client.provide_answers(finish(answers))
            case _:
                pass

    def _answer_server(self, event: ServerEvent) -> None:
        if isinstance(event, Authenticated | DecisionInvalid):
            return
        decision = self._decide(event)
        match decision:
            case InfoRequest():
                self.server.ask(event.request, decision)
            case DemandChange():
                self.server.demand_change(event.request, decision.prompt)
            case _:
                self.server.answer(event.request, decision)
