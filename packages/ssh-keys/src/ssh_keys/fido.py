"""What a FIDO token says when it signs, and what is demanded of it (OpenSSH's PROTOCOL.u2f).

A token does not sign the data alone.  It signs what application the key was made for,
whether somebody touched it, whether it knew who, and how often it has signed; a browser
(webauthn) adds the site that asked.  All of it is in the signature, and none of it means
anything before the signature has been verified.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

import attrs

from ssh_keys.errors import KeyFormatError
from ssh_wire import Byte, Record, Text, UInt32, WireError, record
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
"""The algorithm of a signature that a token made for a browser."""

_TOUCHED: Final = 0x01
_VERIFIED: Final = 0x04
_ATTESTED: Final = 0x40
_EXTENDED: Final = 0x80


@attrs.frozen(kw_only=True)
class FidoPolicy:
    """What a token's signature must say to be accepted.

    Attributes:
        touch: somebody touched the token; only "no-touch-required" on the key's line or in
            its certificate lets this be given up.
        verification: the token knew the user, by PIN or finger ("verify-required").
        counter_above: the last counter that was seen; a token's counter only grows, so one
            that does not tells of a copy.  Tokens without a counter always say 0.
        origins: the web sites that may have asked a browser; any site when None.
    """

    touch: bool = True
    verification: bool = False
    counter_above: int | None = None
    origins: Collection[str] | None = None

    def accepts(self, assertion: Assertion) -> bool:
        """Say whether the assertion, once verified, is enough."""
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
"""Asks that the key signed and no more, where somebody else judges what the token saw."""


@record
class Assertion(Record):
    """A token's signature as it is sent.

    Attributes:
        algorithm: how it was made.
        blob: the signature itself, in the encoding of the plain algorithm.
        flags: what the token saw; see `touched` and `verified`.
        counter: how often the token has signed, as far as it counts.
    """

    algorithm: str
    blob: bytes
    flags: Byte
    counter: UInt32

    @property
    def touched(self) -> bool:
        """Whether somebody touched the token."""
        return bool(self.flags & _TOUCHED)

    @property
    def verified(self) -> bool:
        """Whether the token knew the user, by PIN or finger."""
        return bool(self.flags & _VERIFIED)

    def signed(self, application: str, data: Buffer) -> bytes | None:
        """Return what the token signed if it signed `data`, or None where it did not."""
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
    """A token's signature that a browser asked for.

    Attributes:
        origin: the web site that asked the browser.
        client_data: what the browser had signed, which holds the data as its challenge.
        extensions: what else the token signed.
    """

    origin: Text
    client_data: bytes
    extensions: bytes

    def signed(self, application: str, data: Buffer) -> bytes | None:
        """Return what the token signed if it signed `data`, or None where it did not."""
        # a quote would let a site forge what stands behind it
        if '"' in self.origin or "\\" in self.origin or self.flags & _ATTESTED:
            return None
        if bool(self.flags & _EXTENDED) != bool(self.extensions):
            return None
        challenge = base64.urlsafe_b64encode(data).rstrip(b"=")
        # the order of these members is fixed (WebAuthn section 5.8.1.1), so that nobody needs
        # a parser of JSON before the signature has been verified
        start = b'{"type":"webauthn.get","challenge":"%b","origin":"%b"' % (
            challenge,
            raw(self.origin),
        )
        if not self.client_data.startswith((start + b",", start + b"}")):
            return None
        return self._signed(application, self.extensions, self.client_data)


def read_assertion(signature: Buffer) -> Assertion | WebAuthnAssertion:
    """Read the signature of a FIDO key, to look at its flags and its counter.

    Raises:
        KeyFormatError: it is not one whole signature of a FIDO key.
    """
    try:
        algorithm, _ = read_text(signature, 0)
        made_by = WebAuthnAssertion if algorithm == WEBAUTHN else Assertion
        return made_by.decode(signature)
    except WireError as error:
        problem = f"not a signature of a FIDO key: {error}"
        raise KeyFormatError(problem) from None
