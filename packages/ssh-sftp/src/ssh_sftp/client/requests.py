"""The requests of one file, other than its blocks, counted while they have no reply."""

from __future__ import annotations

from collections.abc import Callable

from ssh_sftp.client.protocol import OnReply, Outcome, SFTPClientProtocol, Waiter, internal_error
from ssh_sftp.client.scheduler import Compute
from ssh_sftp.messages import Request, Status
from ssh_wire import Message

__all__ = ["FileRequests"]


class FileRequests:
    """Send the requests of one file.

    Attributes:
        waiting: how many have no reply yet, and how many computations are not done.
        settled: called after each reply, and after each computation.

    Args:
        protocol: the session.
        waiter: told if a callback raises.
        settled: called after each reply.
    """

    __slots__ = ("_protocol", "_waiter", "settled", "waiting")

    def __init__(
        self, protocol: SFTPClientProtocol, waiter: Waiter, settled: Callable[[], None]
    ) -> None:
        self._protocol = protocol
        self._waiter = waiter
        self.settled: Callable[[], None] = settled
        self.waiting: int = 0

    @property
    def next_id(self) -> int:
        """A number for the next request."""
        return self._protocol.next_id()

    def ask(
        self, request: Request, on_reply: OnReply, expected: type[Message] = Status, /
    ) -> None:
        """Send a request; the reply is a status, or of type `expected`."""

        def counted(outcome: Outcome) -> None:
            self.waiting -= 1
            on_reply(outcome)
            self.settled()

        self.waiting += 1
        self._protocol.submit(request, expected, counted, self._waiter)

    def compute(
        self,
        compute: Compute,
        work: Callable[[], bytes],
        done: Callable[[bytes | Exception], None],
    ) -> None:
        """Have some work done, which counts as a request until it is.

        Args:
            compute: does it.
            work: what is done.
            done: takes the result, or the exception that the work raised.
        """

        def counted(result: bytes | Exception) -> None:
            self.waiting -= 1
            try:
                done(result)
                self.settled()
            except Exception as error:  # noqa: BLE001 (every error of a file is reported)
                self._waiter.broken(internal_error(error))

        self.waiting += 1
        compute(work, counted)

    def ignore(self, request: Request) -> None:
        """Send a request whose reply does not matter."""
        self.ask(request, _ignore)


def _ignore(_outcome: Outcome) -> None:
    """Ignore a reply."""
