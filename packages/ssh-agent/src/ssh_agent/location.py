"""Where the agent listens: the path that was given, SSH_AUTH_SOCK, or the places of Windows.

On Windows an agent has no Unix socket.  OpenSSH's listens on a named pipe; PuTTY's Pageant
takes window messages, and has a pipe too, whose path `pageant --openssh-config` writes down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ssh_agent.errors import AgentUnavailable
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PAGEANT", "Location", "Transport", "locate"]

Transport: TypeAlias = Literal["socket", "pipe", "pageant"]
"""How an agent is reached: a Unix socket, a named pipe of Windows, or Pageant's messages."""

PAGEANT: Final = "pageant"
"""The path that means Pageant, on Windows."""

_OPENSSH_PIPE: Final = "//./pipe/openssh-ssh-agent"
_PIPES: Final = "//./pipe/"


@lazy_attrs.frozen
class Location:
    """One place where an agent may listen.

    Attributes:
        path: the path of the socket or pipe, or `PAGEANT`.
        transport: how it is reached.
    """

    path: str
    transport: Transport = "socket"


def locate(
    path: str | None, environment: Mapping[str, str], platform: str
) -> tuple[Location, ...]:
    """Return the places of the agent, the first that answers is it.

    Args:
        path: the path that was given; None for that of SSH_AUTH_SOCK, and on Windows without
            that variable for OpenSSH's agent, then Pageant.
        environment: the environment variables.
        platform: the value of `sys.platform`.

    Raises:
        AgentUnavailable: none was given and the environment names none.
    """
    windows = platform == "win32"
    found = environment.get("SSH_AUTH_SOCK", "") if path is None else path
    if windows and not found and path is None:
        return Location(_OPENSSH_PIPE, "pipe"), Location(PAGEANT, "pageant")
    if not found:
        problem = "no agent: SSH_AUTH_SOCK is not set"
        raise AgentUnavailable(problem)
    if windows and found == PAGEANT:
        return (Location(PAGEANT, "pageant"),)
    if windows and found.replace("\\", "/").startswith(_PIPES):
        return (Location(found, "pipe"),)
    return (Location(found),)
