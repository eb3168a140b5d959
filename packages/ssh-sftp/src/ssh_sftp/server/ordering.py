"""Which requests of a session may run at a time, and in which order they are answered.

Replies have the order of the requests.  Requests run in that order too where they could touch the
same file: "operations ... to the same file ... MUST be processed in the order in which they are
received" (section 6.1).  So requests of one handle follow each other, but READs of it run
together; requests of different handles run together; and a request with a path, which may be that
of any handle, runs alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from ssh_sftp import messages as m
from ssh_wire import Message

__all__ = ["MOST_WAITING", "Line", "Place"]

MOST_WAITING: Final = 64
"""How many requests may wait for their answer; no more are read meanwhile."""


class Place:
    """A request in the line.

    Attributes:
        request: the request; None if it could not be decoded.
        running: whether it was begun.
        answer: its reply, once it has one.
    """

    __slots__ = ("answer", "request", "running")

    def __init__(self, request: m.Request | None, answer: Message | None = None) -> None:
        self.request: m.Request | None = request
        self.running: bool = False
        self.answer: Message | None = answer


class Line:
    """The requests of a session that are not answered yet, in order."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def full(self) -> bool:
        """Return whether no more requests should be read."""
        return len(self._places) >= MOST_WAITING

    def add(self, request: m.Request | None, answer: Message | None = None) -> Place:
        """Put a request at the end; one that could not be decoded has its reply at once."""
        place = Place(request, answer)
        self._places.append(place)
        return place

    def startable(self) -> Iterator[Place]:
        """Yield each request that may begin now; it counts as begun."""
        claimed: set[bytes] = set()
        read: set[bytes] = set()
        for place in [*self._places]:
            if place.answer is not None or place.request is None:
                continue
            handles, reads = _handles(place.request), isinstance(place.request, m.Read)
            taken = claimed if reads else claimed | read
            free = handles.isdisjoint(taken) if handles else not (claimed or read)
            if free and not place.running:
                place.running = True
                yield place
                if place.answer is not None:  # at once
                    continue
            if not handles:
                return
            (read if reads else claimed).update(handles)

    def answered(self) -> Iterator[Place]:
        """Remove and yield the first requests, as far as they have replies."""
        while self._places and self._places[0].answer is not None:
            yield self._places.popleft()

    def clear(self) -> None:
        """Forget every request."""
        self._places.clear()


def _handles(request: m.Request) -> frozenset[bytes]:
    """Return the handles that a request names; none if it names a path, or may do anything."""
    if isinstance(request, m.CopyData):
        return frozenset({request.source, request.target})
    handle: bytes | None = getattr(request, "handle", None)
    return frozenset() if handle is None else frozenset({handle})
