# Generated from the async classes by tools/generate_sync.py; not to be edited.
"""`connect`, and the connection that it makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack, cast, overload

from ssh_auth import AuthAttempt, AuthCredential, AuthLimits, AuthStrategy, PromptResponder
from ssh_connection import Completed, ConnectionLimits
from ssh_connection.addresses import AddressLike, PathLike, TCPAddress
from ssh_connection.aio import (
    InputSource,
    KeepaliveOptions,
    OutputTarget,
    Pty,
    StreamService,
    Timeouts,
)
from ssh_connection.services import Service
from ssh_keys import KnownHosts, PublicKey
from ssh_sftp import SFTPOptions
from ssh_stack.client import connecting as aio_connecting
from ssh_stack.client import connection as aio_connection
from ssh_stack.client.options import (
    CertificateSource,
    HostKeyPolicy,
    HostKeyUpdateDecision,
    KeySource,
    Prompter,
    Secret,
)
from ssh_stack.client.plan import ConnectionPlan
from ssh_stack.client.sshfp_answer import SSHFPResolver
from ssh_stack.client.x11_options import X11Forwarding
from ssh_stack.config import HostConfig
from ssh_stack.sources import Default, Path, RevokedSource
from ssh_stack.streams import Stream
from ssh_stack.sync._blocking import Blocking, BlockingOwner, unwrap
from ssh_stack.sync._portal import portal
from ssh_stack.sync.channel import Channel
from ssh_stack.sync.forward import LocalForward, RemoteForward
from ssh_stack.sync.process import Process
from ssh_stack.sync.scope import Scope
from ssh_stack.sync.sftp import SFTPClient
from ssh_stack.sync.streams import ByteReader, ByteStream, ByteWriter
from ssh_stack.sync.text import TextProcess
from ssh_transport import Agreement, Algorithms, Limits
from ssh_transport.trace import Trace
from ssh_wire.messages.connection import OpenHead
from ssh_wire.primitives import Buffer

__all__ = ["ClientOptionsKw", "Connect", "Connection", "connect"]


class Connection(BlockingOwner[aio_connection.Connection]):
    """An authenticated connection to a server."""

    @property
    def host(self) -> str:
        """The server's name, as it was asked for."""
        return self._wrapped.host

    @property
    def port(self) -> int:
        """The server's port."""
        return self._wrapped.port

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host, and what of it is not honoured."""
        return self._wrapped.config

    @property
    def username(self) -> str:
        """The user that is logged in."""
        return self._wrapped.username

    @property
    def host_key(self) -> PublicKey:
        """The server's host key."""
        return self._wrapped.host_key

    @property
    def server_software(self) -> str:
        """The softwareversion that the server identified itself with, escaped."""
        return self._wrapped.server_software

    @property
    def auth_attempts(self) -> tuple[AuthAttempt, ...]:
        """What was tried to log in, the one that succeeded last."""
        return self._wrapped.auth_attempts

    @property
    def session_id(self) -> bytes:
        """The session identifier: the exchange hash of the first key exchange."""
        return self._wrapped.session_id

    @property
    def agreement(self) -> Agreement:
        """The algorithms in use."""
        return self._wrapped.agreement

    @property
    def channels(self) -> tuple[str, ...]:
        """What is open, a line for each channel: its number, type and state."""
        return self._wrapped.channels

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended."""
        return self._wrapped.is_closed

    @property
    def end(self) -> Exception | None:
        """What ended the connection; None while it is open."""
        return self._wrapped.end

    def sftp(self, options: SFTPOptions | None = None) -> Scope[SFTPClient]:
        """Open an SFTP session.

        Args:
            options: how it behaves: `SFTPOptions(atomic=False)` writes files in place,
                `SFTPOptions(fsync=True)` has them on stable storage before they get their names.

        Raises:
            UsageError: `options` is no `SFTPOptions`.
            RequestRefused: (on entry) the server has no SFTP.
            SFTPProtocolError: (on entry) something else answered; what it printed is quoted.
        """
        return Scope(self._portal, self._wrapped.sftp(options), SFTPClient)

    def no_more_sessions(self) -> None:
        """Promise to open no further session; those that are open go on.

        Servers of OpenSSH, and those of this package, are told by no-more-sessions@openssh.com
        (OpenSSH's PROTOCOL section 2.2): they end a connection that opens one all the same.

        Raises:
            ConnectionLost: the connection is lost.
        """
        self._portal.call(self._wrapped.no_more_sessions)

    def open_channel(self, message: OpenHead) -> ByteStream:
        """Open a channel of any type; return its stream (RFC 4254 section 5.1).

        Args:
            message: the CHANNEL_OPEN; its sender, window and maximum packet size are filled in.

        Raises:
            ChannelOpenRefused: the server refused it.
            SSHTimeout: the server did not answer.
        """
        return ByteStream(self._portal, self._portal.wait(self._wrapped.open_channel, message))

    def register(self, *services: Service | StreamService[Any]) -> None:
        """Serve channel types and global requests of one's own to the server.

        Args:
            services: a row each, such as `StreamService(message, handler)`; one replaces an
                earlier one of the same name.

        Raises:
            UsageError: a class of messages names no type.
        """
        self._portal.call(self._wrapped.register, *services)

    def ping(self) -> float:
        """Ask the peer for a sign of life; return the round trip in seconds.

        Raises:
            ConnectionLost: the connection is lost.
        """
        return self._portal.wait(self._wrapped.ping)

    def rekey(self) -> None:
        """Begin a key exchange now; data goes on when it is done."""
        self._portal.call(self._wrapped.rekey)

    def wait_closed(self) -> None:
        """Wait until the connection has ended and everything on it is cleaned up."""
        self._portal.wait(self._wrapped.wait_closed)

    def close(self) -> None:
        """Disconnect and clean up, jump hosts and agent included, in bounded time."""
        self._portal.wait(self._wrapped.close)

    def __enter__(self) -> Self:
        self._portal.wait(self._wrapped.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)

    @overload
    def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[False] = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[bytes]: ...

    @overload
    def run(
        self,
        command: str | Sequence[str],
        *,
        text: Literal[True],
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[str]: ...

    def run(
        self,
        command: str | Sequence[str],
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        input: Buffer | str | None = None,
        timeout: float | None = None,
        check: bool = False,
        env: Mapping[str, str] | None = None,
        pty: Pty | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        max_output: int | None = None,
        on_cancel: Literal["terminate", "detach"] = "terminate",
        dies_with_channel: bool = False,
    ) -> Completed[bytes] | Completed[str]:
        """Run a command to its end; both its output streams are always drained.

        Args:
            command: a string goes to the remote shell as it is, a list is quoted for it.
            text: give the output as text (UTF-8, what is not becomes U+FFFD).
            stdin: what the command reads: bytes or text, a `Path`, a file open for reading,
                the stream of another process, a function that is called in a thread for the
                next bytes, or DEVNULL; without it, nothing.
            input: the same, for bytes and text, as `subprocess.run` has it.
            timeout: seconds for all of it.
            check: raise unless the exit status is 0.
            env: environment variables to ask for; servers accept few.
            pty: the terminal to ask for.
            stdout: where standard output goes instead of into the result: a `Path`, a file
                open for writing, the stream of another process, a function that takes it as
                it arrives in views valid during the call, or DEVNULL.
            stderr: the same for standard error; STDOUT sends it where standard output goes.
            max_output: the most bytes to collect.
            on_cancel: "terminate" ends the remote process when the call is cancelled, "detach"
                leaves it running until the connection is closed.
            dies_with_channel: have the command end when its channel does, also at a server that
                delivers no signals, and when the connection is lost.  It takes a POSIX shell
                there, and the command reads nothing; with `pty` the terminal hangs up instead.

        Raises:
            CommandFailed: `check` was asked for and it failed.
            ConnectionLost: with what had arrived as `completed`.
            NoExitStatus: the server closed the channel without a status.
            SSHTimeout: with what had arrived as `completed`.
            ChannelOpenRefused: the server refused the session.
            RedirectFailed: a file or a stream cannot be read or written (an OSError).
            UsageError: an argument cannot be used; nothing was sent.
            OSError: a file cannot be opened; nothing was sent.
        """
        function = cast(
            "Callable[..., Awaitable[Completed[bytes] | Completed[str]]]", self._wrapped.run
        )
        return self._portal.wait(
            function,
            command,
            text=text,
            stdin=unwrap(stdin),
            input=input,
            timeout=timeout,
            check=check,
            env=env,
            pty=pty,
            stdout=unwrap(stdout),
            stderr=unwrap(stderr),
            max_output=max_output,
            on_cancel=on_cancel,
            dies_with_channel=dies_with_channel,
        )

    @overload
    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: Literal[False] = False,
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[Process]: ...

    @overload
    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: Literal[True],
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[TextProcess]: ...

    def start(
        self,
        command: str | Sequence[str] | None = None,
        *,
        text: bool = False,
        stdin: InputSource | ByteReader | None = None,
        stdout: OutputTarget | ByteWriter | None = None,
        stderr: OutputTarget | ByteWriter | None = None,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
        dies_with_channel: bool = False,
        agent_forwarding: bool | None = None,
        x11_forwarding: bool | None = None,
    ) -> Scope[Process] | Scope[TextProcess]:
        """Start a command and give its streams; leaving the scope ends the remote side.

        Args:
            command: as for `run`; None starts the user's shell.
            text: give the streams as text (UTF-8, what is not becomes U+FFFD).
            stdin: as for `run`; without it, what is written to the process's `stdin`.
            stdout: as for `run`; without it, it is read from the process's `stdout`.
            stderr: the same for standard error.
            pty: the terminal to ask for.
            env: environment variables to ask for.
            dies_with_channel: as for `run`; nothing is written to the process's `stdin`.
            agent_forwarding: whether the command may use the agent here; None for as the
                connection has it.
            x11_forwarding: whether the command may open windows on the display here; None for as
                the connection has it.

        Raises:
            UsageError: an argument cannot be used, or there is no agent or no display; nothing
                was sent.
            RequestRefused: (on entry) the server forwards neither, or has no terminal.
        """
        function = cast("Callable[..., Any]", self._wrapped.start)
        scope = function(
            command,
            text=text,
            stdin=unwrap(stdin),
            stdout=unwrap(stdout),
            stderr=unwrap(stderr),
            pty=pty,
            env=env,
            dies_with_channel=dies_with_channel,
            agent_forwarding=agent_forwarding,
            x11_forwarding=x11_forwarding,
        )
        if text:
            return Scope(self._portal, scope, TextProcess)
        return Scope(self._portal, scope, Process)

    @overload
    def shell(
        self,
        *,
        text: Literal[False] = False,
        pty: Pty | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Scope[Process]: ...

    @overload
    def shell(
        self, *, text: Literal[True], pty: Pty | None = None, env: Mapping[str, str] | None = None
    ) -> Scope[TextProcess]: ...

    def shell(
        self, *, text: bool = False, pty: Pty | None = None, env: Mapping[str, str] | None = None
    ) -> Scope[Process] | Scope[TextProcess]:
        """Start the user's shell at a terminal, as `ssh` without a command does.

        `stdout.expect` waits for its prompts.  `start()` starts a shell without a terminal.

        Args:
            text: give the streams as text (UTF-8, what is not becomes U+FFFD).
            pty: the terminal to ask for; by default one of 80 columns and 24 rows.
            env: environment variables to ask for.

        Raises:
            UsageError: an argument cannot be used; nothing was sent.
        """
        function = cast("Callable[..., Any]", self._wrapped.shell)
        scope = function(text=text, pty=pty, env=env)
        if text:
            return Scope(self._portal, scope, TextProcess)
        return Scope(self._portal, scope, Process)

    def subsystem(self, name: str) -> Scope[Process]:
        """Start a subsystem (RFC 4254 section 6.5) and give its streams."""
        return Scope(self._portal, self._wrapped.subsystem(name), Process)

    def open_subsystem(self, name: str) -> Channel:
        """Start a subsystem and give its channel, to connect a receiver to.

        Raises:
            ChannelOpenRefused: the server refused the session.
            RequestRefused: the server has no such subsystem.
        """
        return Channel(self._portal, self._portal.wait(self._wrapped.open_subsystem, name))

    def open_tcp(self, host: str, port: int) -> ByteStream:
        """Have the server connect to `host:port`; return the stream.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return ByteStream(self._portal, self._portal.wait(self._wrapped.open_tcp, host, port))

    def open_tcp_channel(
        self,
        host: str,
        port: int,
        origin: tuple[str, int] = ("127.0.0.1", 0),
        *,
        protected: bool = False,
    ) -> Channel:
        """Have the server connect to `host:port`; return the channel (RFC 4254 section 7.2).

        Args:
            host: the name or address to connect to, as the server resolves it.
            port: its port.
            origin: who wants the connection, for the server's records.
            protected: what is sent through the channel protects itself, as SSH does; it is
                opened even where this connection forwards nothing.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return Channel(
            self._portal,
            self._portal.wait(
                self._wrapped.open_tcp_channel, host, port, origin, protected=protected
            ),
        )

    def open_unix(self, path: str | PathLike) -> ByteStream:
        """Have the server connect to a Unix socket; return the stream.

        Args:
            path: its path, as the server resolves it.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return ByteStream(self._portal, self._portal.wait(self._wrapped.open_unix, path))

    def open_unix_channel(self, path: str | PathLike) -> Channel:
        """Have the server connect to a Unix socket; return the channel (PROTOCOL section 2.4).

        Args:
            path: its path, as the server resolves it.

        Raises:
            ChannelOpenRefused: the server may not, or cannot reach it.
            ForwardingDisabled: this connection forwards nothing.
        """
        return Channel(self._portal, self._portal.wait(self._wrapped.open_unix_channel, path))

    def forward_local(
        self,
        listen: AddressLike,
        target: AddressLike,
        *,
        socket_mask: int = 127,
        socket_unlink: bool = False,
    ) -> Scope[LocalForward]:
        """Listen here; carry each connection to `target`, as seen from the server.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.  A path is a
                Unix socket.
            target: "host:port", or a port of the server's localhost.  A path is a Unix socket.
            socket_mask: the umask of a Unix socket (StreamLocalBindMask).
            socket_unlink: whether it replaces a socket that is there (StreamLocalBindUnlink).
        """
        return Scope(
            self._portal,
            self._wrapped.forward_local(
                listen, target, socket_mask=socket_mask, socket_unlink=socket_unlink
            ),
            LocalForward,
        )

    def forward_dynamic(
        self, listen: AddressLike, *, socket_mask: int = 127, socket_unlink: bool = False
    ) -> Scope[LocalForward]:
        """Listen here as a SOCKS proxy; the server connects to what each connection asks for.

        Args:
            listen: "address:port", or a port of localhost; port 0 takes a free one.  A path is a
                Unix socket.
            socket_mask: the umask of a Unix socket (StreamLocalBindMask).
            socket_unlink: whether it replaces a socket that is there (StreamLocalBindUnlink).
        """
        return Scope(
            self._portal,
            self._wrapped.forward_dynamic(
                listen, socket_mask=socket_mask, socket_unlink=socket_unlink
            ),
            LocalForward,
        )

    def forward_remote(self, listen: AddressLike, target: AddressLike) -> Scope[RemoteForward]:
        """Have the server listen; carry each connection to `target`, as seen from here.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.  A path is a Unix socket of the server.
            target: "host:port", or a port of localhost.  A path is a Unix socket.
        """
        return Scope(self._portal, self._wrapped.forward_remote(listen, target), RemoteForward)

    def forward_remote_dynamic(
        self, listen: AddressLike, permitted: Callable[[TCPAddress], bool] | None = None
    ) -> Scope[RemoteForward]:
        """Have the server listen as a SOCKS proxy; this side connects to what is asked for.

        Whoever can connect to the server's port reaches, without `permitted`, all that this
        machine reaches.

        Args:
            listen: "address:port" at the server, or a port of its localhost; port 0 lets it
                choose.  A path is a Unix socket of the server.
            permitted: whether an address may be connected to (PermitRemoteOpen); anything but
                True refuses it.
        """
        return Scope(
            self._portal, self._wrapped.forward_remote_dynamic(listen, permitted), RemoteForward
        )


class Connect(Blocking[aio_connecting.Connect]):
    """A connection that is made on entry and closed on exit.

    `connect(…)` makes it too, and leaves closing to the caller.
    """

    @property
    def config(self) -> HostConfig:
        """What the configuration says about the host; it is read when this is first asked.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            OSError: a configuration file that was named cannot be read.
        """
        return self._wrapped.config

    @property
    def plan(self) -> ConnectionPlan:
        """What the connection is to do: options and configuration, merged.

        Raises:
            UsageError: an option or a configuration line cannot be used.
            OSError: a configuration file that was named cannot be read.
        """
        return self._wrapped.plan

    def open(self) -> Connection:
        """Make the connection; the caller closes it.

        Raises:
            UsageError: an option or a configuration line cannot be used; no packet was sent.
            ConnectFailed: the server cannot be reached.
            HostKeyError: it is not known to be the right one.
            NegotiationFailed: there is no common algorithm.
            AuthenticationFailed: no credential was enough; `attempts` says what was tried.
            SSHTimeout: a stage took longer than its timeout.
        """
        return Connection(self._portal, self._portal.wait(self._wrapped.open))

    def __enter__(self) -> Connection:
        return Connection(self._portal, self._portal.wait(self._wrapped.__aenter__))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.leave(self._wrapped.__aexit__, kind, error, trace)


class ClientOptionsKw(TypedDict, total=False):
    """The fields of `ClientOptions` as keyword arguments."""

    username: str | None
    password: Secret | None
    change_password: Callable[[str], Awaitable[str | None] | str | None] | None
    interactive: PromptResponder | None
    keys: Sequence[KeySource] | KeySource | Default | None
    certificates: Sequence[CertificateSource]
    strict_permissions: bool
    auth: Sequence[AuthCredential] | AuthStrategy | None
    host_keys: Sequence[KeySource] | KeySource | Default | None
    passphrase: Secret | bytes | None
    prompter: Prompter | None
    ask_methods_first: bool
    gssapi: bool | Default
    require_proof: bool | Default
    agent: Path | Default | None
    agent_forwarding: bool | Path | Default
    x11_forwarding: bool | X11Forwarding | Default
    known_hosts: Path | bytes | KnownHosts | Sequence[Path] | Default | None
    revoked_host_keys: RevokedSource | Sequence[RevokedSource] | Default | None
    host_key_alias: str | None
    host_key_policy: HostKeyPolicy | Default
    update_host_keys: bool | HostKeyUpdateDecision | Default
    dns_resolver: SSHFPResolver | None
    config: Path | Sequence[Path] | Default | None
    config_options: Sequence[str]
    config_command: str
    jump: str | Sequence[str] | Connection | Default | None
    proxy_command: str | Sequence[str] | Default | None
    stream: Stream | None
    control_path: Path | None
    algorithms: Literal["strict", "default", "legacy"] | Algorithms
    compression: bool | Default
    transport_limits: Limits
    auth_limits: AuthLimits
    limits: ConnectionLimits
    timeouts: Timeouts | Default
    keepalive: KeepaliveOptions | Default | None
    rekey_bytes: int
    rekey_seconds: float
    on_banner: Callable[[str], None] | None
    on_proxy_stderr: Callable[[bytes], None] | None
    trace: Trace | None


def connect(host: str, port: int | None = None, **options: Unpack[ClientOptionsKw]) -> Connect:
    """Connect to an SSH server, as `ssh` would.

    Args:
        host: a name, an address, or an alias of the configuration; also `[user@]host[:port]`.
        port: the port; by default the configuration's, then 22.
        options: the fields of `ClientOptions`.

    Raises:
        UnknownOption: there is no option of that name.
        UsageError: an option has a value that cannot be used.
    """
    return Connect(
        portal(),
        aio_connecting.connect(
            host, port, **{key: unwrap(value) for key, value in options.items()}
        ),
    )
