"""The agent of ssh-add, and what is printed when it refuses."""

from __future__ import annotations

import os
from typing import Final

from ssh_agent import AgentError, AgentRefused
from ssh_agent.blocking import AgentClient
from ssh_stack.cli.command_exit import CommandExit

__all__ = ["open_agent", "reason"]

_NO_AGENT: Final = 2


def open_agent() -> AgentClient:
    """Connect to the agent of SSH_AUTH_SOCK, which may take any time to answer.

    Raises:
        CommandExit: there is none; the exit status is that of ssh-add.
    """
    try:
        return AgentClient.connect(timeout=None)
    except AgentError as error:
        if not os.environ.get("SSH_AUTH_SOCK"):
            problem = "Could not open a connection to your authentication agent."
        else:
            cause = error.__cause__
            words = cause.strerror if isinstance(cause, OSError) else None
            problem = f"Error connecting to agent: {words or error}"
        raise CommandExit(problem, _NO_AGENT) from None


def reason(error: AgentError) -> str:
    """Return why an agent did not do what it was asked, in the words of OpenSSH."""
    if isinstance(error, AgentRefused):
        return "agent refused operation"
    return f"communication with agent failed: {error}"
