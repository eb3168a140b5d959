"""A server on a port of loopback: for clients of any API, in any thread or process."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, Unpack, cast

from ssh_keys import PrivateKey
from ssh_keys.files import write_private_key
from ssh_sftp.aio import Rooted
from ssh_stack import sync
from ssh_stack.client.connecting import connect
from ssh_stack.server.admission import MaxStartups
from ssh_stack.sync._blocking import unwrap
from ssh_stack.sync._portal import portal
from ssh_stack.testing.answers import Answer, Answers, Reply
from ssh_stack.testing.joined import holder_of, known_hosts
from ssh_stack.testing.options import LoginKw

if TYPE_CHECKING:
    from types import TracebackType

    from ssh_connection import ExitSignal
    from ssh_stack.client.connecting import Connect
    from ssh_stack.server.options import ServerOptionsKw
    from ssh_stack.server.serving import Server
    from ssh_stack.testing.options import ServingKw

__all__ = ["SFTPServer", "SSHServer"]

_HOST: Final = "127.0.0.1"
_CONFIG: Final = """\
Host {name}
  HostName {host}
  Port {port}
  User {user}
  IdentityFile {key}
  IdentitiesOnly yes
  UserKnownHostsFile {known}
  StrictHostKeyChecking yes
"""


class SSHServer:
    """A server with fresh keys, which answers the commands that a test tells it about.

    `with SSHServer(folder) as server` starts it; `server.answer("uptime", "up 3 days")` has it
    answer a command, and `connect(server.host, server.port, **server.login)` of either API
    connects.  It serves in a thread of its own, so that the test, its event loop and its
    subprocesses can be clients.  No command of this machine is run, unless the option
    `session=LocalShell()` is given.

    Args:
        folder: where its files are made: the user's key, known_hosts, a configuration.
        options: options of `serve`; they go before those that this class makes.

    Attributes:
        user_key: the private key whose holder the server authenticates.
    """

    name: Final = "test-server"
    """What the server is called in the file `config`."""
    username: Final = "tester"
    """The user to log in as; any other name is authenticated with the same key."""

    def __init__(self, folder: Path, **options: Unpack[ServingKw]) -> None:
        self.user_key: Final = PrivateKey.generate("ed25519")
        self._folder = folder
        self._answers = Answers()
        defaults: ServerOptionsKw = {
            "host_keys": [PrivateKey.generate("ed25519")],
            "auth": holder_of(self.user_key),
            "session": self._answers,
            # a test of refused logins, or of many at once, is not to shut out the next one
            "penalties": None,
            "max_startups": MaxStartups(start=1000, full=1000, per_source=1000),
        }
        self._options = cast("ServerOptionsKw", {**defaults, **options})
        self._stack = ExitStack()
        self._server: sync.Server | None = None

    # ------------------------------------------------------------- how to reach it

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._listening.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._listening.port

    @property
    def key(self) -> Path:
        """The file of the user's private key."""
        return self._folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """A file known_hosts that has the server's keys."""
        return self._folder / "known_hosts"

    @property
    def config(self) -> Path:
        """A file ssh_config(5) with a host of the name `name`: `ssh -F FILE test-server`."""
        return self._folder / "config"

    @property
    def login(self) -> LoginKw:
        """The options with which `connect` of either API logs in."""
        return LoginKw(
            username=self.username,
            keys=self.key,
            known_hosts=self.known_hosts,
            config=None,
            agent=None,
        )

    def connect(self, **options: Any) -> Connect:  # noqa: ANN401 (those of `connect`)
        """Connect with the asynchronous API: `async with server.connect() as conn`."""
        given: dict[str, Any] = {**self.login, **options}
        return connect(self.host, self.port, **given)

    def connect_blocking(self, **options: Any) -> sync.Connect:  # noqa: ANN401 (the same)
        """Connect with the blocking API: `with server.connect_blocking() as conn`."""
        given: dict[str, Any] = {**self.login, **options}
        return sync.connect(self.host, self.port, **given)

    # ------------------------------------------------------------- what it does

    @property
    def commands(self) -> list[str]:
        """The commands that clients have run, in the order of their arrival; "" is a shell."""
        return self._answers.commands

    def answer(
        self,
        command: str,
        stdout: bytes | str | Reply = b"",
        *,
        stderr: bytes | str = b"",
        status: int | ExitSignal = 0,
    ) -> None:
        """Answer a command; one that has no answer ends with status 127.

        Args:
            command: the command line, exactly.
            stdout: what it writes to standard output; or an `Answer`, or an async function of a
                `Session`, which is called in the server's event loop.
            stderr: what it writes to standard error.
            status: its exit status, or the signal that ends it.
        """
        self._answers.answer(command, _reply(stdout, stderr, status))

    def answer_others(
        self,
        stdout: bytes | str | Reply = b"",
        *,
        stderr: bytes | str = b"",
        status: int | ExitSignal = 0,
    ) -> None:
        """Answer every command that has no answer of its own; arguments as for `answer`."""
        self._answers.answer_others(_reply(stdout, stderr, status))

    @property
    def connections(self) -> tuple[sync.ServerConnection, ...]:
        """The connections that it has now."""
        return self._listening.connections

    def cut_connections(self) -> None:
        """Break every connection, as a line does that is lost: no client is told."""
        server: Server = unwrap(self._listening)

        def cut() -> None:
            for connection in server.connections:
                connection.driver.abort()

        portal().call(cut)

    # ------------------------------------------------------------- its life

    @property
    def _listening(self) -> sync.Server:
        if self._server is None:
            problem = "the server does not listen yet: use `with SSHServer(…) as server`"
            raise RuntimeError(problem)
        return self._server

    def close(self) -> None:
        """Stop listening and disconnect every client, in bounded time."""
        self._stack.close()

    def __enter__(self) -> Self:
        self._server = self._stack.enter_context(
            sync.serve(_HOST, 0, **cast("Any", self._options))
        )
        self._write_files()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write_files(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_private_key(self.key, self.user_key)
        self.known_hosts.write_bytes(known_hosts(self.host, self.port, self._options))
        text = _CONFIG.format(
            name=self.name,
            host=self.host,
            port=self.port,
            user=self.username,
            key=self.key,
            known=self.known_hosts,
        )
        self.config.write_text(text)


class SFTPServer(SSHServer):
    """A server that serves the files below a folder, and no command.

    Attributes:
        root: what clients see as "/".
    """

    def __init__(self, folder: Path, **options: Unpack[ServingKw]) -> None:
        self.root: Final = folder / "root"
        self.root.mkdir(parents=True, exist_ok=True)
        given: dict[str, Any] = {"sftp": Rooted(self.root), "session": None, **options}
        super().__init__(folder, **given)


def _reply(stdout: bytes | str | Reply, stderr: bytes | str, status: int | ExitSignal) -> Reply:
    if not isinstance(stdout, bytes | str):
        return stdout
    return Answer(stdout=_encoded(stdout), stderr=_encoded(stderr), status=status)


def _encoded(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
