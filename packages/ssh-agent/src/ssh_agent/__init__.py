"""The SSH agent protocol (draft-miller-ssh-agent): the client's side.

Public modules:

    errors     AgentError and its kinds
    aio        AgentClient over asyncio streams
    blocking   AgentClient over a blocking socket

Internal:

    core       AgentProtocol: requests out, replies in, in order; no I/O
    requests   the requests, and how each reply is checked
    messages   declarations of the requests and replies
    framing    the length before each message
    identities the keys that an agent holds
    clients    what both clients share: their errors and bounds
    location   where the agent is

`core` decides and the two clients move bytes.
"""

from __future__ import annotations

from ssh_agent.core import AgentProtocol as AgentProtocol
from ssh_agent.core import PendingRequest as PendingRequest
from ssh_agent.errors import AgentError as AgentError
from ssh_agent.errors import AgentMisbehaved as AgentMisbehaved
from ssh_agent.errors import AgentRefused as AgentRefused
from ssh_agent.errors import AgentTimeout as AgentTimeout
from ssh_agent.errors import AgentUnavailable as AgentUnavailable
from ssh_agent.errors import WrongReply as WrongReply
from ssh_agent.identities import Identities as Identities
from ssh_agent.identities import Identity as Identity
from ssh_agent.identities import SkippedIdentity as SkippedIdentity
from ssh_agent.requests import AgentRequest as AgentRequest
from ssh_agent.requests import IdentitiesRequest as IdentitiesRequest
from ssh_agent.requests import SignatureRequest as SignatureRequest
