"""Issue OpenSSH certificates (PROTOCOL.certkeys)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ssh_keys import kinds
from ssh_keys.certificates.certificate import Certificate
from ssh_keys.certificates.fields import (
    Body,
    Head,
    encode_options,
    encode_principals,
    encode_role,
)
from ssh_keys.errors import KeyFormatError
from ssh_keys.policy import KeyPolicy
from ssh_wire import UsageError
from ssh_wire.primitives import read_string, string

if TYPE_CHECKING:
    from ssh_keys.certificates.certificate_spec import CertificateSpec
    from ssh_keys.message_signer import MessageSigner
    from ssh_keys.public import PublicKey

__all__ = ["issue"]

_NONCE_SIZE: Final = 32


def issue(
    ca: MessageSigner, key: PublicKey, *, spec: CertificateSpec, random: Callable[[int], bytes]
) -> Certificate:
    """Certify a key.

    Args:
        ca: the authority's key, or what signs with it in an agent or a token.
        key: the key to certify.
        spec: the contents of the certificate.
        random: returns random bytes for the nonce, such as `os.urandom`.

    Raises:
        UsageError: no such certificate can be issued.
    """
    spec.check()
    kind = kinds.certified_name(key.kind)
    _, pos = read_string(key.blob, 0)
    body = Body(
        serial=spec.serial,
        role=encode_role(spec.role),
        key_id=spec.key_id,
        principals=encode_principals(spec.principals),
        valid_after=spec.valid_after,
        valid_before=spec.valid_before,
        critical_options=encode_options(spec.critical_options),
        extensions=encode_options(spec.extensions),
        reserved=b"",
        ca_key=ca.public_key.blob,
    )
    head = Head(kind=kind, nonce=random(_NONCE_SIZE))
    signed = head.encode() + key.blob[pos:] + body.encode()
    signature = ca.sign(signed, spec.algorithm or ca.public_key.algorithms[0])
    try:
        return Certificate.from_blob(
            signed + string(signature), key.comment, policy=KeyPolicy.LEGACY
        )
    except KeyFormatError as error:
        problem = f"no such certificate can be issued: {error}"
        raise UsageError(problem) from None
