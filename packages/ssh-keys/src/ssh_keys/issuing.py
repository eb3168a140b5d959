"""Issuing OpenSSH certificates (PROTOCOL.certkeys): an authority signs what it grants a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ssh_keys import registry
from ssh_keys.certificate_fields import (
    Body,
    Head,
    encode_options,
    encode_principals,
    encode_role,
)
from ssh_keys.certificates import Certificate
from ssh_keys.errors import KeyFormatError
from ssh_wire import UsageError
from ssh_wire.primitives import read_string, string

if TYPE_CHECKING:
    from ssh_keys.grants import Grant
    from ssh_keys.private import PrivateKey
    from ssh_keys.public import PublicKey

__all__ = ["issue"]

_NONCE_SIZE: Final = 32


def issue(
    ca: PrivateKey, key: PublicKey, *, grant: Grant, random: Callable[[int], bytes]
) -> Certificate:
    """Certify a key.

    Args:
        ca: the authority's key.
        key: the key to certify.
        grant: what the certificate says about it.
        random: where the nonce comes from, such as `os.urandom`.

    Raises:
        UsageError: the grant cannot be written, or nobody would accept it.
    """
    grant.check()
    kind = registry.certified_name(key.kind)
    _, pos = read_string(key.blob, 0)
    body = Body(
        serial=grant.serial,
        role=encode_role(grant.role),
        key_id=grant.key_id,
        principals=encode_principals(grant.principals),
        valid_after=grant.valid_after,
        valid_before=grant.valid_before,
        critical_options=encode_options(grant.critical_options),
        extensions=encode_options(grant.extensions),
        reserved=b"",
        ca_key=ca.public_key.blob,
    )
    head = Head(kind=kind, nonce=random(_NONCE_SIZE))
    signed = head.encode() + key.blob[pos:] + body.encode()
    signature = ca.sign(signed, grant.algorithm)
    try:
        return Certificate.from_blob(signed + string(signature), key.comment, legacy=True)
    except KeyFormatError as error:
        problem = f"no such certificate can be issued: {error}"
        raise UsageError(problem) from None
