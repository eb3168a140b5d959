"""Many sessions for a long time, in which everything that may fail does.

By hand, for an hour: `python -m tests.adversary.soak 3600`; it prints a line of figures a minute.
"""

# ruff: noqa: S604 - the `shell` of a LocalShell is a path

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args

import attrs

import ssh_stack
from ssh_keys import PrivateKey
from ssh_stack import (
    AllowForwarding,
    AuthorizedKeys,
    Connection,
    KeepaliveOptions,
    LocalShell,
    MaxStartups,
    Rooted,
    Server,
    Timeouts,
)
from ssh_wire import SSHError
from tests.adversary.cancelling import open_files
from tests.adversary.relay import Fault, Relay, relaying

__all__ = ["Figures", "Soak", "soak"]

HOST_KEY = PrivateKey.generate("ed25519")
USER_KEY = PrivateKey.generate("ed25519")
HUNG: Final = 60.0
"""Seconds after which an operation counts as hung; all of them end in a few."""
CONTENT: Final = bytes(range(256)) * 1000

Work: TypeAlias = Callable[[Connection, Path], Awaitable[object]]


@attrs.define
class Figures:
    """What came of it."""

    done: Counter[str] = attrs.field(factory=Counter[str])
    """Operations that succeeded, by their names."""
    failed: Counter[str] = attrs.field(factory=Counter[str])
    """Errors that a fault explains, by their names."""
    unexpected: list[str] = attrs.field(factory=list[str])
    """Everything else that was raised, or reported to the event loop."""
    resident: list[int] = attrs.field(factory=list[int])
    """Bytes of the process that were in memory, between the rounds of sessions."""
    descriptors: list[int] = attrs.field(factory=list[int])
    """How many descriptors were open then."""

    def measure(self) -> None:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.resident.append(pages * os.sysconf("SC_PAGESIZE"))
        self.descriptors.append(len(open_files()))

    def __str__(self) -> str:
        return (
            f"{self.done.total()} done {dict(self.done)}, {self.failed.total()} failed "
            f"{dict(self.failed)}, unexpected {self.unexpected}, resident MiB "
            f"{[round(each / 1024**2, 1) for each in (self.resident[:1] + self.resident[-1:])]}, "
            f"descriptors {self.descriptors[:1] + self.descriptors[-1:]}"
        )


async def run(conn: Connection, _folder: Path) -> None:
    assert (await conn.run("cat", input=CONTENT, check=True)).stdout == CONTENT


async def fail(conn: Connection, _folder: Path) -> None:
    assert (await conn.run("echo x; exit 3")).exit_status == 3


async def time_out(conn: Connection, _folder: Path) -> None:
    try:
        await conn.run("exec sleep 600", timeout=0.05)
    except ssh_stack.SSHTimeout:
        return
    raise AssertionError


async def talk(conn: Connection, _folder: Path) -> None:
    async with conn.start("cat") as process:
        await process.stdin.write(b"line\n")
        assert await process.stdout.readline() == b"line\n"


async def fetch(conn: Connection, folder: Path) -> None:
    async with conn.sftp() as sftp:
        assert await sftp.read_bytes("/file") == CONTENT
        await sftp.get("/file", folder / f"got-{id(sftp)}")
        (folder / f"got-{id(sftp)}").unlink()


async def send(conn: Connection, folder: Path) -> None:
    async with conn.sftp() as sftp:
        name = f"/put-{id(sftp)}"
        await sftp.put(folder / "file", name)
        await sftp.remove(name)


async def forward(conn: Connection, _folder: Path) -> None:
    async with conn.forward_local("127.0.0.1:0", f"127.0.0.1:{conn.port}") as opened:
        reader, writer = await asyncio.open_connection(opened.host, opened.port)
        try:
            await reader.readline()
        finally:
            writer.close()


async def rekey(conn: Connection, _folder: Path) -> None:
    conn.rekey()
    await conn.ping()


WORKS: Final[tuple[Work, ...]] = (run, fail, time_out, talk, fetch, send, forward, rekey)


@attrs.define
class Soak:
    """One soak.

    Attributes:
        sessions: how many there are at a time.
        seconds: how long new ones are begun.
        seed: of what is chosen at random.
    """

    sessions: int
    seconds: float
    seed: int = 0
    figures: Figures = attrs.field(factory=Figures)

    async def conduct(self, report: Callable[[Figures], None] = lambda _: None) -> Figures:
        """Run until the time is up, and everything that was begun has ended."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: self.figures.unexpected.append(str(about)))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "file").write_bytes(CONTENT)
            async with _serving(folder) as server:
                await self._round(server, folder, loop.time() + min(180.0, self.seconds / 3))
                self.figures.measure()  # what is made once is there
                end = loop.time() + self.seconds
                while loop.time() < end:
                    await self._round(server, folder, min(end, loop.time() + 60))
                    self.figures.measure()
                    report(self.figures)
        await asyncio.sleep(0.1)
        gc.collect()
        return self.figures

    async def _round(self, server: Server, folder: Path, end: float) -> None:
        async def session(number: int) -> None:
            chosen = random.Random(f"{self.seed} {number} {end}")  # noqa: S311 (nothing secret)
            while asyncio.get_running_loop().time() < end:
                await self._session(server, folder, chosen)

        await asyncio.gather(*(session(number) for number in range(self.sessions)))

    async def _session(self, server: Server, folder: Path, chosen: random.Random) -> None:
        fault: Fault = chosen.choice(get_args(Fault))
        relay = Relay(server.port, fault)
        if chosen.random() < 0.2:
            relay.after = chosen.choice([0, 10, 400, 1500, 3000, 5000, 20_000, 300_000])
        try:
            async with relaying(relay), _connecting(relay) as connection:
                for _ in range(chosen.randrange(1, 8)):
                    await self._work(connection, folder, chosen)
        except (OSError, SSHError) as error:
            self._failed(error, relay)

    async def _work(self, connection: Connection, folder: Path, chosen: random.Random) -> None:
        work = chosen.choice(WORKS)
        cancelled = chosen.random() < 0.2
        running = asyncio.ensure_future(work(connection, folder))
        await asyncio.wait([running], timeout=chosen.random() * 0.05 if cancelled else HUNG)
        if not running.done():
            running.cancel()
            await asyncio.wait([running], timeout=HUNG)
            if not running.done() or not cancelled:
                self.figures.unexpected.append(f"{_name(work)} hung")
        if running.cancelled():
            self.figures.failed["cancelled"] += 1
        else:
            running.result()
            self.figures.done[_name(work)] += 1

    def _failed(self, error: Exception, relay: Relay) -> None:
        if relay.failed.is_set():
            self.figures.failed[type(error).__name__] += 1
        else:
            self.figures.unexpected.append(repr(error))


def _name(work: Work) -> str:
    return str(getattr(work, "__name__", work))


@asynccontextmanager
async def _serving(folder: Path) -> AsyncGenerator[Server]:
    async with ssh_stack.serve(
        "127.0.0.1",
        0,
        host_keys=[HOST_KEY],
        auth=AuthorizedKeys([USER_KEY.public_key], users=["me"]),
        session=LocalShell(shell="/bin/sh", grace=0.2),
        sftp=Rooted(folder),
        forwarding=AllowForwarding(),
        max_startups=MaxStartups(start=1000, full=1000, per_source=1000),
        penalties=None,
        keepalive=KeepaliveOptions(interval=1.0, count_max=5),
        login_grace=10.0,
    ) as server:
        yield server


def _connecting(relay: Relay) -> ssh_stack.Connect:
    options: dict[str, Any] = {"agent": None, "config": None}
    key = HOST_KEY.public_key.to_openssh()
    return ssh_stack.connect(
        "127.0.0.1",
        relay.port,
        username="me",
        keys=[USER_KEY],
        known_hosts=f"[127.0.0.1]:{relay.port} {key}".encode(),
        timeouts=Timeouts(connect=10.0, handshake=10.0, auth=10.0, close=2.0),
        keepalive=KeepaliveOptions(interval=1.0, count_max=5),
        **options,
    )


def soak(sessions: int, seconds: float, seed: int = 0) -> Figures:
    """Conduct a soak in an event loop of its own."""
    return asyncio.run(Soak(sessions, seconds, seed).conduct())


def main() -> None:
    """Conduct one for as long as the first argument says, and print its figures."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    conducting = Soak(50, seconds).conduct(lambda figures: print(figures, flush=True))
    figures = asyncio.run(conducting)
    print(figures)
    sys.exit(1 if figures.unexpected else 0)


if __name__ == "__main__":
    main()
