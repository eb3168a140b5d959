"""What ends a connection, and what a caller did wrong.

SSHError
├── ProtocolError                 the peer broke a rule; carries the DISCONNECT reason
│   ├── IdentificationError       8   no SSH 2.0, or a line that breaks a limit
│   │   └── ClosedBeforeIdentification  the server closed, or reset, before it sent any
│   ├── NegotiationFailed         3   no common algorithm
│   ├── KeyExchangeFailed         3   a bad share, point, ciphertext or host signature
│   │   └── RekeyTimeout          3   a key re-exchange that does not complete (TimeoutError)
│   ├── HostKeyRefused            9   the host key is not trusted
│   ├── MACFailed                 5   a packet that is not authentic
│   ├── CompressionFailed         6   a payload that cannot be expanded, or is too large then
│   └── ServiceRefused            7   a service that is not offered, or out of order
├── UsageError
│   ├── ConnectionClosed          the connection has ended (ConnectionError)
│   └── HeldQueueFull             too much was sent while a key exchange is under way
├── PeerDisconnected              the peer sent SSH_MSG_DISCONNECT (ConnectionError)
└── ConnectionLost                the byte stream ended without one (ConnectionError)
"""

from __future__ import annotations

from ssh_wire import DisconnectReason, ProtocolError, SSHError, UsageError

__all__ = [
    "ClosedBeforeIdentification",
    "CompressionFailed",
    "ConnectionClosed",
    "ConnectionLost",
    "HeldQueueFull",
    "HostKeyRefused",
    "IdentificationError",
    "KeyExchangeFailed",
    "MACFailed",
    "NegotiationFailed",
    "PeerDisconnected",
    "RekeyTimeout",
    "ServiceRefused",
]


class IdentificationError(ProtocolError):
    """The identification exchange failed (RFC 4253 section 4.2)."""

    reason = DisconnectReason.PROTOCOL_VERSION_NOT_SUPPORTED


class ClosedBeforeIdentification(IdentificationError, ConnectionError):
    """The server ended the connection before it identified itself (RFC 4253 section 4.2).

    It may be no SSH server, refuse this client's address, or have too many connections.

    Attributes:
        received: the lines that it sent, escaped, without their ends; the last one may be a part.
    """

    def __init__(self, received: tuple[str, ...], *, reset: bool) -> None:
        self.received = received
        how = "reset" if reset else "closed"
        sent = f"; it sent {received[0]!r}" if received else ""
        super().__init__(f"the server {how} the connection before it identified itself{sent}")


class NegotiationFailed(ProtocolError):
    """The two KEXINITs have no common algorithm (RFC 4253 section 7.1).

    Attributes:
        what: the kind of algorithm, such as "key exchange" or "cipher client to server".
        client: what the client offered.
        server: what the server offered.
    """

    reason = DisconnectReason.KEY_EXCHANGE_FAILED

    def __init__(self, what: str, client: tuple[str, ...], server: tuple[str, ...]) -> None:
        lists = f"client {', '.join(client) or 'nothing'}; server {', '.join(server) or 'nothing'}"
        super().__init__(f"no common {what} algorithm: {lists}")
        self.what = what
        self.client = client
        self.server = server


class KeyExchangeFailed(ProtocolError):
    """The key exchange cannot complete (RFC 4253 section 8)."""

    reason = DisconnectReason.KEY_EXCHANGE_FAILED


class RekeyTimeout(KeyExchangeFailed, TimeoutError):
    """The peer did not complete a key re-exchange in time."""


class HostKeyRefused(ProtocolError):
    """The server's host key is not trusted, or changed within the connection."""

    reason = DisconnectReason.HOST_KEY_NOT_VERIFIABLE


class MACFailed(ProtocolError):
    """A packet is not authentic; every cause has the same text."""

    reason = DisconnectReason.MAC_ERROR

    def __init__(self) -> None:
        super().__init__("a packet is corrupt")


class CompressionFailed(ProtocolError):
    """A payload cannot be expanded, or is too large then; every cause has the same text."""

    reason = DisconnectReason.COMPRESSION_ERROR

    def __init__(self) -> None:
        super().__init__("a payload cannot be expanded")


class ServiceRefused(ProtocolError):
    """A service that is not offered, or that was asked for out of order."""

    reason = DisconnectReason.SERVICE_NOT_AVAILABLE


class ConnectionClosed(UsageError, ConnectionError):
    """The connection has ended; nothing can be sent, received or answered any more."""


class HeldQueueFull(UsageError):
    """The queue that holds messages during a key exchange is full; watch `writable`."""


class PeerDisconnected(SSHError, ConnectionError):
    """The peer ended the connection with SSH_MSG_DISCONNECT (RFC 4253 section 11.1).

    Attributes:
        code: the reason code that it gave, assigned or not.
        description: its description, escaped.
    """

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"the peer disconnected: {description or 'no description'} ({code})")
        self.code = code
        self.description = description


class ConnectionLost(SSHError, ConnectionError):
    """The byte stream ended without SSH_MSG_DISCONNECT."""
