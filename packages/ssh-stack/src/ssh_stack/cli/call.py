"""What one call of `ssh` does once it is connected: command line and configuration together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal, Protocol

from ssh_stack.cli.command_exit import CommandExit
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_connection.addresses import Address
    from ssh_stack.cli.arguments import Arguments
    from ssh_stack.cli.report import Report
    from ssh_stack.client.plan.forwards import ForwardsPlan
    from ssh_stack.client.plan.session import ControlPlan, SessionPlan

__all__ = ["Call", "CallPlan", "wants_terminal"]

_CONTROL: Final = 31
_STDIN: Final = 0


class CallPlan(Protocol):
    """What a call needs to know of a `ConnectionPlan`."""

    @property
    def hostname(self) -> str:
        """The name or address to connect to."""
        ...

    @property
    def port(self) -> int:
        """The port to connect to."""
        ...

    @property
    def session(self) -> SessionPlan:
        """What a session asks for."""
        ...

    @property
    def forwards(self) -> ForwardsPlan:
        """What is forwarded."""
        ...


_KEYSTROKES: Final = 20
"""What `ssh` does where nothing is configured (SSH_KEYSTROKE_DEFAULT_INTERVAL_MS)."""


@lazy_attrs.frozen(kw_only=True)
class Call:
    """What is to be done with the connection."""

    host: str
    """The host, for messages."""
    port: int
    """Its port, for messages."""
    kind: Literal["default", "none", "subsystem"]
    """Whether there is a session, and of what: a command or shell, or a subsystem."""
    command: str | None
    """The command, or the name of the subsystem; None for a shell."""
    terminal: Literal["auto", "force", "no", "yes"]
    """Whether a terminal is asked for."""
    no_input: bool
    """Whether nothing is read from standard input."""
    background: bool
    """Whether the program goes to the background when the user is logged in."""
    escape: int | None
    """The code of the escape character; None for none."""
    keystroke_interval: int
    """Milliseconds between the packets of what is typed; 0 for as it is typed."""
    command_line: bool
    """Whether the escape `C` opens a command line."""
    stdio_forward: Address | None
    """What standard input and output are joined to, as the server reaches it."""
    forwards: ForwardsPlan
    """What is forwarded."""
    control: ControlPlan
    """How the connection is shared."""
    send_env: tuple[str, ...]
    """Patterns of the variables that clients of a shared connection may send."""
    is_proxied: bool = False
    """Whether the connection is a master's, used in proxy mode."""

    @classmethod
    def of(cls, arguments: Arguments, plan: CallPlan) -> Call:
        """Return what the command line and the configuration come to.

        Raises:
            UsageError: they contradict each other.
            CommandExit: something that is needed is missing.
        """
        session = plan.session
        call = cls(
            host=plan.hostname,
            port=plan.port,
            kind=session.kind,
            command=_command(arguments.command, session.command),
            terminal=session.request_tty,
            # "implies the StdinNull configuration option being set" (ForkAfterAuthentication)
            no_input=session.stdin_null or session.to_background,
            background=session.to_background,
            escape=_escape_code(session.escape_char),
            keystroke_interval=_KEYSTROKES
            if session.keystroke_interval is None
            else session.keystroke_interval,
            command_line=session.escape_command_line,
            stdio_forward=arguments.stdio_forward,
            forwards=plan.forwards,
            control=session.control,
            send_env=session.send_env,
            is_proxied=arguments.control_path is not None,
        )
        call.check()
        return call

    @property
    def is_master(self) -> bool:
        """Whether the connection is shared with later calls."""
        return self.control.master != "no" and self.control.path is not None

    @property
    def may_have_terminal(self) -> bool:
        """Whether a terminal may be asked for."""
        if self.kind != "default" or self.terminal == "no":
            return False
        return self.command is None or self.terminal != "auto"

    def check(self) -> None:
        """Refuse what cannot be done.

        Raises:
            CommandExit: something that is needed is missing.
        """
        if self.kind == "subsystem" and self.command is None:
            problem = "-s needs the name of a subsystem"
            raise CommandExit(problem)
        if self.background and self.command is None and self.kind != "none":
            problem = "-f needs a command to run in the background, or -N"
            raise CommandExit(problem)


def _command(given: str | None, configured: str | None) -> str | None:
    if given is not None and configured is not None:
        problem = "RemoteCommand of the configuration excludes a command here"
        raise UsageError(problem)
    return given if configured is None else configured


def _escape_code(character: str) -> int | None:
    """Return the code of an EscapeChar: a character, ^ and a letter, or none."""
    if character == "none":
        return None
    return ord(character[1]) & _CONTROL if len(character) > 1 else ord(character)


def wants_terminal(call: Call, report: Report) -> bool:
    """Decide as ssh does: a shell gets one, a command when asked, and stdin has to be one."""
    match call.terminal:
        case "force":
            return True
        case "no":
            return False
        case "yes" if not os.isatty(_STDIN):
            report.warn("no terminal is allocated, because stdin is not a terminal")
            return False
        case "yes":
            return True
        case "auto":
            return call.command is None and os.isatty(_STDIN)
