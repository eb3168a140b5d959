"""One test body, two drivers: the asynchronous API, and the blocking one behind its interface.

A body is an async function of an `Api`.  The asynchronous driver runs it in an event loop.  The
blocking driver gives it objects of `ssh_stack.sync` in the dress of the asynchronous ones: what is
awaited has been done by the blocking call before.  So its coroutine never suspends, and no event
loop runs in its thread.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import attrs

import ssh_stack
from ssh_stack import (
    Completed,
    Connect,
    Connection,
    HostResults,
    ReverseListener,
    Scope,
    Serve,
    sync,
)
from ssh_stack.sync._blocking import Blocking, unwrap
from ssh_stack.testing import SSHServer

T = TypeVar("T")
P = ParamSpec("P")

Body: TypeAlias = "Callable[[Api], Awaitable[None]]"
Used: TypeAlias = set[tuple[str, str]]
"""Names of classes, and of their members that bodies have used through the blocking API."""


class Api:
    """What a body drives: `connect`, `serve`, and the server that is there."""

    def __init__(self, server: SSHServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        """An empty folder of this machine."""

    def connect(self, **options: Any) -> Connect:
        """Connect to the server, as its options say or these."""
        return self.connect_to(self.server.host, self.server.port, **options)

    def connect_to(self, host: str, port: int | None, **options: Any) -> Connect:
        """Connect to another server, with the same options."""
        given: dict[str, Any] = {**self.server.login, **options}
        return ssh_stack.connect(host, port, **given)

    def serve(self, *address: Any, **options: Any) -> Serve:
        """Start another server."""
        return ssh_stack.serve(*address, **options)

    def listen_reverse(self, *address: Any, **options: Any) -> Scope[ReverseListener]:
        """Listen for servers."""
        given: dict[str, Any] = {**self.server.login, **options}
        return ssh_stack.listen_reverse(*address, **given)

    async def run_on_hosts(self, *what: Any, **options: Any) -> HostResults[Completed[str]]:
        """Run a command on many hosts."""
        return await ssh_stack.run_on_hosts(*what, **options)

    async def together(self, *bodies: Coroutine[Any, Any, T]) -> list[T]:
        """Do several things at once: in tasks, or in threads."""
        return await asyncio.gather(*bodies)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that blocks."""
        return await asyncio.to_thread(function, *args, **kwargs)


class BlockingApi(Api):
    """The same for the blocking API."""

    def __init__(self, server: SSHServer, folder: Path, used: Used) -> None:
        super().__init__(server, folder)
        self._used = used

    def connect_to(self, host: str, port: int | None, **options: Any) -> Connect:
        given: dict[str, Any] = {**self.server.login, **options}
        return cast("Connect", dressed(sync.connect(host, port, **_undressed(given)), self._used))

    def serve(self, *address: Any, **options: Any) -> Serve:
        return cast("Serve", dressed(sync.serve(*address, **options), self._used))

    def listen_reverse(self, *address: Any, **options: Any) -> Scope[ReverseListener]:
        given: dict[str, Any] = {**self.server.login, **options}
        return cast(
            "Scope[ReverseListener]", dressed(sync.listen_reverse(*address, **given), self._used)
        )

    async def run_on_hosts(self, *what: Any, **options: Any) -> HostResults[Completed[str]]:
        return sync.run_on_hosts(*what, **options)

    async def together(self, *bodies: Coroutine[Any, Any, T]) -> list[T]:
        with ThreadPoolExecutor(len(bodies)) as threads:
            started = [threads.submit(run_to_the_end, body) for body in bodies]
            return [each.result() for each in started]

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)


@attrs.frozen
class Driver:
    """Runs a body through one of the two APIs."""

    name: str
    used: Used = attrs.field(factory=set[tuple[str, str]])

    def run(self, body: Body, server: SSHServer, folder: Path) -> None:
        if self.name == "async":
            asyncio.run(_coroutine(body, Api(server, folder)))
        else:
            run_to_the_end(_coroutine(body, BlockingApi(server, folder, self.used)))


async def _coroutine(body: Body, api: Api) -> None:
    await body(api)


def connected(body: Callable[[Connection], Awaitable[None]]) -> Body:
    """Make a body of a function that needs a connection alone."""

    async def with_connection(api: Api) -> None:
        async with api.connect() as conn:
            await body(conn)

    with_connection.__name__ = body.__name__
    return with_connection


def run_to_the_end(body: Coroutine[Any, Any, T]) -> T:
    """Run what never suspends."""
    try:
        body.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    body.close()
    problem = "a body was to wait although it has blocking objects"
    raise AssertionError(problem)


# ------------------------------------------------------------- the dress


def dressed(value: object, used: Used) -> Any:
    """Put blocking objects into the dress of asynchronous ones."""
    if isinstance(value, Blocking):
        return Dressed(cast("Blocking[object]", value), used)
    if isinstance(value, Iterator):
        return _Items(cast("Iterator[object]", value), used)
    if isinstance(value, tuple | list):
        items = [dressed(each, used) for each in cast("tuple[object, ...]", value)]
        return items if isinstance(value, list) else tuple(items)
    return value


def _undressed(value: object) -> Any:
    if isinstance(value, Dressed):
        return value.blocking
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {name: _undressed(each) for name, each in items}
    return value


class Dressed:
    """A blocking object, with the interface of the asynchronous one."""

    def __init__(self, blocking: Blocking[object], used: Used) -> None:
        self.blocking = blocking
        self._used = used

    def __getattr__(self, name: str) -> Any:
        self._used.add((type(self.blocking).__name__, name))
        value = getattr(self.blocking, name)
        if not callable(value):
            return dressed(value, self._used)
        kind = cast("type[object]", type(unwrap(self.blocking)))
        if inspect.iscoroutinefunction(getattr(kind, name, None)):
            return self._awaited(value)
        return partial(self._call, value)

    def _call(self, method: Callable[..., object], *args: object, **kwargs: object) -> Any:
        given = [_undressed(each) for each in args]
        return dressed(method(*given, **_undressed(kwargs)), self._used)

    def _awaited(self, method: Callable[..., object]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: object, **kwargs: object) -> Any:
            return self._call(method, *args, **kwargs)

        return call

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from ()
        opening = cast("Any", self.blocking)
        return dressed(opening.open(), self._used)

    async def __aenter__(self) -> Any:
        return dressed(cast("Any", self.blocking).__enter__(), self._used)

    async def __aexit__(self, *error: object) -> None:
        cast("Any", self.blocking).__exit__(*error)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _Items(iter(cast("Any", self.blocking)), self._used)

    def __truediv__(self, name: str) -> Any:
        return dressed(cast("Any", self.blocking) / name, self._used)

    def __str__(self) -> str:
        return str(self.blocking)

    def __eq__(self, other: object) -> bool:
        return bool(self.blocking == _undressed(other))

    def __hash__(self) -> int:
        return hash(self.blocking)


class _Items(AsyncIterator[Any]):
    """What a blocking iterator gives, for `async for`."""

    def __init__(self, items: Iterator[object], used: Used) -> None:
        self._items = items
        self._used = used

    async def __anext__(self) -> Any:
        for item in self._items:
            return dressed(item, self._used)
        raise StopAsyncIteration
