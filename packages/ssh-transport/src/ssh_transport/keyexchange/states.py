"""The states of a key exchange; each holds exactly what is known by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ssh_transport.kex import METHODS
from ssh_transport.keyexchange.derivation import KeySource, exchange_hash
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_keys import PublicKey
    from ssh_transport.ciphers.base import Opener
    from ssh_transport.kex import MethodSpec
    from ssh_transport.kex.base import ClientShare, KeyAgreement
    from ssh_transport.keyexchange.negotiation import Agreement
    from ssh_transport.states import TransportState
    from ssh_wire.messages.transport import KexInit

__all__ = [
    "Announced",
    "Exchange",
    "ExpectComputation",
    "ExpectDecision",
    "ExpectGroup",
    "ExpectInit",
    "ExpectNewKeys",
    "ExpectReply",
    "ExpectRequest",
    "ExpectSignature",
    "Idle",
    "KexState",
    "OwnHostKey",
]


@lazy_attrs.frozen
class Exchange:
    """What both KEXINITs fix."""

    agreement: Agreement
    """What was negotiated."""

    initial: bool
    """Whether this is the first exchange."""

    prefix: tuple[bytes, bytes, bytes, bytes]
    """V_C, V_S, I_C and I_S, as they are hashed."""

    group: bytes = b""
    """What a group exchange hashes of the group."""

    @property
    def method(self) -> MethodSpec:
        """The method's row."""
        return METHODS[self.agreement.kex]

    def hash(self, host_key: bytes, shares: tuple[bytes, bytes], secret: bytearray) -> bytes:
        """Return the exchange hash H."""
        strings = (*self.prefix, host_key, *shares)
        return exchange_hash(self.method.hash_name, strings, secret, self.group)

    def source(self, secret: bytearray, hashed: bytes, session_id: bytes) -> KeySource:
        """Return what the keys are derived from."""
        return KeySource(self.method.hash_name, secret, hashed, session_id)


@lazy_attrs.frozen
class Idle:
    """No exchange is under way."""


@lazy_attrs.frozen
class Announced:
    """Our KEXINIT is out."""

    own: KexInit
    """What it says."""

    payload: bytes
    """The same as it was sent, for the exchange hash."""

    initial: bool
    """Whether this is the first exchange."""


@lazy_attrs.frozen
class ExpectNewKeys:
    """Our NEWKEYS is out; the peer's brings its new key into use."""

    exchange: Exchange
    """The exchange that ends with it."""

    opener: Opener
    """The peer's new key."""


@lazy_attrs.frozen
class ExpectComputation:
    """What takes long is computed elsewhere."""

    go_on: Callable[[], TransportState | None]
    """Goes on with the result."""


@lazy_attrs.frozen
class ExpectGroup:
    """A group was asked for (RFC 4419 section 3)."""

    exchange: Exchange


@lazy_attrs.frozen
class ExpectReply:
    """Our share is out; the server's comes with its host key and its signature."""

    exchange: Exchange
    share: ClientShare


@lazy_attrs.frozen
class ExpectDecision:
    """The signature is good; whether the key is the right one is not decided yet."""

    exchange: Exchange
    key: PublicKey
    keys: KeySource


@lazy_attrs.frozen
class OwnHostKey:
    """A host key as one algorithm presents it."""

    blob: bytes
    """What is sent as K_S: the key, or its certificate."""

    key: PublicKey
    """The key that signs."""

    algorithm: str
    """The algorithm that it signs with."""


@lazy_attrs.frozen
class ExpectRequest:
    """The client's group request is awaited (RFC 4419 section 3)."""

    exchange: Exchange


@lazy_attrs.frozen
class ExpectInit:
    """The client's share is awaited."""

    exchange: Exchange
    agreement: KeyAgreement


@lazy_attrs.frozen
class ExpectSignature:
    """Everything is computed but the signature of the exchange hash."""

    exchange: Exchange
    identity: OwnHostKey
    public: bytes
    keys: KeySource


KexState: TypeAlias = (
    Idle
    | Announced
    | ExpectNewKeys
    | ExpectComputation
    | ExpectGroup
    | ExpectReply
    | ExpectDecision
    | ExpectRequest
    | ExpectInit
    | ExpectSignature
)
"""Where a key exchange is."""
