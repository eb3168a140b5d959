"""Both roles joined in memory, for tests: no transport, no event loop, no waiting.

    pair = Pair(client, server, decide=lambda event: Accept())
    pair.run()
    assert pair.authenticated is not None

The client's questions are answered from its credentials, the server's by `decide`.  All payloads
are in `transcript`, in order.

`Talk` is one role, whose peer is written out message by message:

    talk = Talk(server)
    talk.receive(request)
    server.answer(talk.event(PasswordOffered).request, Reject())
    talk.expect_sent(UserauthFailure(methods=("password",)))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from ssh_auth.client import AuthRejected, AuthSucceeded, ClientAuth, ClientEvent, Question
from ssh_auth.server import (
    Accept,
    Authenticated,
    ChangePassword,
    Partial,
    Reject,
    ServerAuth,
    ServerEvent,
    ServerQuestion,
)
from ssh_wire import Message
from ssh_wire.messages.auth import InfoRequest

__all__ = ["Decision", "Pair", "Talk", "finish"]

T = TypeVar("T")
E = TypeVar("E", bound=ClientEvent | ServerEvent)
M = TypeVar("M", bound=Message)
R = TypeVar("R", bound=ClientAuth | ServerAuth)


Decision: TypeAlias = Accept | Reject | Partial | InfoRequest | ChangePassword


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
    """A client and a server that receive each other's messages.

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
        """Start the client, and pass messages until neither role has any.

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
        if isinstance(event, Question):
            self.client.answer(event, finish(event.obtain()))

    def _answer_server(self, event: ServerEvent) -> None:
        if isinstance(event, ServerQuestion):
            self.server.answer(event.request, self._decide(event))


class Talk(Generic[R]):
    """One role and the messages of its peer, as a test writes them down.

    Attributes:
        auth: the role.
    """

    def __init__(self, auth: R) -> None:
        self.auth = auth

    def receive(self, *messages: Message) -> None:
        """Let the role receive messages.

        Raises:
            ProtocolError: the role finds its peer at fault.
        """
        for message in messages:
            self.auth.receive(message.encode())

    def event(self, kind: type[E]) -> E:
        """Take the next event, which has to be of this kind.

        Raises:
            AssertionError: it is not, or no event is pending.
        """
        event = self.auth.next_event()
        if not isinstance(event, kind):
            problem = f"{event} came where a {kind.__name__} was due"
            raise AssertionError(problem)  # noqa: TRY004 (a failed test)
        return event

    def message(self, kind: type[M]) -> M:
        """Take what the role has sent, which has to be one message of this kind.

        Raises:
            AssertionError: it is not one message.
            WireError: it is another one.
        """
        messages = self.auth.take_messages()
        if len(messages) != 1:
            problem = f"{len(messages)} messages were sent"
            raise AssertionError(problem)
        return kind.decode(messages[0])

    def expect_sent(self, *messages: Message) -> None:
        """Take what the role has sent, which has to be exactly this.

        Raises:
            AssertionError: it is not.
        """
        sent = self.auth.take_messages()
        if sent != [message.encode() for message in messages]:
            problem = f"sent {sent}, not {messages}"
            raise AssertionError(problem)

    def assert_idle(self) -> None:
        """Check that the role has no event to take and no question to answer.

        Raises:
            AssertionError: it has.
        """
        event = self.auth.next_event()
        if event is not None or (isinstance(self.auth, ServerAuth) and self.auth.pending):
            problem = f"{event or 'a question'} is pending"
            raise AssertionError(problem)
