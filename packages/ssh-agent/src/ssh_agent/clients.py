"""What both clients share: bounds, and the errors of a connection to an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_agent.errors import AgentTimeout, AgentUnavailable

if TYPE_CHECKING:
    from ssh_agent.errors import AgentError

__all__ = ["DEFAULT_TIMEOUT", "READ_SIZE", "closed", "connect_error", "conversation_error"]

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds for one reply: a key may wait for its user to confirm or to touch a token."""

READ_SIZE: Final = 65_536
"""Bytes of one read."""


def closed() -> AgentError:
    """Return the error of requests that wait when the client is closed."""
    return AgentUnavailable("the connection to the agent was closed")


def connect_error(path: str, error: OSError) -> AgentError:
    """Return the error of a connection that could not be made."""
    if isinstance(error, TimeoutError):
        return AgentTimeout(f"the agent at {path} does not take the connection")
    return AgentUnavailable(f"no agent at {path}: {error.strerror or error}")


def conversation_error(error: OSError | EOFError, timeout: float | None) -> AgentError:
    """Return the error of a request whose reply did not come."""
    if isinstance(error, TimeoutError):
        return AgentTimeout(f"the agent did not answer within {timeout} s")
    return AgentUnavailable(f"the connection to the agent was lost: {error}")
