"""Each way in which a server is not reached has an error of its own: real sockets and programs."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest

import ssh_stack
from ssh_stack import sync
from ssh_stack.client import tcp
from ssh_stack.errors import connect_failure

REFUSED, TIMED_OUT = errno.ECONNREFUSED, errno.ETIMEDOUT
NO_WAY, NO_NET = errno.EHOSTUNREACH, errno.ENETUNREACH


def failing(*numbers: int) -> list[OSError]:
    return [OSError(each, "why", f"192.0.2.{i}") for i, each in enumerate(numbers)]


KINDS: list[tuple[tuple[int, ...], type[ssh_stack.ConnectFailed]]] = [
    ((REFUSED,), ssh_stack.ConnectRefused),
    ((REFUSED, REFUSED), ssh_stack.ConnectRefused),
    ((NO_NET, REFUSED), ssh_stack.ConnectRefused),  # IPv6 without a route
    ((NO_WAY,), ssh_stack.HostUnreachable),
    ((NO_WAY, NO_NET), ssh_stack.HostUnreachable),
    ((TIMED_OUT,), ssh_stack.ConnectTimedOut),
    ((NO_NET, TIMED_OUT), ssh_stack.ConnectTimedOut),
    ((REFUSED, TIMED_OUT), ssh_stack.ConnectFailed),
    ((errno.EADDRNOTAVAIL,), ssh_stack.ConnectFailed),
    ((), ssh_stack.ConnectFailed),
]


@pytest.mark.parametrize(("numbers", "kind"), KINDS)
def test_failures_of_the_addresses_decide_the_kind(
    numbers: tuple[int, ...], kind: type[ssh_stack.ConnectFailed]
) -> None:
    failures = failing(*numbers)

    error = connect_failure("web1", 22, failures, 3.0)

    assert type(error) is kind
    assert isinstance(error, ConnectionError)
    assert error.failures == tuple(failures)
    if numbers:
        assert error.errno == [*(n for n in numbers if n not in {NO_NET, NO_WAY}), numbers[0]][0]


def test_timeout_of_connecting_is_a_timeout_as_others_are() -> None:
    error = connect_failure("web1", 22, failing(TIMED_OUT), 3.0)

    assert isinstance(error, ssh_stack.SSHTimeout)
    assert isinstance(error, TimeoutError)
    assert (error.name, error.seconds, error.completed) == ("connect", 3.0, None)
    assert str(error) == "connect to host web1 port 22: why (192.0.2.0)"


# ---------------------------------------------------------------- with sockets


def never() -> asyncio.Future[socket.socket]:
    return asyncio.get_running_loop().create_future()


def options(**more: Any) -> Any:
    return {"known_hosts": None, "config": None, "agent": None, "keys": None, **more}


@asynccontextmanager
async def serving(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> AsyncGenerator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_silent_address_times_out_by_the_timeout_of_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(*_: object) -> socket.socket:
        return await never()

    monkeypatch.setattr(tcp, "_attempt", silent)
    given = options(timeouts=ssh_stack.Timeouts(connect=0.05))
    with pytest.raises(ssh_stack.ConnectTimedOut) as caught:
        async with ssh_stack.connect("127.0.0.1", 22, **given):
            pass
    assert str(caught.value) == "connect to host 127.0.0.1 port 22: timed out after 0.05 s"
    assert caught.value.errno == TIMED_OUT
    assert await asyncio.to_thread(_blocking_kind, 22, given) is ssh_stack.ConnectTimedOut


def _blocking_kind(port: int, given: Any) -> type[BaseException] | None:
    try:
        with sync.connect("127.0.0.1", port, **given):
            return None
    except ssh_stack.SSHError as error:
        return type(error)


async def test_timeout_tells_what_became_of_the_other_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(candidate: Any, _: object) -> socket.socket:
        if candidate[1][0] == "127.0.0.2":
            raise OSError(REFUSED, "Connection refused", "127.0.0.2")
        return await never()

    async def resolve(*_: object) -> list[Any]:
        return [(socket.AF_INET, (each, 22)) for each in ("127.0.0.2", "127.0.0.3")]

    monkeypatch.setattr(tcp, "_attempt", silent)
    monkeypatch.setattr(tcp, "_resolve", resolve)
    with pytest.raises(ssh_stack.ConnectTimedOut) as caught:
        async with ssh_stack.connect("web1", **options(timeouts=ssh_stack.Timeouts(connect=0.05))):
            pass
    told = "connect to host web1 port 22: Connection refused (127.0.0.2); timed out after 0.05 s"
    assert str(caught.value) == told


async def test_server_that_closes_at_once_has_what_it_sent() -> None:
    async with serving(lambda _, writer: writer.write(b"Exceeded MaxStartups\r\n")) as port:
        with pytest.raises(ssh_stack.ClosedBeforeIdentification) as caught:
            async with ssh_stack.connect("127.0.0.1", port, **options()):
                pass
    assert caught.value.received == ("Exceeded MaxStartups",)
    assert str(caught.value).endswith("identified itself; it sent 'Exceeded MaxStartups'")


async def test_server_that_resets_at_once_is_told_from_one_that_closes() -> None:
    def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with serving(reset) as port:
        with pytest.raises(ssh_stack.ClosedBeforeIdentification, match="reset the connection"):
            async with ssh_stack.connect("127.0.0.1", port, **options()):
                pass


@pytest.mark.parametrize(
    "sent", [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 700, b"SSH-1.5-old\r\n", b"x" * 20_000]
)
async def test_program_that_is_no_ssh_server_is_told_so(sent: bytes) -> None:
    hold = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ssh_stack.IdentificationError) as caught:
            async with ssh_stack.connect("127.0.0.1", port, **options()):
                pass
        hold.set()
    assert not isinstance(caught.value, ssh_stack.ClosedBeforeIdentification)


async def test_proxy_that_dies_is_told_with_its_last_words() -> None:
    script = "import sys; sys.stderr.write('no route\\n'); sys.exit(3)"
    given = options(proxy_command=[sys.executable, "-c", script])
    with pytest.raises(ssh_stack.ProxyFailed) as caught:
        async with ssh_stack.connect("web1", **given):
            pass
    assert caught.value.stderr == "no route"
    assert str(caught.value).endswith("ended with status 3: no route")


async def test_nothing_that_listens_is_a_refusal() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(ssh_stack.ConnectRefused):
        async with ssh_stack.connect("127.0.0.1", port, **options()):
            pass
    assert await asyncio.to_thread(_blocking_kind, port, options()) is ssh_stack.ConnectRefused
