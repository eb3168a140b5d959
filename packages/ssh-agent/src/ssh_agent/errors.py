"""What can go wrong with an agent.

    AgentError                 any of it
    ├── AgentRefused           the agent answered SSH_AGENT_FAILURE
    ├── AgentMisbehaved        the agent broke its protocol, or signed something else
    │   └── WrongReply         its reply belongs to another request: the order is lost
    ├── AgentUnavailable       no agent is there, or it went away (a ConnectionError)
    └── AgentTimeout           the agent did not answer in time (a TimeoutError)

Who only wants to know that the agent was of no help catches the first.
"""

from __future__ import annotations

from ssh_wire import SSHError

__all__ = [
    "AgentError",
    "AgentMisbehaved",
    "AgentRefused",
    "AgentTimeout",
    "AgentUnavailable",
    "WrongReply",
]


class AgentError(SSHError):
    """An agent did not do what it was asked."""


class AgentRefused(AgentError):
    """The agent is unable or unwilling: it lacks the key, is locked, or its user refused."""


class AgentMisbehaved(AgentError):
    """The agent's reply is not one that the request can have."""


class WrongReply(AgentMisbehaved):
    """The agent's reply belongs to another kind of request; nothing behind it can be trusted."""


class AgentUnavailable(AgentError, ConnectionError):
    """There is no agent, or the connection to it is gone."""


class AgentTimeout(AgentError, TimeoutError):
    """The agent did not answer in time."""
