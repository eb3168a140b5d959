"""The messages that carry the two shares of a method, by their form.

STRINGS           30 and 31 with strings (RFC 5656 section 4, RFC 8731, the hybrids)
NUMBERS           30 and 31 with mpints (RFC 4253 section 8)
GROUP_EXCHANGE    32 and 33 with mpints, after the group was asked for (RFC 4419 section 3)

A share is a string everywhere else: that of an mpint is its content, which is hashed alike.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from ssh_transport.errors import KeyExchangeFailed
from ssh_wire import BadValue, Message, lazy_attrs
from ssh_wire.messages.kex import (
    KexDHGexInit,
    KexDHGexReply,
    KexDHInit,
    KexDHReply,
    KexECDHInit,
    KexECDHReply,
)
from ssh_wire.primitives import encode_mpint

__all__ = ["GROUP_EXCHANGE", "NUMBERS", "STRINGS", "Form", "KexReply", "decoded"]

M = TypeVar("M", bound=Message)


@lazy_attrs.frozen
class KexReply:
    """What the server answers with."""

    host_key: bytes
    """Its public host key, K_S."""

    public: bytes
    """Its share."""

    signature: bytes
    """Its signature of the exchange hash."""


class Form(Protocol):
    """How the shares are carried."""

    def write_init(self, public: bytes) -> Message:
        """Make the message with the client's share."""
        ...

    def read_init(self, payload: bytes) -> bytes:
        """Return the client's share from a payload."""
        ...

    def write_reply(self, reply: KexReply) -> Message:
        """Make the message with the server's share."""
        ...

    def read_reply(self, payload: bytes) -> KexReply:
        """Read the server's answer from a payload."""
        ...


def decoded(kind: type[M], payload: bytes) -> M:
    """Decode a message of a key exchange.

    Raises:
        KeyExchangeFailed: a number is negative, too large, or not canonical.
        ProtocolError: it is malformed otherwise.
    """
    try:
        return kind.decode(payload)
    except BadValue as error:
        raise KeyExchangeFailed(str(error)) from None


def _number(public: bytes) -> int:
    return int.from_bytes(public, "big")


class _Strings:
    def write_init(self, public: bytes) -> Message:
        return KexECDHInit(public=public)

    def read_init(self, payload: bytes) -> bytes:
        return KexECDHInit.decode(payload).public

    def write_reply(self, reply: KexReply) -> Message:
        return KexECDHReply(
            host_key=reply.host_key, public=reply.public, signature=reply.signature
        )

    def read_reply(self, payload: bytes) -> KexReply:
        message = KexECDHReply.decode(payload)
        return KexReply(message.host_key, message.public, message.signature)


class _Numbers:
    def write_init(self, public: bytes) -> Message:
        return KexDHInit(e=_number(public))

    def read_init(self, payload: bytes) -> bytes:
        return encode_mpint(decoded(KexDHInit, payload).e)

    def write_reply(self, reply: KexReply) -> Message:
        return KexDHReply(
            host_key=reply.host_key, f=_number(reply.public), signature=reply.signature
        )

    def read_reply(self, payload: bytes) -> KexReply:
        message = decoded(KexDHReply, payload)
        return KexReply(message.host_key, encode_mpint(message.f), message.signature)


class _GroupExchange:
    def write_init(self, public: bytes) -> Message:
        return KexDHGexInit(e=_number(public))

    def read_init(self, payload: bytes) -> bytes:
        return encode_mpint(decoded(KexDHGexInit, payload).e)

    def write_reply(self, reply: KexReply) -> Message:
        return KexDHGexReply(
            host_key=reply.host_key, f=_number(reply.public), signature=reply.signature
        )

    def read_reply(self, payload: bytes) -> KexReply:
        message = decoded(KexDHGexReply, payload)
        return KexReply(message.host_key, encode_mpint(message.f), message.signature)


STRINGS: Form = _Strings()
NUMBERS: Form = _Numbers()
GROUP_EXCHANGE: Form = _GroupExchange()
