"""Answers in the order of the requests.

"If any such requests have been sent, the replies are in the order of the requests"
(RFC 4254 sections 4 and 5.4).  Handlers may finish in any order: `ReplyQueue` keeps each
answer until all before it have left.  `PendingReplies` is the other direction: which of
our own requests the next answer belongs to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from ssh_connection.errors import ChannelViolation

__all__ = ["Granted", "PendingReplies", "PendingReply", "ReplyQueue"]

T = TypeVar("T")

Granted: TypeAlias = bool | None
"""Whether a request was granted; None where the channel closed before the answer."""


class PendingReply:
    """The place of one answer in the queue; answered once."""

    __slots__ = ("_answer", "_queue")

    def __init__(self, queue: ReplyQueue | None) -> None:
        self._queue = queue
        self._answer: bytes | None = None

    @property
    def wanted(self) -> bool:
        """Whether the peer asked for an answer, and has none yet."""
        return self._queue is not None

    def answer(self, payload: bytes) -> None:
        """Give the answer; it leaves when all before it have."""
        if self._queue is not None:
            queue, self._queue = self._queue, None
            self._answer = payload
            queue.flush()

    @property
    def payload(self) -> bytes | None:
        """The answer, once it is given."""
        return self._answer


class ReplyQueue:
    """Answers to the peer's requests, sent in the order of the requests."""

    def __init__(self, send: Callable[[bytes], None], limit: int) -> None:
        self._send = send
        self._limit = limit
        self._waiting: deque[PendingReply] = deque()

    def expect(self, *, wanted: bool) -> PendingReply:
        """Return the place for the answer to a request that has just arrived.

        Raises:
            ChannelViolation: more requests wait for an answer than the limit.
        """
        if not wanted:
            return PendingReply(None)
        if len(self._waiting) >= self._limit:
            problem = f"more than {self._limit} requests wait for an answer"
            raise ChannelViolation(problem)
        reply = PendingReply(self)
        self._waiting.append(reply)
        return reply

    def flush(self) -> None:
        """Send the answers at the head of the queue."""
        while self._waiting and (payload := self._waiting[0].payload) is not None:
            self._waiting.popleft()
            self._send(payload)

    def clear(self) -> None:
        """Forget all: the channel or the connection is over."""
        self._waiting.clear()


class PendingReplies(Generic[T]):
    """Our own requests that wait for an answer, in order."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[T | None], None]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, callback: Callable[[T | None], None]) -> None:
        """Call `callback` with the next answer that no earlier request has."""
        self._waiting.append(callback)

    def resolve(self, answer: T) -> None:
        """Hand an answer to the request it belongs to; an answer without a request is ignored."""
        if self._waiting:
            self._waiting.popleft()(answer)

    def fail(self) -> None:
        """Call every callback with None: no answers will come."""
        while self._waiting:
            self._waiting.popleft()(None)
