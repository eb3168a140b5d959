"""What to start in a session, and how a command becomes a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from ssh_wire import UsageError, lazy, lazy_attrs
from ssh_wire.messages import connection as m

if TYPE_CHECKING:
    import shlex

    from ssh_connection.aio.client.session_forwarding import ForwardingRequest
    from ssh_connection.pty import Pty
else:
    shlex = lazy.module("shlex")  # most commands are strings

__all__ = ["Launch", "command_line", "signal_name"]

_SIGNALS: Final = frozenset(
    "ABRT ALRM FPE HUP ILL INT KILL PIPE QUIT SEGV TERM USR1 USR2".split()  # noqa: SIM905 (one line)
)
"""The names of RFC 4254 section 6.10."""
_OF_OPENSSH: Final = {"INFO": "INFO@openssh.com"}


@lazy_attrs.frozen(kw_only=True)
class Launch:
    """What to start, and in which surroundings."""

    command: str | None = None
    """The command line, for the remote shell to read; None starts a shell."""
    subsystem: str | None = None
    """A subsystem to start instead of a command."""
    pty: Pty | None = None
    """The terminal to ask for; without one standard error stays apart."""
    env: Mapping[str, str] = lazy_attrs.field(factory=dict[str, str])
    """Environment variables to ask for; servers accept few."""
    grace: float = 2.0
    """Seconds between TERM and KILL when the process is closed while it runs."""
    close_timeout: float = 1.0
    """Seconds to wait for the server's CLOSE before the channel is given up."""
    dies_with_channel: bool = False
    """Have a command end when its channel does, at servers that deliver no signals, too."""
    agent_forwarding: bool | None = None
    """Whether the agent is forwarded; None for as the connection has it."""
    x11_forwarding: bool | None = None
    """Whether X11 is forwarded; None for as the connection has it."""
    requests: Sequence[ForwardingRequest] = ()
    """What is asked for before all else; the connection fills it in."""

    def __attrs_post_init__(self) -> None:
        _check_text("command", self.command)
        _check_text("subsystem", self.subsystem)
        if self.dies_with_channel and self.command is None:
            problem = "dies_with_channel is for commands, not for shells and subsystems"
            raise UsageError(problem)
        for name, value in self.env.items():
            _check_text("the name of a variable in env", name)
            _check_text(f"the variable {name} in env", value)

    @property
    def request(self) -> m.ExecRequest | m.SubsystemRequest | m.ShellRequest:
        """The request that starts it (RFC 4254 section 6.5)."""
        if self.subsystem is not None:
            return m.SubsystemRequest(recipient=0, name=self.subsystem)
        if self.command is not None:
            line = self.command
            if self.is_tied:
                from ssh_connection.aio.process.lifeline import tied_to_stdin  # rarely used

                line = tied_to_stdin(line, self.grace)
            command = line.encode("utf-8", "surrogateescape")
            return m.ExecRequest(recipient=0, command=command)
        return m.ShellRequest(recipient=0)

    @property
    def is_tied(self) -> bool:
        """Whether its standard input tells it the end of its channel; a terminal hangs up."""
        return self.dies_with_channel and self.pty is None

    @property
    def title(self) -> str:
        """What it is, for messages."""
        if self.subsystem is not None:
            return f"subsystem {self.subsystem}"
        return self.command if self.command is not None else "the shell"


def command_line(command: str | Sequence[str]) -> str:
    """Return the command line to send: a string as it is, a list quoted for a POSIX shell.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(command, str):
        return command
    words = cast("object", command)
    if not isinstance(words, Sequence) or isinstance(words, bytes | bytearray):
        problem = f"command is text, or a list of texts, not a {type(words).__name__}"
        raise UsageError(problem)
    if not all(isinstance(word, str) for word in cast("Sequence[object]", words)):
        problem = "command is text, or a list of texts: one of the list is not text"
        raise UsageError(problem)
    return shlex.join(command)


def signal_name(name: str) -> str:
    """Return the name of a signal as it is sent (RFC 4254 section 6.9).

    Args:
        name: the name, with or without SIG.

    Raises:
        UsageError: there is no such signal, and it is not another maker's, with an @ in it.
    """
    short = name.removeprefix("SIG")
    if short in _SIGNALS or "@" in short:
        return short
    if short in _OF_OPENSSH:
        return _OF_OPENSSH[short]
    problem = f"{name!r} is not a signal of SSH: {', '.join(sorted(_SIGNALS))} or INFO"
    raise UsageError(problem)


def _check_text(what: str, value: object) -> None:
    """Refuse what no request can carry: OpenSSH ends the connection for a NUL character."""
    if value is None and what in {"command", "subsystem"}:
        return
    if not isinstance(value, str):
        problem = f"{what} is text, not {'None' if value is None else type(value).__name__}"
        raise UsageError(problem)
    if "\0" in value:
        problem = f"{what} cannot have a NUL character"
        raise UsageError(problem)
