"""Key exchange messages, 30–49: what they mean depends on the method (RFC 4250 section 4.1.2).

The elliptic-curve methods, the Montgomery curves and the post-quantum hybrids share one
shape: a string each way, and in the reply the host key and the signature of the exchange
hash.
"""

from __future__ import annotations

from ssh_wire.declare import Message, message
from ssh_wire.types import MPInt, UInt32

__all__ = [
    "KexDHGexGroup",
    "KexDHGexInit",
    "KexDHGexReply",
    "KexDHGexRequest",
    "KexDHGexRequestOld",
    "KexDHInit",
    "KexDHReply",
    "KexECDHInit",
    "KexECDHReply",
    "KexECMQVInit",
    "KexECMQVReply",
    "KexHybridInit",
    "KexHybridReply",
    "KexRSADone",
    "KexRSAPublicKey",
    "KexRSASecret",
]


@message(30)
class KexDHInit(Message):
    """The client's share of a finite-field exchange (RFC 4253 section 8)."""

    e: MPInt


@message(31)
class KexDHReply(Message):
    """The server's share, its host key and its signature (RFC 4253 section 8)."""

    host_key: bytes
    f: MPInt
    signature: bytes


@message(30)
class KexECDHInit(Message):
    """The client's ephemeral public key (RFC 5656 section 4, RFC 8731 section 3)."""

    public: bytes


@message(31)
class KexECDHReply(Message):
    """The server's host key, ephemeral public key and signature (RFC 5656 section 4)."""

    host_key: bytes
    public: bytes
    signature: bytes


@message(30)
class KexHybridInit(Message):
    """C_INIT: the client's KEM public key and its classical share, in one string."""

    public: bytes


@message(31)
class KexHybridReply(Message):
    """S_REPLY: the KEM ciphertext and the server's classical share, in one string."""

    host_key: bytes
    public: bytes
    signature: bytes


@message(30)
class KexECMQVInit(Message):
    """The client's ephemeral public key (RFC 5656 section 5)."""

    public: bytes


@message(31)
class KexECMQVReply(Message):
    """The server's host key, ephemeral public key and HMAC (RFC 5656 section 5)."""

    host_key: bytes
    public: bytes
    tag: bytes


@message(34)
class KexDHGexRequest(Message):
    """Ask for a group of about `preferred` bits (RFC 4419 section 3)."""

    minimum: UInt32
    preferred: UInt32
    maximum: UInt32


@message(30)
class KexDHGexRequestOld(Message):
    """Ask for a group of about `preferred` bits, as before RFC 4419 (its section 5)."""

    preferred: UInt32


@message(31)
class KexDHGexGroup(Message):
    """The group: a safe prime and its generator (RFC 4419 section 3)."""

    p: MPInt
    g: MPInt


@message(32)
class KexDHGexInit(Message):
    """The client's share in the group (RFC 4419 section 3)."""

    e: MPInt


@message(33)
class KexDHGexReply(Message):
    """The server's share, its host key and its signature (RFC 4419 section 3)."""

    host_key: bytes
    f: MPInt
    signature: bytes


@message(30)
class KexRSAPublicKey(Message):
    """The server's host key and the RSA key of this exchange (RFC 4432 section 4)."""

    host_key: bytes
    transient_key: bytes


@message(31)
class KexRSASecret(Message):
    """The shared secret, encrypted to that key (RFC 4432 section 4)."""

    ciphertext: bytes


@message(32)
class KexRSADone(Message):
    """The signature of the exchange hash (RFC 4432 section 4)."""

    signature: bytes
