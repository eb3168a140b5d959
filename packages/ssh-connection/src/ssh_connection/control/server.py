"""The master's side of one control socket: hello, then requests with their descriptors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlViolation
from ssh_connection.control.framing import ControlReader, frame

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = ["MAX_DESCRIPTORS", "ControlServer"]

MAX_DESCRIPTORS: Final = 3
"""The most descriptors that a request takes."""


class ControlServer:
    """One client of a master, without its socket.

    The reader takes no further request while one is not answered; what arrives meanwhile is
    kept, so that whoever drives it should not read without bound.

    Attributes:
        hello: What is to be sent first.
    """

    hello: Final = frame(
        m.Hello(
            extensions=tuple(m.Extension(name=each, value=b"0") for each in (m.INFO, m.FORWARDS))
        )
    )

    def __init__(self) -> None:
        self._reader = ControlReader()
        self._descriptors: deque[int] = deque()
        self._greeted = False
        self._waiting: m.Request | None = None

    def receive(self, data: Buffer, descriptors: Iterable[int] = ()) -> None:
        """Take what arrived; descriptors in the order of the bytes that carried them."""
        self._reader.feed(data)
        self._descriptors.extend(descriptors)

    def next_request(self) -> tuple[m.Request, tuple[int, ...]] | None:
        """Return the next request with its descriptors; None while it has not arrived.

        The descriptors are the caller's to close.  A request of an unknown type is a plain
        `Request`.

        Raises:
            ControlViolation: the client broke a rule.
            WireError: a message is not what its number says.
        """
        while self._waiting is None:
            raw = self._reader.next()
            if raw is None:
                return None
            message = m.decode_client(raw)
            if self._greeted:
                self._waiting = self._request(message)
            else:
                self._greet(message)
        return self._with_descriptors(self._waiting)

    def unclaimed(self) -> tuple[int, ...]:
        """Return the descriptors that no request took: they are the caller's to close."""
        left = tuple(self._descriptors)
        self._descriptors.clear()
        return left

    def rest(self) -> bytes:
        """Return what arrived behind the last request: the beginning of the proxy mode."""
        return self._reader.rest()

    def _greet(self, message: m.ControlMessage) -> None:
        if not isinstance(message, m.Hello):
            problem = "a client began without Hello"
            raise ControlViolation(problem)
        if message.version != m.VERSION:
            problem = f"a client speaks version {message.version}, not {m.VERSION}"
            raise ControlViolation(problem)
        self._greeted = True

    def _request(self, message: m.ControlMessage) -> m.Request:
        if not isinstance(message, m.Request):
            problem = "a client sent Hello twice"
            raise ControlViolation(problem)
        return message

    def _with_descriptors(self, request: m.Request) -> tuple[m.Request, tuple[int, ...]] | None:
        """Return a request once its descriptors are there: each came with a byte of its own."""
        count = request.DESCRIPTORS
        if not self._reader.skip(count):
            return None
        if len(self._descriptors) < count:
            problem = "a client sent fewer descriptors than its request takes"
            raise ControlViolation(problem)
        self._waiting = None
        return request, tuple(self._descriptors.popleft() for _ in range(count))
