"""GSS-API key exchange, 30–41, and authentication, 60–66 (RFC 4462, RFC 8732).

The number 62 is not assigned.  Tokens and message integrity codes are opaque here: only the two
GSS-API libraries interpret them.
"""

from __future__ import annotations

from typing import Literal

from ssh_wire.declare import Message, message
from ssh_wire.lazy_attrs import field
from ssh_wire.messages.auth import AuthHead
from ssh_wire.types import Counted, MPInt, Text, UInt32

__all__ = [
    "GSSAPIMIC",
    "GSSAPIErrorToken",
    "GSSAPIExchangeComplete",
    "GSSAPIFailure",
    "GSSAPIKeyExchangeRequest",
    "GSSAPIMICRequest",
    "GSSAPIResponse",
    "GSSAPIToken",
    "KexGSSComplete",
    "KexGSSCompleteWithToken",
    "KexGSSContinue",
    "KexGSSECComplete",
    "KexGSSECCompleteWithToken",
    "KexGSSECInit",
    "KexGSSError",
    "KexGSSGroup",
    "KexGSSGroupRequest",
    "KexGSSHostKey",
    "KexGSSInit",
]


# ------------------------------------------------------------------ key exchange


@message(30)
class KexGSSInit(Message):
    """The client's first token and its share (section 2.1)."""

    token: bytes
    e: MPInt


@message(31)
class KexGSSContinue(Message):
    """The next token of either side, or the token of an error (section 2.1)."""

    token: bytes


@message(32)
class KexGSSComplete(Message):
    """The server's share and the integrity code of the exchange hash (section 2.1)."""

    f: MPInt
    mic: bytes
    has_token: Literal[False] = field(default=False, init=False)


@message(32)
class KexGSSCompleteWithToken(Message):
    """The same, with a last token for the client's GSS-API (section 2.1)."""

    f: MPInt
    mic: bytes
    has_token: Literal[True] = field(default=True, init=False)
    token: bytes


@message(30)
class KexGSSECInit(Message):
    """The client's first token and its public key on a curve (RFC 8732 section 5.1)."""

    token: bytes
    public: bytes


@message(32)
class KexGSSECComplete(Message):
    """The server's public key and the integrity code (RFC 8732 section 5.1)."""

    public: bytes
    mic: bytes
    has_token: Literal[False] = field(default=False, init=False)


@message(32)
class KexGSSECCompleteWithToken(Message):
    """The same, with a last token for the client's GSS-API (RFC 8732 section 5.1)."""

    public: bytes
    mic: bytes
    has_token: Literal[True] = field(default=True, init=False)
    token: bytes


@message(33)
class KexGSSHostKey(Message):
    """The server's host key, which this exchange vouches for (section 2.1)."""

    host_key: bytes


@message(34)
class KexGSSError(Message):
    """The server's GSS-API failed (section 2.1)."""

    major_status: UInt32
    minor_status: UInt32
    message: Text = ""
    language: Text = ""


@message(40)
class KexGSSGroupRequest(Message):
    """Ask for a group of about `preferred` bits (section 2.2)."""

    minimum: UInt32
    preferred: UInt32
    maximum: UInt32


@message(41)
class KexGSSGroup(Message):
    """The group: a safe prime and its generator (section 2.2)."""

    p: MPInt
    g: MPInt


# ------------------------------------------------------------------ authentication


@message(50)
class GSSAPIMICRequest(AuthHead, Message):
    """Log in with one of these mechanisms, as DER-encoded OIDs (section 3.2)."""

    method: Literal["gssapi-with-mic"] = field(default="gssapi-with-mic", init=False)
    mechanisms: Counted[bytes]


@message(50)
class GSSAPIKeyExchangeRequest(AuthHead, Message):
    """Log in with the context of the key exchange (section 4)."""

    method: Literal["gssapi-keyex"] = field(default="gssapi-keyex", init=False)
    mic: bytes


@message(60)
class GSSAPIResponse(Message):
    """The mechanism that the server chose (section 3.3)."""

    mechanism: bytes


@message(61)
class GSSAPIToken(Message):
    """The next token of either side (section 3.4)."""

    token: bytes


@message(63)
class GSSAPIExchangeComplete(Message):
    """The context is established, without integrity codes (section 3.5)."""


@message(64)
class GSSAPIFailure(Message):
    """SSH_MSG_USERAUTH_GSSAPI_ERROR: the server's GSS-API failed (section 3.8)."""

    major_status: UInt32
    minor_status: UInt32
    message: Text = ""
    language: Text = ""


@message(65)
class GSSAPIErrorToken(Message):
    """The token of an error, for the peer's GSS-API (section 3.9)."""

    token: bytes


@message(66)
class GSSAPIMIC(Message):
    """The integrity code over the session and the request (section 3.5)."""

    mic: bytes
