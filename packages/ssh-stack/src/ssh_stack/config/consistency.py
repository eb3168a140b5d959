"""What `ssh` refuses although each line of the configuration is good (ssh.c, main)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_stack.config.names import is_safe_user
from ssh_stack.config.values import split_hop

if TYPE_CHECKING:
    from ssh_stack.config.host_config import HostConfig
    from ssh_stack.usage_errors import ConfigError

__all__ = ["check_consistency", "check_jump"]


def check_consistency(config: HostConfig, command: str = "") -> None:
    """Refuse a configuration with which the command line cannot do what it is asked for.

    Args:
        config: the options of the host.
        command: the command of the command line, or the subsystem.

    Raises:
        ConfigError: two options exclude each other; it names the line of one of them.
    """
    if config.user is not None and not _is_user_taken(config, config.user):
        raise _error(config, "User", f"cannot come to {config.user!r}")
    if not config.connection_attempts:
        raise _error(config, "ConnectionAttempts", "is 0: no connection would be tried")
    if config.proxy_command == "-" and config.proxy_use_fdpass:
        raise _error(config, "ProxyUseFdpass", 'excludes a ProxyCommand of "-"')
    if command and config.remote_command is not None:
        problem = "excludes a command on the command line"
        raise _error(config, "RemoteCommand", problem)
    runs = command or config.remote_command is not None or config.session_type == "none"
    if config.fork_after_authentication and not runs:
        problem = "needs a command: a shell cannot go to the background"
        raise _error(config, "ForkAfterAuthentication", problem)


def check_jump(config: HostConfig, host: str, user: str) -> None:
    """Refuse a jump host that is the host itself.

    Raises:
        ConfigError: it is; the line of ProxyJump is named.
    """
    if config.proxy_jump and _is_loop(config, host, user):
        raise _error(config, "ProxyJump", f"goes through {host} itself")


def _is_user_taken(config: HostConfig, name: str) -> bool:
    """Return whether a name is safe; what a file has literally is taken as it is."""
    found = config.found["User"][0]
    in_file = found.line is not None and found.line.number
    return bool(in_file and found.value == name) or is_safe_user(name)


def _is_loop(config: HostConfig, host: str, user: str) -> bool:
    name, jump, port = split_hop(config.proxy_jump[-1])
    return (jump, port or 22, name or user) == (host, config.port or 22, user)


def _error(config: HostConfig, keyword: str, problem: str) -> ConfigError:
    return config.found[keyword][0].error(problem)
