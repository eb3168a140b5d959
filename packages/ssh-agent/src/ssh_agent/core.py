"""The client's side of the agent protocol without I/O.

An agent answers requests in the order in which it got them and gives replies no number,
so the whole state is the queue of requests that wait.  A reply that cannot belong to
the first of them means that the order is lost: then every request fails, and the
connection is of no use any more.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ssh_agent.errors import AgentError, AgentMisbehaved, AgentRefused, WrongReply
from ssh_agent.framing import AgentFrameReader, frame
from ssh_agent.messages import REPLIES, AgentFailure, ExtensionFailure
from ssh_wire import ProtocolError, SSHError, UsageError

if TYPE_CHECKING:
    from ssh_agent.requests import AgentRequest
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_WAITING", "AgentProtocol", "PendingRequest"]

T = TypeVar("T")

MAX_WAITING: Final = 256
"""The number of requests that may wait for their replies."""


class PendingRequest(Generic[T]):
    """One request and, once it is `done`, its result."""

    def __init__(self, request: AgentRequest[T]) -> None:
        self._request = request
        self._outcome: tuple[T] | SSHError | None = None

    @property
    def done(self) -> bool:
        """Whether the reply has come, or never will."""
        return self._outcome is not None

    def result(self) -> T:
        """Return what the agent answered.

        Raises:
            AgentError: it refused, or its reply was not an answer, or it went away.
            UsageError: there is no reply yet.
        """
        if self._outcome is None:
            problem = "the agent has not answered yet"
            raise UsageError(problem)
        if isinstance(self._outcome, SSHError):
            raise self._outcome
        return self._outcome[0]

    def take_reply(self, payload: bytes) -> None:
        """Take the reply; a signature or list that is not valid fails this request alone.

        Raises:
            ProtocolError: the payload is not a message of an agent.
            WrongReply: it answers another kind of request.
        """
        reply = REPLIES.decode(payload)
        if isinstance(reply, AgentFailure | ExtensionFailure):
            name = type(self._request.message).__name__
            self.fail(AgentRefused(f"the agent refused {name}"))
            return
        try:
            self._outcome = (self._request.answer(reply),)
        except WrongReply:
            raise
        except AgentMisbehaved as error:
            self.fail(error)

    def fail(self, error: AgentError) -> None:
        """Give up on the reply."""
        self._outcome = error


class AgentProtocol:
    """Requests to an agent, pipelined; replies matched in order.

    Attributes:
        error: why the protocol has ended, or None while it runs.
    """

    def __init__(self) -> None:
        self.error: AgentError | None = None
        self._waiting: deque[PendingRequest[Any]] = deque()
        self._frames = AgentFrameReader()
        self._outgoing = bytearray()

    @property
    def waiting(self) -> int:
        """The number of requests without a reply."""
        return len(self._waiting)

    def start(self, request: AgentRequest[T]) -> PendingRequest[T]:
        """Ask; the bytes are in `take_outgoing`.

        Raises:
            AgentError: the protocol has ended.
            UsageError: the request is too long, or 256 wait already.
        """
        if self.error is not None:
            raise self.error
        if len(self._waiting) >= MAX_WAITING:
            problem = f"{MAX_WAITING} requests wait for the agent already"
            raise UsageError(problem)
        framed = frame(request.message.encode())
        pending = PendingRequest(request)
        self._waiting.append(pending)
        self._outgoing += framed
        return pending

    def take_outgoing(self) -> bytes:
        """Return the bytes to write, once."""
        outgoing = bytes(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def receive(self, data: Buffer) -> None:
        """Take bytes of the agent; the requests that they answer are done afterwards.

        What an agent does wrong is in the pending requests and in `error`; nothing is raised.
        """
        if self.error is not None:
            return
        try:
            for payload in self._frames.feed(data):
                self._reply(payload)
        except ProtocolError as error:
            self.close(AgentMisbehaved(f"the agent's reply is not a message: {error}"))
        except WrongReply as error:
            self.close(error)

    def close(self, error: AgentError) -> None:
        """End the protocol: what waits fails with `error`, and so does what is asked later."""
        if self.error is not None:
            return
        self.error = error
        while self._waiting:
            self._waiting.popleft().fail(error)
        self._outgoing.clear()

    def _reply(self, payload: bytes) -> None:
        if not self._waiting:
            problem = "the agent answered what was not asked"
            raise WrongReply(problem)
        self._waiting[0].take_reply(payload)
        self._waiting.popleft()
