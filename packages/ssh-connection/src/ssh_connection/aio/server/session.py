"""A client's session, as the server's handler sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, ParamSpec

from ssh_auth import Permissions
from ssh_connection.aio.callbacks import logged
from ssh_connection.aio.server import internal_sftp
from ssh_connection.aio.streams import ByteReader
from ssh_connection.errors import ChannelClosed
from ssh_connection.pty import Pty
from ssh_connection.results import ExitSignal
from ssh_keys import PublicKey, plain_key
from ssh_wire import WireError, lazy_attrs
from ssh_wire.messages import connection as m
from ssh_wire.messages.openssh import EndOfWrite
from ssh_wire.modes import decode_modes

if TYPE_CHECKING:
    from ssh_connection.aio.channel import Channel
    from ssh_connection.aio.server.session_policy import SessionHandler, SessionPolicy
    from ssh_connection.aio.server.x11_displays import SessionX11
    from ssh_connection.replies import PendingReply
    from ssh_keys import Credential
    from ssh_wire.primitives import Buffer

__all__ = ["Session", "User"]

_P = ParamSpec("_P")
_CLOSED = "the client closed the session"
_MAX_SIZE = 0xFFFF  # of a terminal, in either direction

_log = logging.getLogger("ssh_connection.server")


@lazy_attrs.frozen
class User:
    """The user that is authenticated."""

    name: str
    """The user name that was authenticated."""
    credential: Credential | None
    """The key or certificate whose signature was verified last, if there was one."""
    permissions: Permissions
    """What the methods that authenticated the user allow."""

    @property
    def key(self) -> PublicKey | None:
        """The key of the credential, certified or not."""
        return None if self.credential is None else plain_key(self.credential)


class Session:
    """One session: what the client asked for, its three streams, and its end.

    The handler gets it once the client has asked for a command, a shell or a subsystem.
    When the handler returns, the session ends with the status that it returned or gave to
    `exit`; without one it has failed, and the client is told 255.  When the client closes the
    session first, the handler is cancelled.
    """

    def __init__(self, channel: Channel, user: User, policy: SessionPolicy) -> None:
        self.user = user
        """The user that is authenticated."""
        self.command: bytes | None = None
        """The command line, as it came; None for a shell or a subsystem."""
        self.original_command: bytes | None = None
        """The command line or subsystem that was asked for, where another command is forced."""
        self.subsystem: str | None = None
        """The subsystem, if one was asked for."""
        self.pty: Pty | None = None
        """The terminal that was asked for."""
        self.env: dict[str, str] = {}
        """The environment variables that were asked for and allowed."""
        self.agent_socket: str | None = None
        """The socket at which the client's agent is reached, where it is forwarded."""
        self.x11: SessionX11 | None = None
        """The display of the session, where X11 is forwarded."""
        self.channel = channel
        """The channel; connect a receiver to it to bypass the streams."""
        self.on_resize: Callable[[int, int], None] | None = None
        """Called with columns and rows when the client's terminal changes its size."""
        self.on_signal: Callable[[str], None] | None = None
        """Called with the name (without SIG) of a signal that the client sends."""
        self.on_break: Callable[[int], None] | None = None
        """Called with the milliseconds of a BREAK (RFC 4335), 0 for the usual time."""
        self.on_output_unread: Callable[[], None] | None = None
        """Called when the client reads no more output: the command's pipe has no reader."""
        self._stdin = ByteReader(channel.consumed)
        self._policy = policy
        self._started = False
        self._ended = False
        self._room = asyncio.Event()
        self._room.set()
        self._unread = False
        channel.on_request = self._request_received

    # ------------------------------------------------------------- the handler's side

    @property
    def peer(self) -> tuple[str, int] | None:
        """The address and port that the client connected from, if it has one."""
        return self._policy.peer

    @property
    def local(self) -> tuple[str, int] | None:
        """The address and port that the client connected to, if it has one."""
        return self._policy.local

    @property
    def client_version(self) -> str:
        """The softwareversion that the client identified itself with, escaped."""
        return self._policy.client_version

    @property
    def stdin(self) -> ByteReader:
        """What the client sends."""
        self.use_streams()
        return self._stdin

    def use_streams(self) -> None:
        """Take what the client sends through `stdin`, unless the channel has a receiver."""
        if not self.channel.is_connected:
            self.channel.connect(self, auto_adjust=False)

    async def write(self, data: Buffer) -> None:
        """Send standard output; wait while there is no room.

        Raises:
            ChannelClosed: the client has closed the session, or reads no more output.
        """
        self.use_streams()
        if self._unread:
            problem = "the client reads no more output"
            raise ChannelClosed(problem)
        self.channel.write(data)
        await self._has_room()

    async def write_stderr(self, data: Buffer) -> None:
        """Send standard error; wait while there is no room.

        Raises:
            ChannelClosed: the client has closed the session.
        """
        self.use_streams()
        self.channel.core.write_stderr(data)
        await self._has_room()

    async def _has_room(self) -> None:
        await self._room.wait()
        if self.channel.is_closed:
            raise self.channel.error or ChannelClosed(_CLOSED)

    @property
    def has_started(self) -> bool:
        """Whether the client has asked for a command, a shell or a subsystem."""
        return self._started

    @property
    def has_ended(self) -> bool:
        """Whether `exit` was called, or the client has closed the session."""
        return self._ended or self.channel.is_closing

    def exit(self, status: int | ExitSignal) -> None:
        """End the session behind all that was written: an exit status, or a signal."""
        if self.has_ended:
            return
        self._ended = True
        core = self.channel.core
        core.write_eof()
        if isinstance(status, ExitSignal):
            core.in_order(
                m.ExitSignal(
                    recipient=0,
                    name=status.name,
                    core_dumped=status.core_dumped,
                    message=status.message,
                )
            )
        else:
            core.in_order(m.ExitStatus(recipient=0, status=status & 0xFFFFFFFF))
        core.close()

    # ------------------------------------------------------------- the channel's side

    def data_received(self, data: memoryview) -> None:
        """Take what the client sends."""
        self._stdin.feed(data)

    def eof_received(self) -> None:
        """Handle EOF: the client sends no more."""
        self._stdin.feed_eof()

    def pipe_closed(self, error: Exception | None) -> None:
        """Handle the end of the session."""
        self._stdin.feed_eof(error or ChannelClosed(_CLOSED))
        self._room.set()

    def pause_writing(self) -> None:
        """Pause writing: too much is held back."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Resume writing: there is room again."""
        self._room.set()

    # ------------------------------------------------------------- requests

    def _request_received(self, request: m.RequestHead, reply: PendingReply) -> None:
        core = self.channel.core
        take = self._policy.takers.get(type(request))
        if take is not None and take(self, request) is True:
            core.grant(reply)
        else:
            core.deny(reply)

    def _ask_for_terminal(self, request: m.PtyRequest) -> bool:
        return not self._started and self._policy.pty and self._set_terminal(request)

    def _ask_for_size(self, request: m.WindowChange) -> bool:
        return self.pty is not None and self._resize(*_size(request))

    def _send_signal(self, request: m.SignalRequest) -> bool:
        # whoever may run one command alone does not steer it either
        forced = self.user.permissions.forced_command is not None
        if not self._started or self.on_signal is None or forced:
            return False
        return _call(self.on_signal, request.name)

    def _send_break(self, request: m.BreakRequest) -> bool:
        if not self._started or self.on_break is None:
            return False
        return _call(self.on_break, request.length)

    def _end_output(self, _request: EndOfWrite) -> bool:
        """Take that the client reads no more output (PROTOCOL section 2.1)."""
        self._unread = True
        return self.on_output_unread is None or _call(self.on_output_unread)

    def stop_input(self) -> None:
        """Tell the client that its input is not read any more (PROTOCOL section 2.1)."""
        if self.channel.takes_eow and not self.has_ended:
            self.channel.notify(EndOfWrite(recipient=0))

    def _start(self, request: m.ExecRequest | m.ShellRequest | m.SubsystemRequest) -> bool:
        # "Only one of these requests can succeed per channel" (RFC 4254 section 6.5)
        if self._started:
            return False
        forced = self.user.permissions.forced_command
        command, subsystem = None, None
        if isinstance(request, m.ExecRequest):
            command = request.command
        elif isinstance(request, m.SubsystemRequest):
            subsystem = request.name
        if forced is not None:
            name = None if subsystem is None else subsystem.encode()
            self.original_command = name if command is None else command
            command = forced.encode("utf-8", "surrogateescape")
            asked, subsystem = subsystem is not None, None
            if internal_sftp.is_internal_sftp(forced):
                return self._start_internal_sftp(forced, asked=asked)
        return self._run(self._policy.handler_for(subsystem), command, subsystem)

    def _start_internal_sftp(self, forced: str, *, asked: bool) -> bool:
        """Serve SFTP to a client that asked for a subsystem, and nothing to another one."""
        if asked and not internal_sftp.has_arguments(forced):
            name = internal_sftp.SUBSYSTEM
            return self._run(self._policy.handler_for(name), None, name)
        return self._run(internal_sftp.refuse, forced.encode("utf-8", "surrogateescape"), None)

    def _run(
        self, handler: SessionHandler | None, command: bytes | None, subsystem: str | None
    ) -> bool:
        if handler is None:
            return False
        self.command, self.subsystem = command, subsystem
        self.env |= self._policy.user_environment(self.user.permissions)
        kind = "shell" if command is None else "command"
        what = kind if subsystem is None else f"subsystem:{subsystem}"
        self.channel.core.label = f"session:{what}"  # as sshd has it (ChannelTimeout)
        self._started = True
        self._policy.spawn(self, handler)
        return True

    def _set_terminal(self, request: m.PtyRequest) -> bool:
        try:
            modes = decode_modes(request.modes)
        except WireError:
            return False
        columns, rows = _size(request)
        self.pty = Pty(request.term, columns or 80, rows or 24, modes)
        return True

    def _resize(self, columns: int, rows: int) -> bool:
        if self.pty is not None and columns and rows:
            # a handler that has not begun yet begins with the new size
            self.pty = lazy_attrs.evolve(self.pty, columns=columns, rows=rows)
        return self.on_resize is None or _call(self.on_resize, columns, rows)

    def _set_variable(self, request: m.EnvRequest) -> bool:
        if self._started:
            return False
        if b"\0" in request.name + request.value or b"=" in request.name or not request.name:
            return False
        name = request.name.decode("utf-8", "surrogateescape")
        allowed = name in self._policy.env and len(self.env) < self._policy.limits.environment
        if allowed:
            self.env[name] = request.value.decode("utf-8", "surrogateescape")
        return allowed

    TAKEN: ClassVar[Mapping[type[m.RequestHead], Callable[..., bool]]] = {
        m.ExecRequest: _start,
        m.ShellRequest: _start,
        m.SubsystemRequest: _start,
        m.PtyRequest: _ask_for_terminal,
        m.EnvRequest: _set_variable,
        m.WindowChange: _ask_for_size,
        m.SignalRequest: _send_signal,
        m.BreakRequest: _send_break,
        EndOfWrite: _end_output,
    }
    """What takes the requests of RFC 4254 section 6, RFC 4335 and OpenSSH, by their classes."""


def _size(request: m.PtyRequest | m.WindowChange) -> tuple[int, int]:
    """Return columns and rows, at most what a terminal can have; 0 is to be ignored."""
    return min(request.columns, _MAX_SIZE), min(request.rows, _MAX_SIZE)


def _call(function: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> bool:
    """Call a function of the handler; return whether it worked."""
    with logged(_log, "a function of a session handler failed") as guard:
        function(*args, **kwargs)
    return not guard.failed
