"""What happened, in the order in which it happened.

`Transport.next_event` gives these.  Some of them wait for an answer, and input is not
processed until it is there: `HostKeyReceived`, `SignatureRequested`, `ServiceRequested`,
`ComputationRequested` where that was asked for, and, while `hold_connection_messages` is set,
a message above 79 (which has no event).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ssh_keys import PublicKey, plain_key
from ssh_transport.keyexchange.negotiation import Agreement
from ssh_wire import SSHError, lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import Credential

__all__ = [
    "BannerLineReceived",
    "ComputationRequested",
    "DebugReceived",
    "Disconnected",
    "Event",
    "ExtInfoReceived",
    "HostKeyReceived",
    "IdentificationReceived",
    "KexCompleted",
    "PayloadReceived",
    "PongReceived",
    "ServiceAccepted",
    "ServiceRequested",
    "SignatureRequested",
    "UnimplementedReceived",
]


@lazy_attrs.frozen
class BannerLineReceived:
    """A line that the server sent before its identification (RFC 4253 section 4.2)."""

    line: str
    """The line without CR and LF, escaped."""


@lazy_attrs.frozen
class IdentificationReceived:
    """The peer's identification arrived (RFC 4253 section 4.2)."""

    line: str
    """The line without CR and LF, escaped."""


@lazy_attrs.frozen
class HostKeyReceived:
    """The server proved that it has this host key; is it the right one?

    Answered by `accept_host_key` or `reject_host_key`.
    """

    credential: Credential
    """The host key, or its certificate where one was negotiated.

    The key's signature of the exchange hash was verified, and that of the certificate's
    authority; whether that is trusted, and for this host, is to be decided.
    """

    algorithm: str
    """The signature algorithm that was negotiated."""

    initial: bool
    """True: a re-exchange does not ask, it must show the same key."""

    signature: bytes = lazy_attrs.field(default=b"", repr=False)
    """The key's signature of the exchange hash, which is the session identifier from now on."""

    @property
    def key(self) -> PublicKey:
        """The host key, certified or not."""
        return plain_key(self.credential)


@lazy_attrs.frozen
class SignatureRequested:
    """The exchange hash has to be signed; answered by `provide_signature`."""

    key: PublicKey
    """The host key whose private half has to sign."""

    algorithm: str
    """The signature algorithm; of a certificate, that of the key in it."""

    data: bytes
    """What has to be signed."""


@lazy_attrs.frozen
class ComputationRequested:
    """A computation of a key exchange takes more than a millisecond; it is to be run.

    Only after `Transport.offload_computation`; answered by `computation_done`.
    """

    run: Callable[[], None] = lazy_attrs.field(repr=False)
    """Runs it, in any thread; raises nothing, and is called once."""


@lazy_attrs.frozen
class KexCompleted:
    """Both directions use new keys (RFC 4253 section 7.3)."""

    agreement: Agreement
    """What was negotiated."""

    initial: bool
    """Whether this was the first exchange of the connection."""


@lazy_attrs.frozen
class ServiceRequested:
    """The client asks for a service (RFC 4253 section 10); answered by `accept_service`."""

    name: str
    """The service, one of `TransportOptions.services`."""


@lazy_attrs.frozen
class ServiceAccepted:
    """The server granted the service that was asked for (RFC 4253 section 10)."""

    name: str
    """The service."""


@lazy_attrs.frozen
class ExtInfoReceived:
    """The peer announced which extensions it supports (RFC 8308 section 2.3)."""

    extensions: dict[str, bytes]
    """Every extension by name; a name that is not ASCII is escaped."""


@lazy_attrs.frozen
class PayloadReceived:
    """A message of the layers above, where no `sink` is set."""

    payload: bytes
    """The whole payload, message number first."""


@lazy_attrs.frozen
class PongReceived:
    """SSH_MSG_PONG, which answers a PING (OpenSSH PROTOCOL section 1.8)."""

    data: bytes
    """What the PING had."""


@lazy_attrs.frozen
class DebugReceived:
    """SSH_MSG_DEBUG (RFC 4253 section 11.3)."""

    message: str
    """The text, escaped."""

    always_display: bool
    """Whether the peer wants it shown in any case."""


@lazy_attrs.frozen
class UnimplementedReceived:
    """The peer does not know a message of ours (RFC 4253 section 11.4)."""

    sequence: int
    """The sequence number of the packet that held it."""


@lazy_attrs.frozen
class Disconnected:
    """The connection has ended; the last event, and it comes exactly once."""

    reason: int
    """The reason code (RFC 4253 section 11.1); of a peer also one that is not assigned."""

    description: str
    """Why, escaped."""

    by_peer: bool
    """Whether the peer sent SSH_MSG_DISCONNECT."""

    error: SSHError | None
    """The error to raise; None when this side's `disconnect` ended the connection."""


Event: TypeAlias = (
    ComputationRequested
    | BannerLineReceived
    | IdentificationReceived
    | HostKeyReceived
    | SignatureRequested
    | KexCompleted
    | ServiceRequested
    | ServiceAccepted
    | ExtInfoReceived
    | PayloadReceived
    | DebugReceived
    | PongReceived
    | UnimplementedReceived
    | Disconnected
)
"""Everything that `next_event` gives."""
