"""What the demonstration does, step by step; each step gives its findings."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_auth import AuthenticationFailed
from ssh_keys import PrivateKey
from ssh_keys.trust import format_host_line
from ssh_sftp.aio import Rooted
from ssh_stack.cli.errors import explain
from ssh_stack.client.connecting import Connect, connect
from ssh_stack.errors import HostKeyChanged
from ssh_stack.local.user import local_user
from ssh_stack.server.authorization import AuthorizedKeys
from ssh_stack.server.forwarding import AllowForwarding
from ssh_stack.server.serving import serve
from ssh_stack.server.shell import LocalShell
from ssh_wire import SSHError, lazy_attrs
from ssh_wire.aio import timeout

if TYPE_CHECKING:
    from ssh_stack.client.connection import Connection

__all__ = ["Demonstration", "Finding", "compare_bytes", "compare_trees"]

_HOST: Final = "127.0.0.1"
_MIB: Final = 1024 * 1024
_EXEC_SIZE: Final = 16 * _MIB
_FILE_SIZE: Final = 32 * _MIB
_FORWARD_SIZE: Final = 8 * _MIB
_SMALL_FILES: Final = 200
_STEP_SECONDS: Final = 60.0
_STATUS: Final = 7
_PRINTED: Final = 16  # bytes of a difference


@lazy_attrs.frozen
class Finding:
    """One thing that was tried."""

    what: str
    """What it was."""
    matched: bool
    """Whether all was as it should be."""
    figures: str = ""
    """How fast it was, or what was found; only where it matched."""
    problem: str = ""
    """What went wrong, in one line."""
    difference: str = ""
    """What differed, in as many lines as it takes."""


ReportFinding: TypeAlias = Callable[[Finding], None]
Step: TypeAlias = "Callable[[Connection], Awaitable[Finding]]"


class Demonstration:
    """A server and a client in one process, on a loopback port, with fresh keys."""

    def __init__(
        self, folder: Path, tell: ReportFinding, negotiated: Callable[[Connection], None]
    ) -> None:
        self._folder = folder
        self._report_finding = tell
        self._negotiated = negotiated
        self._host_key = PrivateKey.generate("ed25519")
        self._user_key = PrivateKey.generate("ed25519")
        self._port = 0

    async def run(self) -> None:
        """Do it all."""
        root = self._folder / "served"
        root.mkdir()
        authorized = self._folder / "authorized_keys"
        authorized.write_text(f"{self._user_key.public_key.to_openssh()}\n")
        async with serve(
            _HOST,
            0,
            host_keys=[self._host_key],
            auth=AuthorizedKeys(authorized),
            session=LocalShell(),
            sftp=Rooted(root),
            forwarding=AllowForwarding(),
        ) as server:
            self._port = server.port
            await self._refusals()
            started = time.perf_counter()
            async with self._connect() as connection:
                took = time.perf_counter() - started
                self._negotiated(connection)
                self._report_finding(
                    Finding("connected and logged in", True, f"{took * 1000:.0f} ms")
                )
                for what, step in self._steps:
                    self._report_finding(await _run_step(what, step(connection)))

    @property
    def _steps(self) -> tuple[tuple[str, Step], ...]:
        return (
            ("a command: both streams and its status", self._command),
            ("a command's input and output, at once", self._command_input),
            ("a file there and back", self._file),
            ("a file tree there and back", self._tree),
            ("a forwarded port, there and back", self._forward),
        )

    def _connect(
        self, key: PrivateKey | None = None, host_key: PrivateKey | None = None
    ) -> Connect:
        known = format_host_line(_HOST, self._port, (host_key or self._host_key).public_key)
        return connect(
            _HOST,
            self._port,
            username=local_user(),
            keys=[key or self._user_key],
            agent=None,
            config=None,
            known_hosts=known.encode(),
            host_key_policy="strict",
        )

    # ------------------------------------------------------------- what must not work

    async def _refusals(self) -> None:
        stranger = PrivateKey.generate("ed25519")
        for what, attempt, refusal in (
            ("a server with another host key is refused", self._connect(host_key=stranger),
             HostKeyChanged),
            ("a client with another key is refused", self._connect(key=stranger),
             AuthenticationFailed),
        ):  # fmt: skip
            try:
                async with attempt:
                    self._report_finding(Finding(what, False, problem="the connection was made"))
            except refusal as error:
                self._report_finding(Finding(what, True, str(error)))
            except SSHError as error:
                self._report_finding(Finding(what, False, problem=f"for another reason: {error}"))

    # ------------------------------------------------------------- what must

    async def _command(self, connection: Connection) -> Finding:
        done = await connection.run(f"echo out; echo err >&2; exit {_STATUS}")
        expected = (b"out\n", b"err\n", _STATUS)
        found = (done.stdout, done.stderr, done.exit_status)
        if found == expected:
            return Finding("", True, f"{found!r}")
        problem = "its output or its status is not what the command gives"
        return Finding("", False, "", problem, f"expected {expected!r}\nfound    {found!r}")

    async def _command_input(self, connection: Connection) -> Finding:
        data = os.urandom(_EXEC_SIZE)
        started = time.perf_counter()
        done = await connection.run("cat", input=data)
        return compare_bytes(data, done.stdout, _speed(2 * len(data), started))

    async def _file(self, connection: Connection) -> Finding:
        source, back = self._folder / "alone", self._folder / "alone back"
        data = os.urandom(_FILE_SIZE)
        await asyncio.to_thread(source.write_bytes, data)
        async with connection.sftp() as sftp:
            started = time.perf_counter()
            await sftp.put(source, "/alone")
            up = _speed(_FILE_SIZE, started)
            started = time.perf_counter()
            await sftp.get("/alone", back)
            down = _speed(_FILE_SIZE, started)
        found = await asyncio.to_thread(back.read_bytes)
        return compare_bytes(data, found, f"there {up}, back {down}")

    async def _tree(self, connection: Connection) -> Finding:
        source, back = self._folder / "source", self._folder / "back"
        await asyncio.to_thread(_make_tree, source)
        async with connection.sftp() as sftp:
            started = time.perf_counter()
            await sftp.put(source, "/tree", recursive=True)
            result = await sftp.get("/tree", back, recursive=True)
            took = time.perf_counter() - started
        expected, found = await asyncio.to_thread(lambda: (_digests(source), _digests(back)))
        figures = f"{result.files} files, {result.bytes / 1e6:.0f} MB, {took:.2f} s for both ways"
        return compare_trees(expected, found, figures)

    async def _forward(self, connection: Connection) -> Finding:
        """Send through a forward to a port here that sends everything back."""
        data = os.urandom(_FORWARD_SIZE)
        async with AsyncExitStack() as stack:
            echo = await stack.enter_async_context(await asyncio.start_server(_echo, _HOST, 0))
            port = int(echo.sockets[0].getsockname()[1])
            forward = await stack.enter_async_context(
                connection.forward_local((_HOST, 0), (_HOST, port))
            )
            started = time.perf_counter()
            reader, writer = await asyncio.open_connection(_HOST, forward.port)
            received, _ = await asyncio.gather(reader.read(), _send(writer, data))
            speed = _speed(2 * len(data), started)
            writer.close()
            await writer.wait_closed()
        return compare_bytes(data, received, speed)


async def _run_step(what: str, step: Awaitable[Finding]) -> Finding:
    """Return what a step finds; whatever it raises is a finding, too."""
    try:
        async with timeout(_STEP_SECONDS):
            return lazy_attrs.evolve(await step, what=what)
    except Exception as error:  # noqa: BLE001 (the other steps are to be tried all the same)
        slow = type(error) is TimeoutError
        problem = f"not done within {_STEP_SECONDS:g} s" if slow else explain(error)
        return Finding(what, False, "", problem, "".join(traceback.format_exception(error)))


def compare_bytes(expected: bytes, found: bytes, figures: str) -> Finding:
    """Return whether bytes came back as they were, and where they first differ if not."""
    if found == expected:
        return Finding("", True, figures)
    pairs = zip(expected, found, strict=False)
    shorter = min(len(expected), len(found))
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), shorter)
    problem = f"{len(expected)} bytes were sent, {len(found)} came back"
    if len(expected) == len(found):
        problem = f"{len(expected)} bytes were sent, and others came back"
    difference = (
        f"the first difference is at byte {at}\n"
        f"sent      {expected[at : at + _PRINTED].hex(' ') or 'nothing'}\n"
        f"came back {found[at : at + _PRINTED].hex(' ') or 'nothing'}"
    )
    return Finding("", False, "", problem, difference)


def compare_trees(expected: dict[str, str], found: dict[str, str], figures: str) -> Finding:
    """Return whether a tree came back as it was, and which files differ if not.

    Args:
        expected: the checksum of each file, by its path in the tree.
        found: the same of what came back.
        figures: how fast it was.
    """
    if found == expected:
        return Finding("", True, figures)
    missing = sorted(expected.keys() - found.keys())
    added = sorted(found.keys() - expected.keys())
    changed = sorted(p for p in expected.keys() & found.keys() if expected[p] != found[p])
    rows = (("missing", missing), ("not sent", added), ("other content", changed))
    problem = ", ".join(f"{len(paths)} files {what}" for what, paths in rows if paths)
    lines = [f"{what}: {path}" for what, paths in rows for path in paths]
    return Finding("", False, "", problem, "\n".join(lines))


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
    writer.write_eof()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_MIB):
        writer.write(data)
        await writer.drain()
    writer.close()


def _speed(size: int, started: float) -> str:
    return f"{size / 1e6 / (time.perf_counter() - started):.0f} MB/s"


def _make_tree(root: Path) -> None:
    (root / "deep" / "deeper").mkdir(parents=True)
    (root / "large").write_bytes(os.urandom(_FILE_SIZE))
    (root / "deep" / "empty").touch()
    for number in range(_SMALL_FILES):
        (root / "deep" / "deeper" / f"small {number}").write_bytes(os.urandom(1024))


def _digests(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): _digest(p) for p in sorted(root.rglob("*")) if p.is_file()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
