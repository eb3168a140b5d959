"""Our client, pointed at a peer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import ssh_stack
from tests.interop.peers import USER

if TYPE_CHECKING:
    from ssh_stack import ClientOptionsKw, Connect
    from tests.interop.peers import Peer

__all__ = ["connect"]


def connect(peer: Peer, kind: str = "ed25519", **options: Unpack[ClientOptionsKw]) -> Connect:
    """Connect to a peer with one of its keys and nothing of this machine's own."""
    given: ClientOptionsKw = {
        "username": USER,
        "keys": [peer.keys.private[kind]],
        "agent": None,
        "known_hosts": peer.known_hosts,
        "config": None,
    }
    given.update(options)
    return ssh_stack.connect("127.0.0.1", peer.port, **given)
