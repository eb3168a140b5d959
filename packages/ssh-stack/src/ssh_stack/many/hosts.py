"""`on_hosts` and `run_on_hosts`: the same on many hosts, so many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from ssh_connection.aio.scope import Openable
from ssh_stack.arguments import is_number
from ssh_stack.client.connecting import connect
from ssh_stack.many.results import HostResult, HostResults
from ssh_stack.many.run import FanOut, HostRun
from ssh_wire import UsageError
from ssh_wire.aio import close_after

if TYPE_CHECKING:
    from ssh_connection import Completed
    from ssh_stack.client.connection import Connection
    from ssh_stack.client.option_arguments import ClientOptionsKw

__all__ = ["OnHosts", "on_hosts", "run_on_hosts"]

T = TypeVar("T")


class OnHosts(Openable, Generic[T], usage="async with ssh_stack.on_hosts(…) as run"):
    """Work that begins on entry; leaving the scope ends what still goes on.

    `await on_hosts(…)` waits for all hosts and gives their results.
    """

    def __init__(self, plan: FanOut[T]) -> None:
        self._plan = plan
        self._run: HostRun[T] | None = None

    async def wait(self) -> HostResults[T]:
        """Work on all hosts and return their results."""
        async with self as run:
            return await run.results()

    def __await__(self) -> Generator[Any, Any, HostResults[T]]:
        return self.wait().__await__()

    async def __aenter__(self) -> HostRun[T]:
        self._run = HostRun(self._plan)
        return self._run

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run, self._run = self._run, None
        if run is not None:
            await close_after(error, run.close)


def on_hosts(
    hosts: Iterable[str],
    work: Callable[[Connection], Awaitable[T]],
    *,
    at_once: int = 50,
    timeout: float | None = None,
    **options: Unpack[ClientOptionsKw],
) -> OnHosts[T]:
    """Do something on many hosts: connect to each, call `work`, disconnect.

    What goes wrong on one host is its result, and the others go on.

    Args:
        hosts: what `connect` takes as its host, each once.
        work: an async function of a `Connection`.
        at_once: how many hosts are worked on at once.
        timeout: the most seconds of one host, from the start of its connection; None for no
            limit beyond the timeouts of the connection.
        options: the fields of `ClientOptions`, for every host.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an argument or an option has a value that cannot be used.
    """
    if not callable(work):
        problem = "work is an async function of a Connection"
        raise UsageError(problem)
    if not _is_count(at_once):
        problem = f"at_once is a number of hosts, 1 or more, not {at_once!r}"
        raise UsageError(problem)
    if timeout is not None and not is_number(timeout):
        problem = f"timeout is seconds, more than 0, or None, not {timeout!r}"
        raise UsageError(problem)
    names = _host_names(hosts)
    connect("host", None, **options)  # refuses options that fit no host
    return OnHosts(
        FanOut(names, lambda host: connect(host, None, **options), work, at_once, timeout)
    )


async def run_on_hosts(
    hosts: Iterable[str],
    command: str,
    *,
    at_once: int = 50,
    timeout: float | None = None,  # noqa: ASYNC109 (of each host, not of all)
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
        on_result: takes each result as soon as there is one.
        options: the fields of `ClientOptions`, for every host.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an argument or an option has a value that cannot be used.
    """

    async def work(conn: Connection) -> Completed[str]:
        return await conn.run(command, text=True, check=True, max_output=max_output)

    names = _host_names(hosts)
    found: dict[str, HostResult[Completed[str]]] = {}
    async with on_hosts(names, work, at_once=at_once, timeout=timeout, **options) as run:
        async for result in run:
            found[result.host] = result
            if on_result is not None:
                on_result(result)
    return HostResults({host: found[host] for host in names})


def _is_count(value: object) -> bool:
    return isinstance(value, int) and is_number(value)


def _host_names(hosts: Iterable[str]) -> list[str]:
    names = [] if isinstance(hosts, str) else list(hosts)
    if isinstance(hosts, str) or not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        problem = "hosts is a list of hosts, each as text"
        raise UsageError(problem)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            problem = f"hosts has {name} more than once"
            raise UsageError(problem)
        seen.add(name)
    return names
