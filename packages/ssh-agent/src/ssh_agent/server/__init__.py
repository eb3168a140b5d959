"""The agent's side of the protocol without I/O.

    keyring       Keyring: the identities, their lifetimes, the lock
    connection    AgentConnection: one client, from bytes to replies and events
    events        what a connection asks its driver for
    signers       AgentSigner: what signs with a key that is elsewhere
    held          one identity of a keyring
    requests      what each request does
    bindings      the SSH sessions that a connection is bound to
    route         destination constraints along a chain of hops
    userauth      the data of a user authentication request
    lock          the passphrase of a locked agent

`ssh_agent.aio.serve` is its driver on a Unix socket.
"""

from __future__ import annotations

from ssh_agent.server.connection import AgentConnection as AgentConnection
from ssh_agent.server.events import ConfirmationNeeded as ConfirmationNeeded
from ssh_agent.server.events import SignatureNeeded as SignatureNeeded
from ssh_agent.server.held import HeldIdentity as HeldIdentity
from ssh_agent.server.keyring import Keyring as Keyring
from ssh_agent.server.keyring import KeyringFull as KeyringFull
from ssh_agent.server.signers import AgentSigner as AgentSigner
