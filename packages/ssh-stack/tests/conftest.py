"""The machine's own sshd for tests of the command line, and the program in a subprocess."""

from __future__ import annotations

import asyncio
import fcntl
import getpass
import os
import queue
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, cast

import attrs
import pytest
from hypothesis import HealthCheck, settings

import ssh_stack
from ssh_auth import Accept, AuthContext
from ssh_connection import ConnectionLimits
from ssh_connection.aio import ServerAuthentication, Session
from ssh_keys import PrivateKey, PublicKey
from ssh_keys.files import write_private_key
from ssh_stack import sync
from ssh_stack.sync._portal import Portal

sys.path.insert(0, str(Path(__file__).parent))

from add_harness import Add, agents_for_add

# a busy machine makes no property false
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

_SSHD: Final = Path("/usr/sbin/sshd")
_SFTP_SERVER: Final = Path("/usr/lib/openssh/sftp-server")
_CONFIG: Final = """\
ListenAddress 127.0.0.1
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
KbdInteractiveAuthentication no
MaxStartups 1000
AcceptEnv SSH_STACK_*
LogLevel INFO
UseDNS no
PrintMotd no
PrintLastLog no
"""
SECONDS: Final = 60.0


@attrs.frozen
class Sshd:
    """An sshd on 127.0.0.1 that authenticates the current user with `key`."""

    port: int
    key: Path
    known_hosts: Path
    user: str
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return f"{self.user}@127.0.0.1"

    @property
    def trust(self) -> list[str]:
        """Options that reach the server and read no file of the user."""
        return ["-F", "none", "-o", f"Port={self.port}", *self.known]

    @property
    def known(self) -> list[str]:
        return ["-o", f"UserKnownHostsFile={self.known_hosts}"]

    @property
    def login(self) -> list[str]:
        """Options that log in."""
        return [*self.trust, "-i", str(self.key), "-o", "IdentitiesOnly=yes"]

    def kill_sessions(self) -> None:
        """Kill the processes that serve connections, as if the server had died."""
        for child in _children(self.process.pid):
            commands = _children(child)
            for each in (child, *commands):  # the server first: it must not tell of the rest
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def _missing() -> str | None:
    programs = [str(path) for path in (_SSHD, _SFTP_SERVER) if not path.exists()]
    programs += [name for name in ("ssh-keygen",) if shutil.which(name) is None]
    return f"not on this machine: {', '.join(programs)}" if programs else None


def _generate(path: Path, passphrase: str = "") -> str:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
    subprocess.run(command, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _penalties(config: Path) -> list[str]:
    """Return what keeps sshd from penalising this machine for connections without a login."""
    option = "PerSourcePenalties=no"  # since 9.8; an older sshd does not know it
    test = [str(_SSHD), "-t", "-o", option, "-f", str(config)]
    known = not subprocess.run(test, capture_output=True, check=False).returncode
    return [option] if known else []


@contextmanager
def start_sshd(folder: Path, *options: str) -> Generator[Sshd]:
    """Run sshd with fresh keys in `folder`; leaving the block ends it."""
    host_key = _generate(folder / "host_key")
    (folder / "authorized_keys").write_text(_generate(folder / "id_ed25519"))
    config = folder / "sshd_config"
    config.write_text(
        f"{_CONFIG}HostKey {folder / 'host_key'}\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\n"
        f"Subsystem sftp {_SFTP_SERVER}\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {host_key}")
    extra = [word for option in (*options, *_penalties(config)) for word in ("-o", option)]
    command = [str(_SSHD), "-D", "-e", "-p", str(port), *extra, "-f", str(config)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if b"Server listening" in line:
                    break
            # a full pipe would stop it: what else it says goes nowhere
            reader = threading.Thread(target=process.stderr.read)
            reader.start()
            yield Sshd(port, folder / "id_ed25519", known_hosts, getpass.getuser(), process)
            process.terminate()
            process.wait()
            reader.join()
        finally:
            process.kill()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sshd]:
    """The machine's own sshd; a skip where there is none, unless it is required."""
    if reason := _missing():
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {reason}", pytrace=False)
        pytest.skip(reason)
    with start_sshd(tmp_path_factory.mktemp("sshd"), "PasswordAuthentication=yes") as server:
        yield server


@attrs.frozen
class Cli:
    """Runs `ssh-stack` with a home of its own, without a terminal unless one is asked for."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return {**keep, "HOME": str(self.home), "TERM": "xterm", "LANG": "C.UTF-8", **more}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "ssh_stack", *words]

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run to the end; standard input is empty unless given."""
        if "stdin" not in options and "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        env = self.environment(**options.pop("env", {}))
        return cast(
            "subprocess.CompletedProcess[bytes]",
            subprocess.run(
                self.command(*words),
                env=env,
                timeout=SECONDS,
                check=False,
                start_new_session=True,  # no controlling terminal: no questions
                **options,
            ),
        )

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start it, with pipes."""
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        env = self.environment(**options.pop("env", {}))
        return cast(
            "subprocess.Popen[bytes]",
            subprocess.Popen(self.command(*words), env=env, start_new_session=True, **options),
        )

    @contextmanager
    def terminal(self, *words: str) -> Generator[Terminal]:
        """Start it on a terminal."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
        before = termios.tcgetattr(slave)
        process = subprocess.Popen(
            self.command(*words),
            env=self.environment(),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        terminal = Terminal(master, slave, process, before)
        try:
            yield terminal
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            os.close(master)
            os.close(slave)


@attrs.define
class Terminal:
    """The other end of the terminal that a program runs on."""

    master: int
    slave: int
    process: subprocess.Popen[bytes]
    before: list[Any]
    seen: bytes = b""

    def expect(self, pattern: str) -> str:
        """Read until `pattern` has appeared; return what matched and forget what led to it."""
        end = time.monotonic() + SECONDS
        while not (found := re.search(pattern.encode(), self.seen)):
            left = end - time.monotonic()
            assert left > 0, f"{pattern!r} did not appear in {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536)
        self.seen = self.seen[found.end() :]
        return found.group().decode()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait(self) -> int:
        """Wait for the end of the program; take what it still says."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still running, printed {self.seen!r}"
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 65536)
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536)
        return self.process.returncode

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was before the program started."""
        return termios.tcgetattr(self.slave) == self.before


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    home = tmp_path / "home"
    home.mkdir()
    return Cli(home)


@attrs.frozen
class Listener:
    """A port that answers every connection with a function."""

    port: int


@pytest.fixture
def listener() -> Generator[Callable[[Callable[[socket.socket], None]], Listener]]:
    """Start listeners; each of their connections is served in a thread."""
    with ExitStack() as stack:

        def start(serve: Callable[[socket.socket], None]) -> Listener:
            return stack.enter_context(_listening(serve))

        yield start


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Generator[Listener]:
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield Listener(server.getsockname()[1])
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(SECONDS)


@pytest.fixture
def dead_port() -> int:
    """A port without a listener."""
    return _free_port()


# ------------------------------------------------------------- a server for the blocking API


@attrs.frozen
class Served:
    """A server in a thread of its own, whose commands are scripted."""

    options: dict[str, Any]
    """What `sync.connect` needs."""
    arguments: list[str]
    """The same for a script: port, key file, known_hosts file."""
    root: Path
    """What its SFTP serves."""
    hanging: threading.Semaphore
    """Released for each "hang" that has begun."""
    signals: queue.SimpleQueue[str]
    """The signals that "hang" got."""

    async def run(self, session: Session) -> int:
        session.use_streams()
        name, _, number = (session.command or b"").partition(b" ")
        match name:
            case b"say":
                await session.write(number)
            case b"exit":
                return int(number)
            case b"cat":
                while data := await session.stdin.read(65536):
                    await session.write(data)
            case b"both":
                for _ in range(int(number) // 1000):
                    await session.write(b"o" * 1000)
                    await session.write_stderr(b"e" * 1000)
            case _:
                await self._hang(session)
        return 0

    async def _hang(self, session: Session) -> None:
        ended = asyncio.Event()

        def take(signal: str) -> None:
            self.signals.put(signal)
            session.exit(143)
            ended.set()

        session.on_signal = take
        self.hanging.release()
        await ended.wait()


async def _admit(_context: AuthContext, _key: PublicKey) -> Accept:
    return Accept()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """An ssh-stack server in this process, for blocking clients in any thread and process."""
    folder = tmp_path_factory.mktemp("served")
    key, user = PrivateKey.generate("ed25519"), PrivateKey.generate("ed25519")
    write_private_key(folder / "key", user)
    (folder / "root").mkdir()

    async def session(session: Session) -> int:
        return await server.run(session)

    serve = ssh_stack.serve(
        "127.0.0.1",
        host_keys=[key],
        auth=ServerAuthentication(public_key=_admit),
        session=session,
        sftp=ssh_stack.Rooted(folder / "root"),
        forwarding=ssh_stack.AllowForwarding(),
        limits=ConnectionLimits(sessions=100),
    )
    portal = Portal()
    with sync.Serve(portal, serve) as listening:
        port = listening.port
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key.public_key.to_openssh()}\n")
        server = Served(
            {
                "host": "127.0.0.1",
                "port": port,
                "username": "user",
                "keys": [user],
                "known_hosts": folder / "known_hosts",
                "config": None,
                "agent": None,
            },
            [str(port), str(folder / "key"), str(folder / "known_hosts")],
            folder / "root",
            threading.Semaphore(0),
            queue.SimpleQueue(),
        )
        yield server
    portal.stop()


@pytest.fixture
def add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Generator[Add]:
    """`ssh-stack add` and ssh-add, each with an empty agent."""
    with agents_for_add(tmp_path, monkeypatch, capsys) as made:
        yield made
