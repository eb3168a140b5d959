"""The SSH agent protocol (draft-miller-ssh-agent), both sides.

Public modules:

    errors     AgentError and its kinds
    aio        AgentClient over asyncio streams, and the agent on a Unix socket
    blocking   AgentClient over a blocking socket
    server     the agent without I/O: Keyring, AgentConnection
    program    the program ssh-agent; `python -m ssh_agent`

Internal:

    core            AgentProtocol: requests out, replies in, in order; no I/O
    requests        the requests, and how each reply is checked
    messages        declarations of the requests and replies
    framing         the length before each message
    identities      the keys that an agent holds
    added_identity  a private key on its way into an agent
    constraints     how a key may be used
    destinations    the hosts that a key may be used to log in to
    forwarding      an agent for the other end of an SSH session
    clients         what both clients share: their errors and bounds
    location        where the agent is

`core` decides and the two clients move bytes.  What a plain login does not use loads when it is
used first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssh_wire import lazy

if TYPE_CHECKING:
    from ssh_agent.added_identity import AddedIdentity as AddedIdentity
    from ssh_agent.constraints import Constraints as Constraints
    from ssh_agent.core import AgentProtocol as AgentProtocol
    from ssh_agent.core import PendingRequest as PendingRequest
    from ssh_agent.destinations import DestinationConstraint as DestinationConstraint
    from ssh_agent.destinations import DestinationKey as DestinationKey
    from ssh_agent.destinations import Hop as Hop
    from ssh_agent.errors import AgentError as AgentError
    from ssh_agent.errors import AgentMisbehaved as AgentMisbehaved
    from ssh_agent.errors import AgentRefused as AgentRefused
    from ssh_agent.errors import AgentTimeout as AgentTimeout
    from ssh_agent.errors import AgentUnavailable as AgentUnavailable
    from ssh_agent.errors import WrongReply as WrongReply
    from ssh_agent.forwarding import AgentForwarding as AgentForwarding
    from ssh_agent.forwarding import ForwardedSession as ForwardedSession
    from ssh_agent.identities import Identities as Identities
    from ssh_agent.identities import Identity as Identity
    from ssh_agent.identities import SkippedIdentity as SkippedIdentity
    from ssh_agent.requests import ActionRequest as ActionRequest
    from ssh_agent.requests import AgentRequest as AgentRequest
    from ssh_agent.requests import ExtensionNamesRequest as ExtensionNamesRequest
    from ssh_agent.requests import ExtensionRequest as ExtensionRequest
    from ssh_agent.requests import IdentitiesRequest as IdentitiesRequest
    from ssh_agent.requests import SignatureRequest as SignatureRequest
else:
    __getattr__, __dir__, __all__ = lazy.names(
        __name__,
        {
            "ssh_agent.added_identity": "AddedIdentity",
            "ssh_agent.constraints": "Constraints",
            "ssh_agent.core": "AgentProtocol PendingRequest",
            "ssh_agent.destinations": "DestinationConstraint DestinationKey Hop",
            "ssh_agent.errors": (
                "AgentError AgentMisbehaved AgentRefused AgentTimeout AgentUnavailable WrongReply"
            ),
            "ssh_agent.forwarding": "AgentForwarding ForwardedSession",
            "ssh_agent.identities": "Identities Identity SkippedIdentity",
            "ssh_agent.requests": (
                "ActionRequest AgentRequest ExtensionNamesRequest ExtensionRequest "
                "IdentitiesRequest SignatureRequest"
            ),
        },
    )
