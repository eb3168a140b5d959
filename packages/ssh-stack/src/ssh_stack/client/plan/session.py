"""What a session asks the server for, and what the command line does with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, Protocol

from ssh_stack.client.plan.choice import choose
from ssh_stack.sources import DEFAULT, Default
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.client.x11_options import X11Forwarding
    from ssh_stack.config import HostConfig
    from ssh_stack.sources import Path
    from ssh_stack.usage_errors import ConfigError

__all__ = [
    "ConfiguredOnly",
    "ControlPlan",
    "ForwardingChoices",
    "SessionPlan",
    "X11Plan",
    "merge_session",
]


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
class X11Plan:
    """How X11 is forwarded.

    Attributes:
        trusted: Whether X11 clients of the other host have full access to the display
            (ForwardX11Trusted).
        timeout: Seconds for which connections of others are taken; 0 for ever (ForwardX11Timeout).
        xauth: The path of xauth; None for the usual one (XAuthLocation).
        display: The display; None for that of DISPLAY.
        single_connection: Whether a session gets one connection to the display alone.
    """

    trusted: bool = False
    timeout: float = 1200
    xauth: str | None = None
    display: str | None = None
    single_connection: bool = False


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
        forward_agent: Whether each session has an agent forwarded (ForwardAgent).
        agent: The socket of the agent that is forwarded; None for no agent; by default
            SSH_AUTH_SOCK.
        forward_x11: Whether each session has X11 forwarded (ForwardX11).
        x11: How X11 is forwarded (ForwardX11Trusted, ForwardX11Timeout, XAuthLocation).
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
    forward_agent: bool = False
    agent: Path | Default | None = DEFAULT
    forward_x11: bool = False
    x11: X11Plan = lazy_attrs.field(factory=X11Plan)
    control: ControlPlan = lazy_attrs.field(factory=ControlPlan)


class ForwardingChoices(Protocol):
    """The options that a session asks about: those of `ClientOptions`."""

    @property
    def agent_forwarding(self) -> bool | Path | Default:
        """Whether the agent is forwarded, and which."""
        ...

    @property
    def x11_forwarding(self) -> bool | X11Forwarding | Default:
        """Whether X11 is forwarded, and how."""
        ...


class ConfiguredOnly:
    """No choice but the configuration's."""

    agent_forwarding: Default = DEFAULT
    x11_forwarding: Default = DEFAULT


def merge_session(
    options: ForwardingChoices, config: HostConfig, usual_agent: Path | Default | None
) -> SessionPlan:
    """Return what a session is to be.

    Args:
        options: what `connect` was told.
        config: what the configuration says about the host.
        usual_agent: the agent that the user is authenticated with; None for no agent.
    """
    forward_agent, agent = _forwarded_agent(options, config, usual_agent)
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
        forward_agent=forward_agent,
        agent=agent,
        forward_x11=choose(options.x11_forwarding, config.forward_x11, usual=False) is not False,
        x11=_x11(options, config),
        control=ControlPlan(
            master=config.control_master,
            path=config.control_path,
            persist=config.control_persist,
        ),
    )


def _forwarded_agent(
    options: ForwardingChoices, config: HostConfig, usual: Path | Default | None
) -> tuple[bool, Path | Default | None]:
    """Return whether the agent is forwarded, and which one would be."""
    given: bool | Path | Default = options.agent_forwarding
    if isinstance(given, Default):
        configured = config.forward_agent
        if configured in {"no", "none"}:
            return False, usual
        return True, usual if configured in {"yes", None} else configured
    return (given, usual) if isinstance(given, bool) else (True, given)


def _x11(options: ForwardingChoices, config: HostConfig) -> X11Plan:
    given = options.x11_forwarding
    if isinstance(given, bool | Default):
        return X11Plan(
            trusted=config.forward_x11_trusted,
            timeout=config.forward_x11_timeout,
            xauth=config.xauth_location,
        )
    return X11Plan(
        trusted=config.forward_x11_trusted if given.trusted is None else given.trusted,
        timeout=config.forward_x11_timeout if given.timeout is None else given.timeout,
        xauth=config.xauth_location if given.xauth is None else os.fspath(given.xauth),
        display=given.display,
        single_connection=given.single_connection,
    )
