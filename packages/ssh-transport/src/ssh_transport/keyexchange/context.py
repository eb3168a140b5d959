"""What a connection has learnt, and what its key exchanges act on."""

from __future__ import annotations

from collections.abc import Callable

from ssh_keys import PublicKey
from ssh_transport.events import Event
from ssh_transport.kex.base import Random
from ssh_transport.keyexchange.negotiation import Agreement
from ssh_transport.options import Guess, TransportOptions
from ssh_transport.packets.inbound import Inbound
from ssh_transport.packets.outbound import Outbound
from ssh_wire import lazy_attrs

__all__ = ["KexContext", "SessionState"]


class SessionState:
    """What the connection has learnt; it lives longer than one exchange.

    Attributes:
        client_version: the client's identification, as it is hashed.
        server_version: the server's identification, as it is hashed.
        session_id: the exchange hash of the first exchange (RFC 4253 section 7.2).
        strict: whether both sides follow strict key exchange.
        extensions: whether the peer takes SSH_MSG_EXT_INFO (RFC 8308 section 2.1).
        agreement: what the keys in use were negotiated as.
        host_key: the server's host key, once it was accepted.
        peer_first: what the peer wants first.
        peer_software: the peer's softwareversion, escaped; empty before it identified itself.
    """

    __slots__ = (
        "agreement",
        "client_version",
        "extensions",
        "host_key",
        "peer_first",
        "peer_software",
        "server_version",
        "session_id",
        "strict",
    )

    def __init__(self) -> None:
        self.client_version: bytes = b""
        self.server_version: bytes = b""
        self.session_id: bytes = b""
        self.strict: bool = False
        self.extensions: bool = False
        self.agreement: Agreement | None = None
        self.host_key: PublicKey | None = None
        self.peer_first: Guess | None = None
        self.peer_software: str = ""


@lazy_attrs.frozen
class KexContext:
    """What an exchange acts on."""

    options: TransportOptions
    random: Random
    inbound: Inbound
    outbound: Outbound
    session: SessionState
    emit: Callable[[Event], None]
