"""What the signature of a FIDO token states, and what is required of it (PROTOCOL.u2f).

A token does not sign the data alone.  It signs the application of the key, whether the user
touched the token, whether the token verified the user, and how often it has signed; a browser
(webauthn) adds the web site.  None of it means anything before the signature is verified.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from ssh_keys.errors import KeyFormatError
from ssh_wire import Byte, Record, Text, UInt32, WireError, lazy_attrs, record
from ssh_wire.primitives import read_text
from ssh_wire.text import raw

if TYPE_CHECKING:
    from ssh_wire.primitives import Buffer

__all__ = [
    "NO_TOUCH",
    "WEBAUTHN",
    "Assertion",
    "FidoPolicy",
    "WebAuthnAssertion",
    "read_assertion",
]

WEBAUTHN: Final = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
"""The algorithm of a signature that a browser asked the token for."""

_TOUCHED: Final = 0x01
_VERIFIED: Final = 0x04
_ATTESTED: Final = 0x40
_EXTENDED: Final = 0x80


@lazy_attrs.frozen(kw_only=True)
class FidoPolicy:
    """What a token's signature must state to be accepted.

    Attributes:
        touch: the user touched the token; only "no-touch-required" in the key's line or
            certificate waives it.
        verification: the token verified the user, by PIN or fingerprint ("verify-required").
        counter_above: the last counter that was received; a counter that does not grow
            means that the token was copied.  Tokens without a counter always state 0.
        origins: the web sites that are accepted; any when None.
    """

    touch: bool = True
    verification: bool = False
    counter_above: int | None = None
    origins: Collection[str] | None = None

    def accepts(self, assertion: Assertion) -> bool:
        """Say whether a verified assertion is enough."""
        if self.touch and not assertion.touched:
            return False
        if self.verification and not assertion.verified:
            return False
        if self.counter_above is not None and assertion.counter <= self.counter_above:
            return False
        if self.origins is not None and isinstance(assertion, WebAuthnAssertion):
            return assertion.origin in self.origins
        return True


NO_TOUCH: Final = FidoPolicy(touch=False)
"""Requires a signature and no more ("no-touch-required")."""


@record
class Assertion(Record):
    """The signature of a token, as it is sent.

    Attributes:
        algorithm: its algorithm.
        blob: the signature itself, in the encoding of the plain algorithm.
        flags: see `touched` and `verified`.
        counter: how often the token has signed; 0 if it does not count.
    """

    algorithm: str
    blob: bytes
    flags: Byte
    counter: UInt32

    @property
    def touched(self) -> bool:
        """Whether the user touched the token."""
        return bool(self.flags & _TOUCHED)

    @property
    def verified(self) -> bool:
        """Whether the token verified the user, by PIN or fingerprint."""
        return bool(self.flags & _VERIFIED)

    def signed(self, application: str, data: Buffer) -> bytes | None:
        """Return what the token signs for `data`; None if this is not a signature of it."""
        return self._signed(application, b"", data)

    def _signed(self, application: str, extensions: bytes, message: Buffer) -> bytes:
        return b"".join(
            (
                hashlib.sha256(raw(application)).digest(),
                bytes([self.flags]),
                self.counter.to_bytes(4),
                extensions,
                hashlib.sha256(message).digest(),
            )
        )


@record
class WebAuthnAssertion(Assertion):
    """The signature of a token that a browser asked for.

    Attributes:
        origin: the web site.
        client_data: what the browser had signed; its challenge is the data.
        extensions: what else the token signed.
    """

    origin: Text
    client_data: bytes
    extensions: bytes

    def signed(self, application: str, data: Buffer) -> bytes | None:
        """Return what the token signs for `data`; None if this is not a signature of it."""
        # a quote would let a site forge the members after it
        if '"' in self.origin or "\\" in self.origin or self.flags & _ATTESTED:
            return None
        if bool(self.flags & _EXTENDED) != bool(self.extensions):
            return None
        challenge = base64.urlsafe_b64encode(data).rstrip(b"=")
        # the order of these members is fixed (WebAuthn section 5.8.1.1), so no JSON has to be
        # parsed before the signature is verified
        start = b'{"type":"webauthn.get","challenge":"%b","origin":"%b"' % (
            challenge,
            raw(self.origin),
        )
        if not self.client_data.startswith((start + b",", start + b"}")):
            return None
        return self._signed(application, self.extensions, self.client_data)


def read_assertion(signature: Buffer) -> Assertion | WebAuthnAssertion:
    """Decode the signature of a FIDO key.

    Raises:
        KeyFormatError: it is not one complete signature of a FIDO key.
    """
    try:
        algorithm, _ = read_text(signature, 0)
        made_by = WebAuthnAssertion if algorithm == WEBAUTHN else Assertion
        return made_by.decode(signature)
    except WireError as error:
        problem = f"not a signature of a FIDO key: {error}"
        raise KeyFormatError(problem) from None
