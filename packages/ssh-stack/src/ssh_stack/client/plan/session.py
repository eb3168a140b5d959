"""What a session asks the server for, and what the command line does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from pathlib import Path

    from ssh_stack.config import HostConfig
    from ssh_stack.usage_errors import ConfigError

__all__ = ["ControlPlan", "SessionPlan", "merge_session"]


@lazy_attrs.frozen(kw_only=True)
class ControlPlan:
    """How a connection is shared with later calls.

    Attributes:
        master: Whether it is (ControlMaster).
        path: The socket by which it is (ControlPath).
        persist: Seconds for which it is kept when it is idle; 0 for ever, "no" for not at all
            (ControlPersist).
    """

    master: Literal["yes", "no", "ask", "auto", "autoask"] = "no"
    path: Path | None = None
    persist: int | Literal["no"] = "no"


@lazy_attrs.frozen(kw_only=True)
class SessionPlan:
    """What a session is to be.

    All but the environment and the local command is for the command line.

    Attributes:
        send_env: Patterns of local variables that are sent; "-pattern" takes names back (SendEnv).
        set_env: Variables that are sent, with their values (SetEnv).
        kind: What is started: nothing, a subsystem, or a shell or command (SessionType).
        command: What is run where the command line names no command (RemoteCommand).
        local_command: What is run here once the user is logged in, with its %-tokens; None where
            PermitLocalCommand does not allow it (LocalCommand).
        local_command_error: Why that command cannot be run; told where it would be.
        request_tty: Whether a terminal is asked for (RequestTTY).
        stdin_null: Whether nothing is read from standard input (StdinNull).
        escape_char: The escape character; "none" for none (EscapeChar).
        escape_command_line: Whether the escape sequence C opens a command line
            (EnableEscapeCommandline).
        log_level: How much is told, from QUIET to DEBUG3 (LogLevel).
        log_verbose: Patterns of source files, functions and lines that tell all (LogVerbose).
        syslog_facility: The facility of what goes to syslog (SyslogFacility).
        to_background: Whether the command line goes to the background once the user is logged in
            (ForkAfterAuthentication).
        keystroke_interval: Milliseconds between the packets of typed keys; 0 for as they are typed
            (ObscureKeystrokeTiming).
        channel_timeouts: Patterns of types of channels, each with the seconds of silence that
            close one (ChannelTimeout).
        forward_agent: Whether an agent is forwarded: the usual one, none, or the one of this
            socket (ForwardAgent).
        forward_x11: Whether X11 is forwarded (ForwardX11).
        forward_x11_trusted: Whether X11 clients there have full access to the display
            (ForwardX11Trusted).
        forward_x11_timeout: Seconds after which X11 is forwarded no more; 0 for never
            (ForwardX11Timeout).
        xauth: The path of xauth (XAuthLocation).
        control: How the connection is shared with later calls.
    """

    send_env: tuple[str, ...] = ()
    set_env: tuple[tuple[str, str], ...] = ()
    kind: Literal["none", "subsystem", "default"] = "default"
    command: str | None = None
    local_command: str | None = None
    local_command_error: ConfigError | None = lazy_attrs.field(default=None, eq=False)
    request_tty: Literal["yes", "no", "force", "auto"] = "auto"
    stdin_null: bool = False
    escape_char: str = "~"
    escape_command_line: bool = False
    log_level: str | None = None
    log_verbose: tuple[str, ...] = ()
    syslog_facility: str = "USER"
    to_background: bool = False
    keystroke_interval: int | None = None
    channel_timeouts: tuple[tuple[str, int], ...] = ()
    forward_agent: Path | Literal["yes", "no", "none"] | None = "no"
    forward_x11: bool = False
    forward_x11_trusted: bool = False
    forward_x11_timeout: int = 1200
    xauth: str | None = None
    control: ControlPlan = lazy_attrs.field(factory=ControlPlan)


def merge_session(config: HostConfig) -> SessionPlan:
    """Return what a session is to be."""
    return SessionPlan(
        send_env=config.send_env,
        set_env=config.set_env,
        kind=config.session_type or "default",
        command=config.remote_command,
        local_command=config.local_command if config.permit_local_command else None,
        local_command_error=config.late_errors.get("local_command"),
        request_tty=config.request_tty or "auto",
        stdin_null=config.stdin_null,
        escape_char=config.escape_char or "~",
        escape_command_line=config.enable_escape_commandline,
        log_level=config.log_level,
        log_verbose=config.log_verbose,
        syslog_facility=config.syslog_facility,
        to_background=config.fork_after_authentication,
        keystroke_interval=config.obscure_keystroke_timing,
        channel_timeouts=config.channel_timeouts,
        forward_agent=config.forward_agent,
        forward_x11=config.forward_x11,
        forward_x11_trusted=config.forward_x11_trusted,
        forward_x11_timeout=config.forward_x11_timeout,
        xauth=config.xauth_location,
        control=ControlPlan(
            master=config.control_master,
            path=config.control_path,
            persist=config.control_persist,
        ),
    )
