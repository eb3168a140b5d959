"""What ends a command at servers that we did not write: the table of how-to/end-commands."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncssh
import paramiko  # type: ignore[import-untyped]
import pytest

import ssh_stack
from ssh_connection.aio import Pty
from ssh_stack import Connection, PrivateKey
from tests.interop import loopback
from tests.interop.connecting import connect
from tests.interop.peers import Peer

pytestmark = pytest.mark.interop

HOST, USER = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
WAYS: Final = ("signal", "channel", "terminal", "tied")

Found: TypeAlias = tuple[bool, bool, bool, bool]

# whether TERM ends it; the end of its channel; that with a terminal; that with dies_with_channel
OPENSSH: Final = (True, False, True, True)
DROPBEAR: Final = (True, False, False, True)
ASYNCSSH: Final = (False, False, False, True)
PARAMIKO: Final = (False, False, False, True)


Running: TypeAlias = Callable[[int], Awaitable[bool]]
"""Returns whether a process runs at the server."""


def _state(number: int) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


async def runs_here(number: int) -> bool:
    return await asyncio.to_thread(_state, number) not in {"", "Z"}


def runs_there(conn: Connection) -> Running:
    async def runs(number: int) -> bool:
        return bool((await conn.run(f"kill -0 {number} 2>/dev/null && echo alive")).stdout)

    return runs


async def ended_by(way: str, conn: Connection, runs: Running) -> bool:
    """Return whether a command ends within two seconds: what ends it is the way."""
    pty = Pty() if way == "terminal" else None
    scope = conn.start("echo $$; exec sleep 9", pty=pty, dies_with_channel=way == "tied")
    process = await scope.open()
    number = int(await process.stdout.readline())
    if way == "signal":
        process.terminate()
    else:
        process._channel.abort()
    for _ in range(20):
        if not await runs(number):
            return True
        await asyncio.sleep(0.1)
    return False


async def measured(
    connecting: Callable[[], ssh_stack.Connect], runs: Running = runs_here
) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for way in WAYS:
        async with asyncio.timeout(30), connecting() as conn:
            found[way] = await ended_by(way, conn, runs)
    return found


def expected(row: Found) -> dict[str, bool]:
    return dict(zip(WAYS, row, strict=True))


def options(port: int) -> Any:
    line = f"[127.0.0.1]:{port} {HOST.public_key.to_openssh()}"
    given: dict[str, Any] = {"known_hosts": line.encode(), "keys": [USER], "username": "root"}
    return {**given, "config": None, "agent": None}


def reach(port: int) -> ssh_stack.Connect:
    return ssh_stack.connect("127.0.0.1", port, **options(port))


async def test_openssh_ends_a_command_as_the_table_says(peer: Peer) -> None:
    async with connect(peer) as conn:
        assert await measured(lambda: connect(peer), runs_there(conn)) == expected(OPENSSH)


@pytest.mark.skipif(shutil.which("dropbear") is None or os.getuid() != 0, reason="no dropbear")
async def test_dropbear_ends_a_command_as_the_table_says(tmp_path: Path) -> None:
    home, key = tmp_path / "home", tmp_path / "key"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "authorized_keys").write_text(USER.public_key.to_openssh())
    home.chmod(0o700)
    (tmp_path / "openssh").write_bytes(HOST.to_openssh())
    convert = ["dropbearconvert", "openssh", "dropbear", str(tmp_path / "openssh"), str(key)]
    await asyncio.to_thread(lambda: subprocess.run(convert, check=True, capture_output=True))
    port = loopback.free_port()
    # a home of its own, in a mount namespace of its own
    start = f'mount --bind {home} "$HOME" && exec dropbear -F -s -r {key} -p 127.0.0.1:{port}'
    env = {**os.environ, "HOME": str(Path.home())}
    server = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", start, env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.to_thread(loopback.wait_for_ssh, port)
        assert await measured(lambda: reach(port)) == expected(DROPBEAR)
    finally:
        server.terminate()
        await server.wait()


# ---------------------------------------------------------------- servers made of libraries


class _AsyncSSHServer:
    """Runs commands as the page of AsyncSSH about redirected servers does."""

    def __init__(self) -> None:
        self._started: list[asyncio.subprocess.Process] = []

    async def run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        local = await asyncio.create_subprocess_shell(
            process.command or "sh",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._started.append(local)
        await process.redirect(stdin=local.stdin, stdout=local.stdout, stderr=local.stderr)
        try:
            process.exit(await local.wait())
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                local.terminate()
            raise

    async def end(self) -> None:
        """End what AsyncSSH left running: asyncio keeps its transport as long as it runs."""
        for local in self._started:
            with suppress(ProcessLookupError):
                local.kill()
            await local.wait()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # AsyncSSH's own
@pytest.mark.filterwarnings("ignore:coroutine 'Queue.join' was never awaited:RuntimeWarning")
def test_asyncssh_ends_a_command_as_the_table_says() -> None:
    with asyncio.Runner() as runner:  # its loop holds what AsyncSSH leaves behind
        assert runner.run(_measured_at_asyncssh()) == expected(ASYNCSSH)
    gc.collect()  # here, and not in another test


async def _measured_at_asyncssh() -> dict[str, bool]:
    server = _AsyncSSHServer()
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[asyncssh.import_private_key(HOST.to_openssh())],
        authorized_client_keys=asyncssh.import_authorized_keys(USER.public_key.to_openssh()),
        process_factory=server.run,
        encoding=None,
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        try:
            return await measured(lambda: reach(port))
        finally:
            await server.end()


_PARAMIKO: Any = paramiko  # its stubs lack the codes


class _ParamikoServer(paramiko.ServerInterface):  # type: ignore[misc]
    """Runs commands with pipes, as the examples of servers on Paramiko do."""

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"

    def check_auth_publickey(self, username: str, key: Any) -> int:
        del username, key
        return int(_PARAMIKO.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return int(_PARAMIKO.OPEN_SUCCEEDED)

    def check_channel_pty_request(  # noqa: PLR0917 (Paramiko's signature)
        self,
        channel: Any,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        del channel, term, width, height, pixelwidth, pixelheight, modes
        return True

    def check_channel_exec_request(self, channel: Any, command: bytes) -> bool:
        threading.Thread(target=_run_for_paramiko, args=(channel, command), daemon=True).start()
        return True


def _run_for_paramiko(channel: Any, command: bytes) -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:

        def feed() -> None:
            assert process.stdin is not None
            with suppress(OSError):
                while data := channel.recv(4096):
                    process.stdin.write(data)
                    process.stdin.flush()
                process.stdin.close()

        threading.Thread(target=feed, daemon=True).start()
        assert process.stdout is not None
        with suppress(OSError):
            while data := os.read(process.stdout.fileno(), 65536):
                channel.sendall(data)
    with suppress(OSError, EOFError):
        channel.send_exit_status(process.returncode & 0xFF)
        channel.close()


@asynccontextmanager
async def paramiko_server() -> AsyncGenerator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    host_key = paramiko.Ed25519Key.from_private_key(_as_file(HOST))

    def serve() -> None:
        for _ in WAYS:
            sock, _ = listening.accept()
            transport = paramiko.Transport(sock)
            transport.add_server_key(host_key)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=_ParamikoServer())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(20)


def _as_file(key: PrivateKey) -> Any:
    return io.StringIO(key.to_openssh().decode())


async def test_paramiko_ends_a_command_as_the_table_says() -> None:
    async with paramiko_server() as port:
        assert await measured(lambda: reach(port)) == expected(PARAMIKO)


async def test_tied_command_dies_with_the_connection_too(peer: Peer) -> None:
    async with asyncio.timeout(60), connect(peer) as conn:
        async with connect(peer) as other:
            process = await other.start("echo $$; exec sleep 986", dies_with_channel=True)
            number = int(await process.stdout.readline())
            other._client.driver.abort()
        for _ in range(50):
            if not (await conn.run(f"kill -0 {number} 2>/dev/null && echo alive")).stdout:
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("it is still there")
