"""The SSH agent protocol (draft-miller-ssh-agent): the client's side.

    core       AgentProtocol: requests out, replies in, in order; no I/O
    requests   what can be asked, and how its reply is checked
    messages   declarations of the requests and replies
    framing    the length before each message
    identities the keys that an agent holds
    errors     AgentError and its kinds
    aio/       AgentClient over asyncio streams
    blocking/  AgentClient over a blocking socket

`core` decides and the two clients move bytes.  `messages` and `framing` take no side:
an agent's own core will stand beside `core` and use the same two.
"""

from __future__ import annotations

from ssh_agent.core import AgentProtocol as AgentProtocol
from ssh_agent.core import Exchange as Exchange
from ssh_agent.errors import AgentError as AgentError
from ssh_agent.errors import AgentMisbehaved as AgentMisbehaved
from ssh_agent.errors import AgentRefused as AgentRefused
from ssh_agent.errors import AgentTimeout as AgentTimeout
from ssh_agent.errors import AgentUnavailable as AgentUnavailable
from ssh_agent.errors import WrongReply as WrongReply
from ssh_agent.identities import Identities as Identities
from ssh_agent.identities import Identity as Identity
from ssh_agent.identities import SkippedIdentity as SkippedIdentity
from ssh_agent.requests import IdentitiesRequest as IdentitiesRequest
from ssh_agent.requests import Request as Request
from ssh_agent.requests import SignatureRequest as SignatureRequest
