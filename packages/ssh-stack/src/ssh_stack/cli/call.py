"""What one call of `ssh` does once it is connected: command line and configuration together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.supported_forwards import problem_of
from ssh_wire import UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.cli.arguments import Arguments
    from ssh_stack.client.plan import ConnectionPlan
    from ssh_stack.client.plan.forwards import ForwardsPlan

__all__ = ["Call"]

_CONTROL: Final = 31


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
    command_line: bool
    """Whether the escape `C` opens a command line."""
    stdio_forward: tuple[str, int] | None
    """The host and port that standard input and output are joined to."""
    forwards: ForwardsPlan
    """What is forwarded."""
    problems: tuple[str, ...]
    """Why forwards do not work yet that the configuration asks for."""

    @classmethod
    def of(cls, arguments: Arguments, plan: ConnectionPlan) -> Call:
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
            command_line=session.escape_command_line,
            stdio_forward=arguments.stdio_forward,
            forwards=_supported(plan.forwards),
            problems=_problems(plan.forwards),
        )
        call.check()
        return call

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
        if self.problems and self.forwards.exit_on_failure:
            problem = f"{self.problems[0]}, and ExitOnForwardFailure is set"
            raise CommandExit(problem)


def _problems(forwards: ForwardsPlan) -> tuple[str, ...]:
    return tuple(filter(None, map(problem_of, (*forwards.local, *forwards.remote))))


def _supported(forwards: ForwardsPlan) -> ForwardsPlan:
    if not _problems(forwards):
        return forwards

    local = tuple(each for each in forwards.local if not problem_of(each))
    remote = tuple(each for each in forwards.remote if not problem_of(each))
    return lazy_attrs.evolve(forwards, local=local, remote=remote)


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
