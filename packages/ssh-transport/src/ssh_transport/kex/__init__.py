"""Key exchange methods: one file for a family, one row of `METHODS` for a name.

    base          what a method gives: shares, and the secret as it is hashed
    share_messages  the messages that carry the shares
    montgomery    X25519 and X448 (RFC 8731)
    ecdh          the NIST curves (RFC 5656 section 4)
    hybrid        the post-quantum hybrids of ML-KEM and a curve
    dh_modp       finite fields (RFC 4253 section 8, RFC 8268), groups: their primes
    gex           which group a group exchange uses (RFC 4419)

A method is imported when it was negotiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ssh_transport.kex.base import KeyAgreement
from ssh_transport.kex.share_messages import GROUP_EXCHANGE, NUMBERS, STRINGS, Form
from ssh_wire import lazy

__all__ = ["METHODS", "MethodSpec"]


def _x25519() -> KeyAgreement:
    from ssh_transport.kex import base  # loaded when first used

    return base.DiffieHellman(lazy.load("ssh_transport.kex.montgomery:X25519"))


def _x448() -> KeyAgreement:
    from ssh_transport.kex import base, montgomery  # loaded when first used

    return base.DiffieHellman(montgomery.X448)


def _ecdh(curve: str) -> Callable[[], KeyAgreement]:
    def load() -> KeyAgreement:
        from ssh_transport.kex import base, ecdh  # loaded when first used

        return base.DiffieHellman(ecdh.CURVES[curve].key_pair)

    return load


def _hybrid(name: str) -> Callable[[], KeyAgreement]:
    def load() -> KeyAgreement:
        from ssh_transport.kex import hybrid  # loaded when first used

        return hybrid.load_hybrid(name)

    return load


def _modp(bits: int) -> Callable[[], KeyAgreement]:
    def load() -> KeyAgreement:
        from ssh_transport.kex import dh_modp  # loaded when first used

        return dh_modp.in_modp(bits)

    return load


class MethodSpec(NamedTuple):
    """One row: the hash of the method, where the method is, and how its shares travel."""

    hash_name: str
    """The hash of the exchange hash and of key derivation, as `hashlib` names it."""

    load: Callable[[], KeyAgreement]
    """Import the method; of a group exchange, the method in the smallest group."""

    form: Form = STRINGS
    """The messages that carry the shares."""

    slow: bool = False
    """Whether it computes for more than a millisecond in one piece.

    The provider keeps Python's lock during a piece.  So a thread lets others run between the
    pieces only, which is worth its costs where they are long.
    """

    @property
    def group_exchange(self) -> bool:
        """Whether the group is agreed on first."""
        return self.form is GROUP_EXCHANGE


METHODS: dict[str, MethodSpec] = {
    "mlkem768x25519-sha256": MethodSpec("sha256", _hybrid("mlkem768x25519")),
    "mlkem768nistp256-sha256": MethodSpec("sha256", _hybrid("mlkem768nistp256")),
    "mlkem1024nistp384-sha384": MethodSpec("sha384", _hybrid("mlkem1024nistp384")),
    "curve25519-sha256": MethodSpec("sha256", _x25519),
    "curve25519-sha256@libssh.org": MethodSpec("sha256", _x25519),
    "curve448-sha512": MethodSpec("sha512", _x448),
    "ecdh-sha2-nistp256": MethodSpec("sha256", _ecdh("nistp256")),
    "ecdh-sha2-nistp384": MethodSpec("sha384", _ecdh("nistp384")),
    "ecdh-sha2-nistp521": MethodSpec("sha512", _ecdh("nistp521")),
    "diffie-hellman-group14-sha256": MethodSpec("sha256", _modp(2048), NUMBERS),
    "diffie-hellman-group15-sha512": MethodSpec("sha512", _modp(3072), NUMBERS),
    "diffie-hellman-group16-sha512": MethodSpec("sha512", _modp(4096), NUMBERS, slow=True),
    "diffie-hellman-group17-sha512": MethodSpec("sha512", _modp(6144), NUMBERS, slow=True),
    "diffie-hellman-group18-sha512": MethodSpec("sha512", _modp(8192), NUMBERS, slow=True),
    "diffie-hellman-group-exchange-sha256": MethodSpec(
        "sha256", _modp(2048), GROUP_EXCHANGE, slow=True
    ),
    "diffie-hellman-group14-sha1": MethodSpec("sha1", _modp(2048), NUMBERS),
    "diffie-hellman-group-exchange-sha1": MethodSpec(
        "sha1", _modp(2048), GROUP_EXCHANGE, slow=True
    ),
    "diffie-hellman-group1-sha1": MethodSpec("sha1", _modp(1024), NUMBERS, slow=True),
}
"""Every method by its name on the wire."""
