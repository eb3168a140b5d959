"""What a host or a user authenticates with by a signature: a key, or a certificate of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ssh_keys import kinds
from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_keys.public import PublicKey
from ssh_wire import WireError, lazy
from ssh_wire.primitives import read_text

if TYPE_CHECKING:
    from ssh_keys.certificates import certificate
    from ssh_keys.certificates.certificate import Certificate
    from ssh_wire.primitives import Buffer
else:
    certificate = lazy.module("ssh_keys.certificates.certificate")  # loads with the first one

__all__ = ["Credential", "credential_from_blob", "plain_key"]

Credential: TypeAlias = "PublicKey | Certificate"
"""A public key, or a certificate.

Both have `kind`, `blob`, `comment`, `algorithms`, `fingerprint` and `verify`; `plain_key` returns
the key of either.
"""


def credential_from_blob(
    blob: Buffer, comment: str = "", *, policy: KeyPolicy = KeyPolicy.DEFAULT
) -> Credential:
    """Read a key or a certificate, whichever the blob says that it is.

    A certificate's authority did sign it; whether that authority is trusted is not decided here.

    Args:
        blob: the key or the certificate as it is sent (RFC 4253 section 6.6, PROTOCOL.certkeys).
        comment: its comment.
        policy: which keys are strong enough to be read.

    Raises:
        UnsupportedKey: it is of a kind that is refused or unknown.
        KeyFormatError: it is not one complete key or certificate within the limits.
    """
    try:
        kind, _ = read_text(blob, 0)
    except WireError as error:
        problem = f"not a public key: {error}"
        raise KeyFormatError(problem) from None
    if kinds.plain_kind(kind) is None:
        return PublicKey.from_blob(blob, comment, policy=policy)
    return certificate.Certificate.from_blob(blob, comment, policy=policy)


def plain_key(credential: Credential) -> PublicKey:
    """Return the key, certified or not."""
    return credential if isinstance(credential, PublicKey) else credential.public_key
