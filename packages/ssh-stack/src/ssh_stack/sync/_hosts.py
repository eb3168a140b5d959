"""`on_hosts` and `run_on_hosts` for blocking programs: the work is a function that blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ssh_stack.local.threads import run_in_thread
from ssh_stack.many import hosts as aio_hosts
from ssh_stack.many import run as aio_run
from ssh_stack.sync._blocking import Blocking, unwrap
from ssh_stack.sync._portal import portal
from ssh_stack.sync.connection import Connection

if TYPE_CHECKING:
    from typing import Unpack

    from ssh_connection import Completed
    from ssh_stack.client import connection as aio_connection
    from ssh_stack.many.results import HostResult, HostResults
    from ssh_stack.sync.connection import ClientOptionsKw

__all__ = ["HostRun", "OnHosts", "on_hosts", "run_on_hosts"]

T = TypeVar("T")


class HostRun(Blocking[aio_run.HostRun[Any]], Generic[T]):
    """Work on many hosts: gives the result of each as soon as there is one.

    `for result in run` gives them in the order of completion, `run.results()` those that were
    not given yet, by their hosts.  A host is begun when there is room for its result: whoever
    takes results slowly is not overrun.
    """

    @property
    def total(self) -> int:
        """How many hosts there are."""
        return self._wrapped.total

    @property
    def done(self) -> int:
        """How many hosts have a result."""
        return self._wrapped.done

    @property
    def failed(self) -> int:
        """How many of these have failed."""
        return self._wrapped.failed

    @property
    def running(self) -> tuple[str, ...]:
        """The hosts that are worked on now."""
        return self._portal.call(lambda: self._wrapped.running)

    def __iter__(self) -> Iterator[HostResult[T]]:
        return self

    def __next__(self) -> HostResult[T]:
        try:
            return self._portal.wait(self._wrapped.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def results(self) -> HostResults[T]:
        """Wait for all hosts; return the results that iteration has not given yet."""
        return self._portal.wait(self._wrapped.results)

    def close(self) -> None:
        """Cancel the work that goes on, which ends it at the hosts too, in bounded time."""
        self._portal.wait(self._wrapped.close)


class OnHosts(Blocking[aio_hosts.OnHosts[Any]], Generic[T]):
    """Work that begins on entry; leaving the scope ends what still goes on.

    `on_hosts(…).wait()` waits for all hosts and gives their results.
    """

    def wait(self) -> HostResults[T]:
        """Work on all hosts and return their results."""
        return self._portal.wait(self._wrapped.wait)

    def __enter__(self) -> HostRun[T]:
        return HostRun(self._portal, self._portal.wait(self._wrapped.__aenter__))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)


def on_hosts(
    hosts: Iterable[str],
    work: Callable[[Connection], T],
    *,
    at_once: int = 50,
    timeout: float | None = None,
    **options: Unpack[ClientOptionsKw],
) -> OnHosts[T]:
    """Do something on many hosts: connect to each, call `work` in a thread, disconnect.

    What goes wrong on one host is its result, and the others go on.

    Args:
        hosts: what `connect` takes as its host, each once.
        work: a function of a `Connection`, which is called in a thread of its own.  Once its
            time is over, its connection is closed, so that its next call raises.
        at_once: how many hosts are worked on at once.
        timeout: the most seconds of one host, from the start of its connection; None for no
            limit beyond the timeouts of the connection.
        options: the fields of `ClientOptions`, for every host.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an argument or an option has a value that cannot be used.
    """
    this = portal()

    async def call(conn: aio_connection.Connection) -> T:
        return await run_in_thread(lambda: work(Connection(this, conn)))

    given = _unwrapped(options)
    # a value that is not a function is refused where the asynchronous API does it
    given_work: Any = work
    wrapped: Any = call if callable(given_work) else given_work
    return OnHosts(
        this, aio_hosts.on_hosts(hosts, wrapped, at_once=at_once, timeout=timeout, **given)
    )


def run_on_hosts(
    hosts: Iterable[str],
    command: str,
    *,
    at_once: int = 50,
    timeout: float | None = None,
    max_output: int | None = None,
    on_result: Callable[[HostResult[Completed[str]]], object] | None = None,
    **options: Unpack[ClientOptionsKw],
) -> HostResults[Completed[str]]:
    """Run a command on many hosts; return what became of it on each.

    A command that fails is an error of its host: a `CommandFailed`, with its output.

    Args:
        hosts: what `connect` takes as its host, each once.
        command: the command line.
        at_once: how many hosts are worked on at once.
        timeout: the most seconds of one host, from the start of its connection.
        max_output: the most bytes of output to collect of one host; more is an error.
        on_result: takes each result as soon as there is one, in the thread of the event loop.
        options: the fields of `ClientOptions`, for every host.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an argument or an option has a value that cannot be used.
    """
    return portal().wait(
        aio_hosts.run_on_hosts,
        hosts,
        command,
        at_once=at_once,
        timeout=timeout,
        max_output=max_output,
        on_result=on_result,
        **_unwrapped(options),
    )


def _unwrapped(options: ClientOptionsKw) -> Any:  # noqa: ANN401 (those of the asynchronous API)
    return {name: unwrap(value) for name, value in options.items()}
