"""What a session asks the server for, and what the command line does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.config import HostConfig

__all__ = ["SessionPlan", "merge_session"]


@lazy_attrs.frozen(kw_only=True)
class SessionPlan:
    """What a session is to be.  All but the environment is for the command line.

    Attributes:
        send_env: Patterns of local variables that are sent; "-pattern" takes names back (SendEnv).
        set_env: Variables that are sent, with their values (SetEnv).
        kind: What is started: nothing, a subsystem, or a shell or command (SessionType).
        command: What is run where the command line names no command (RemoteCommand).
        request_tty: Whether a terminal is asked for (RequestTTY).
        stdin_null: Whether nothing is read from standard input (StdinNull).
        escape_char: The escape character; "none" for none (EscapeChar).
        log_level: How much is told, from QUIET to DEBUG3 (LogLevel).
    """

    send_env: tuple[str, ...] = ()
    set_env: tuple[tuple[str, str], ...] = ()
    kind: Literal["none", "subsystem", "default"] = "default"
    command: str | None = None
    request_tty: Literal["yes", "no", "force", "auto"] = "auto"
    stdin_null: bool = False
    escape_char: str = "~"
    log_level: str | None = None


def merge_session(config: HostConfig) -> SessionPlan:
    """Return what a session is to be."""
    return SessionPlan(
        send_env=config.send_env,
        set_env=config.set_env,
        kind=config.session_type or "default",
        command=config.remote_command,
        request_tty=config.request_tty or "auto",
        stdin_null=config.stdin_null,
        escape_char=config.escape_char or "~",
        log_level=config.log_level,
    )
