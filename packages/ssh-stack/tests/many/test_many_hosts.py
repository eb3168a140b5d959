"""Many hosts are worked on so many at once; each failure is one host's, and nothing is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import ssh_stack
from loopback_server import HOST_KEY, USER_KEY, LoopbackServer, serving
from ssh_stack import (
    CommandFailed,
    ConnectFailed,
    Connection,
    MaxStartups,
    OutputTooLarge,
    SSHError,
    SSHTimeout,
    UnknownOption,
    UsageError,
    on_hosts,
    run_on_hosts,
    sync,
)
from ssh_stack.testing import SSHServer

NAMES = [f"web{n}" for n in range(12)]


@asynccontextmanager
async def park(folder: Path) -> AsyncGenerator[tuple[LoopbackServer, dict[str, Any]]]:
    """A server that all names but `gone` lead to; leaves nothing behind."""
    startups = MaxStartups(start=100, full=100, per_source=100)
    async with serving(max_startups=startups) as here:
        config = folder / "config"
        config.write_text(
            "Host gone\n  HostName 127.0.0.1\n  Port 1\n"
            f"Host *\n  HostName 127.0.0.1\n  Port {here.server.port}\n  User me\n"
        )
        known = f"* {HOST_KEY.public_key.to_openssh()}"
        options: dict[str, Any] = {"config": config, "keys": [USER_KEY], "agent": None}
        yield here, {**options, "known_hosts": known.encode()}


async def host_of(conn: Connection) -> str:
    return (await conn.run(f"echo {conn.host}", text=True, check=True)).stdout.strip()


async def test_results_come_from_every_host_in_their_order(tmp_path: Path) -> None:
    async with park(tmp_path) as (_, options):
        results = await on_hosts(NAMES, host_of, at_once=4, **options)

    assert results.succeeded == {name: name for name in NAMES}
    assert list(results) == NAMES
    assert all(each.duration > 0 for each in results.values())


async def test_no_more_hosts_than_wanted_are_worked_on_at_once(tmp_path: Path) -> None:
    most = 0

    async def work(conn: Connection) -> None:
        nonlocal most
        most = max(most, len(here.server.connections))
        await conn.run("true")

    async with (
        park(tmp_path) as (here, options),
        on_hosts(NAMES, work, at_once=3, **options) as run,
    ):
        async for _ in run:
            assert len(run.running) <= 3

    assert 1 < most <= 6  # a server may see the next connection before the end of the last


async def test_failures_are_results_and_the_others_go_on(tmp_path: Path) -> None:
    async def work(conn: Connection) -> int:
        match conn.host:
            case "bug":
                return int("not a number")
            case "slow":
                await conn.run("sleep 60")
            case "quitter":
                raise asyncio.CancelledError
            case _:
                pass
        return 1

    hosts = ["gone", "bug", "slow", "quitter", "good", "a b"]
    async with park(tmp_path) as (_, options):
        results = await on_hosts(hosts, work, timeout=2, **options)

    kinds = {host: type(error) for host, error in results.failed.items()}
    assert issubclass(kinds.pop("gone"), ConnectFailed)
    assert kinds == {"bug": ValueError, "slow": SSHTimeout, "quitter": SSHError, "a b": UsageError}
    assert "while working on slow" in str(results["slow"].error)
    assert results.succeeded == {"good": 1}


async def test_results_are_given_in_the_order_of_completion(tmp_path: Path) -> None:
    async with park(tmp_path) as (_, options):
        first = asyncio.Event()

        async def work(conn: Connection) -> None:
            if conn.host == "web0":
                await first.wait()

        async with on_hosts(["web0", "web1"], work, **options) as run:
            assert (run.total, run.done, run.failed) == (2, 0, 0)
            assert (await anext(run)).host == "web1"
            assert (run.done, run.running) == (1, ("web0",))
            first.set()
            assert (await anext(run)).host == "web0"
            assert (run.done, run.failed, run.running) == (2, 0, ())
            with pytest.raises(StopAsyncIteration):
                await anext(run)


async def test_results_that_were_not_given_are_collected(tmp_path: Path) -> None:
    async with park(tmp_path) as (_, options), on_hosts(NAMES, host_of, **options) as run:
        given = (await anext(run)).host
        rest = await run.results()

    assert list(rest) == [name for name in NAMES if name != given]


async def test_hosts_are_begun_no_faster_than_results_are_taken(tmp_path: Path) -> None:
    async with (
        park(tmp_path) as (_, options),
        on_hosts(NAMES, host_of, at_once=2, **options) as run,
    ):
        taken = await anext(run)
        assert taken.ok
        while run.running or run.done < 5:  # noqa: ASYNC110 (no event tells of what does not happen)
            await asyncio.sleep(0)
        assert run.done == 5  # one taken, two kept, one in the hand of each worker


async def test_scope_that_ends_early_ends_the_work_at_the_hosts(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def work(conn: Connection) -> None:
        async with conn.start("echo ready; exec sleep 600") as process:
            await process.stdout.readline()
            begun.set()
            await process.wait()

    async with park(tmp_path) as (here, options):
        async with on_hosts(NAMES, work, at_once=3, **options) as run:
            await begun.wait()
        assert run.running == ()
        with pytest.raises(StopAsyncIteration):
            await anext(run)
        for connection in here.server.connections:
            await connection.wait_closed()


async def test_reader_is_woken_by_the_end_of_the_scope(tmp_path: Path) -> None:
    async def work(conn: Connection) -> None:
        await conn.run("sleep 600")

    async with park(tmp_path) as (_, options):
        async with on_hosts(["web0"], work, **options) as run:
            readers = [asyncio.ensure_future(run.results()) for _ in range(2)]
            readers.append(asyncio.ensure_future(run.results()))
            await asyncio.sleep(0)
        for reader in readers:
            assert len(await reader) == 0


async def test_cancelled_wait_leaves_the_result_to_the_next(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def work(_conn: Connection) -> None:
        await go.wait()

    async with park(tmp_path) as (_, options), on_hosts(["web0"], work, **options) as run:
        waiting = asyncio.ensure_future(anext(run))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go.set()
        assert (await anext(run)).ok


async def test_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def work(conn: Connection) -> None:
        begun.set()
        await conn.run("sleep 600")

    async with park(tmp_path) as (_, options):
        running = asyncio.ensure_future(on_hosts(NAMES, work, **options).wait())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_no_hosts_have_no_results() -> None:
    assert len(await on_hosts([], host_of)) == 0


# ------------------------------------------------------------- a command


async def test_command_runs_on_every_host(tmp_path: Path) -> None:
    told: list[str] = []
    async with park(tmp_path) as (_, options):
        results = await run_on_hosts(
            iter(NAMES), "echo here", on_result=lambda each: told.append(each.host), **options
        )

    assert {each.get().stdout for each in results.values()} == {"here\n"}
    assert list(results) == NAMES
    assert sorted(told) == sorted(NAMES)


async def test_command_that_fails_is_an_error_with_its_output(tmp_path: Path) -> None:
    async with park(tmp_path) as (_, options):
        results = await run_on_hosts(["web1"], "echo half; exit 3", **options)
        [large] = (await run_on_hosts(["web1"], "yes", max_output=9, **options)).values()

    error = results["web1"].error
    assert isinstance(error, CommandFailed)
    assert (error.completed.stdout, error.completed.exit_status) == ("half\n", 3)
    assert isinstance(large.error, OutputTooLarge)


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"hosts": "web1"}, UsageError, "list of hosts"),
        ({"hosts": [1]}, UsageError, "list of hosts"),
        ({"hosts": ["web1", "web2", "web1"]}, UsageError, "web1 more than once"),
        ({"work": "uptime"}, UsageError, "async function"),
        ({"at_once": 0}, UsageError, "at_once"),
        ({"at_once": 2.5}, UsageError, "at_once"),
        ({"at_once": True}, UsageError, "at_once"),
        ({"timeout": 0}, UsageError, "timeout"),
        ({"usernam": "me"}, UnknownOption, "username"),
        ({"keepalive": 3}, UsageError, "keepalive"),
    ],
)
@pytest.mark.parametrize("api", [ssh_stack, sync], ids=["async", "blocking"])
def test_argument_that_cannot_be_used_is_refused_at_once(
    api: Any, arguments: dict[str, Any], kind: type[Exception], text: str
) -> None:
    given: dict[str, Any] = {"hosts": ["web1"], "work": host_of, **arguments}
    with pytest.raises(kind, match=text):
        api.on_hosts(given.pop("hosts"), given.pop("work"), **given)


# ------------------------------------------------------------- blocking


@pytest.fixture
def hosts(tmp_path: Path) -> Generator[dict[str, Any]]:
    """Options with which every name leads to a server for tests, which runs no commands."""
    with SSHServer(tmp_path) as server:
        server.answer("uptime", "up 3 days")
        server.answer("false", status=1)
        config = tmp_path / "all"
        text = server.config.read_text().replace("Host test-server", "Host *")
        config.write_text(f"{text}  HostKeyAlias [127.0.0.1]:{server.port}\n")
        yield {"config": config, "agent": None}


def test_blocking_function_is_called_in_a_thread_for_each_host(hosts: dict[str, Any]) -> None:
    threads: set[str] = set()

    def work(conn: sync.Connection) -> str:
        threads.add(threading.current_thread().name)
        return conn.host + conn.run("uptime", text=True, check=True).stdout

    results = sync.on_hosts(NAMES, work, at_once=3, **hosts).wait()

    assert results.succeeded == {name: f"{name}up 3 days" for name in NAMES}
    assert "ssh_stack.sync" not in threads


def test_blocking_results_are_given_as_they_come(hosts: dict[str, Any]) -> None:
    def work(conn: sync.Connection) -> None:
        conn.run("false" if conn.host == "web1" else "uptime", check=True)

    with sync.on_hosts(NAMES, work, at_once=3, **hosts) as run:
        assert run.total == len(NAMES)
        first = next(run)
        rest = list(run)
        assert (run.done, run.failed, run.running) == (len(NAMES), 1, ())
        assert len(run.results()) == 0

    assert sorted(each.host for each in (first, *rest)) == sorted(NAMES)
    assert [each.host for each in (first, *rest) if not each.ok] == ["web1"]


def test_blocking_command_runs_on_every_host(hosts: dict[str, Any]) -> None:
    told: list[str] = []

    results = sync.run_on_hosts(
        NAMES, "uptime", on_result=lambda each: told.append(each.host), **hosts
    )

    assert {each.get().stdout for each in results.check().values()} == {"up 3 days"}
    assert sorted(told) == sorted(NAMES)


def test_blocking_scope_that_ends_early_closes_the_connections(hosts: dict[str, Any]) -> None:
    begun, ended = threading.Semaphore(0), threading.Semaphore(0)

    def work(conn: sync.Connection) -> None:
        begun.release()
        try:
            conn.wait_closed()
        finally:
            ended.release()

    with sync.on_hosts(["web1"], work, **hosts) as run:
        assert begun.acquire(timeout=30)
        assert run.running == ("web1",)
    assert ended.acquire(timeout=30)
    run.close()  # twice is once
