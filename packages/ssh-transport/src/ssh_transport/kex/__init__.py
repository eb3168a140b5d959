"""Key exchange methods: one file for a family, one row of `METHODS` for a name.

    base              what a method gives: shares, and the secret as it is hashed
    curve25519        RFC 8731
    ecdh              RFC 5656 section 4
    mlkem768x25519    the post-quantum hybrid of ML-KEM-768 and X25519

A method is imported when it was negotiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ssh_transport.kex.base import KeyAgreement

__all__ = ["METHODS", "MethodSpec"]


def _curve25519() -> KeyAgreement:
    from ssh_transport.kex.curve25519 import Curve25519  # noqa: PLC0415 (loaded when first used)

    return Curve25519()


def _nistp256() -> KeyAgreement:
    from ssh_transport.kex.ecdh import ECDH, NISTP256  # noqa: PLC0415 (loaded when first used)

    return ECDH(NISTP256)


def _nistp384() -> KeyAgreement:
    from ssh_transport.kex.ecdh import ECDH, NISTP384  # noqa: PLC0415 (loaded when first used)

    return ECDH(NISTP384)


def _nistp521() -> KeyAgreement:
    from ssh_transport.kex.ecdh import ECDH, NISTP521  # noqa: PLC0415 (loaded when first used)

    return ECDH(NISTP521)


def _mlkem768x25519() -> KeyAgreement:
    from ssh_transport.kex.mlkem768x25519 import (  # noqa: PLC0415 (loaded when first used)
        MLKEM768X25519,
    )

    return MLKEM768X25519()


class MethodSpec(NamedTuple):
    """One row: the hash of the method, and where the method is."""

    hash_name: str
    """The hash of the exchange hash and of key derivation, as `hashlib` names it."""

    load: Callable[[], KeyAgreement]
    """Import the method."""


METHODS: dict[str, MethodSpec] = {
    "mlkem768x25519-sha256": MethodSpec("sha256", _mlkem768x25519),
    "curve25519-sha256": MethodSpec("sha256", _curve25519),
    "curve25519-sha256@libssh.org": MethodSpec("sha256", _curve25519),
    "ecdh-sha2-nistp256": MethodSpec("sha256", _nistp256),
    "ecdh-sha2-nistp384": MethodSpec("sha384", _nistp384),
    "ecdh-sha2-nistp521": MethodSpec("sha512", _nistp521),
}
"""Every method by its name on the wire."""
