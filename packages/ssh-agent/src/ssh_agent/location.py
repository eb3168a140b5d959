"""Where the agent listens: the path that was given, or SSH_AUTH_SOCK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_agent.errors import AgentUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["socket_path"]


def socket_path(path: str | None, environment: Mapping[str, str]) -> str:
    """Return the path of the agent's socket.

    Raises:
        AgentUnavailable: none was given and the environment names none.
    """
    found = environment.get("SSH_AUTH_SOCK", "") if path is None else path
    if not found:
        problem = "no agent: SSH_AUTH_SOCK is not set"
        raise AgentUnavailable(problem)
    return found
