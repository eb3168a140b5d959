"""Finite-field Diffie-Hellman (RFC 4253 section 8, RFC 8268).

The arithmetic is the provider's: Python's `pow` tells by its time what the exponent is.
The provider draws the exponent too, so the caller's `random` is not asked.
"""

from __future__ import annotations

import warnings

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import DiffieHellman, Random
from ssh_transport.kex.groups import Group, modp
from ssh_wire import WireError
from ssh_wire.primitives import decode_mpint, encode_mpint

with warnings.catch_warnings():
    # the provider means to drop finite fields one day; until then old servers need them
    warnings.simplefilter("ignore")
    from cryptography.hazmat.primitives.asymmetric.dh import (
        DHParameterNumbers,
        DHPrivateKey,
        DHPublicNumbers,
    )

__all__ = ["ModpKeyPair", "in_group", "in_modp", "is_safe_prime"]

_FEWEST_BITS_SET = 4


def in_group(group: Group) -> DiffieHellman:
    """Return the method in a group."""
    return DiffieHellman(lambda random: ModpKeyPair(group, random))


def in_modp(bits: int) -> DiffieHellman:
    """Return the method in one of the groups that everybody has."""
    return in_group(modp(bits))


def is_safe_prime(p: int) -> bool:
    """Return whether a number is a safe prime, as the provider proves it."""
    try:
        DHParameterNumbers(p, 2).parameters()
    except ValueError:
        return False
    return True


class ModpKeyPair:
    """One side."""

    __slots__ = ("_group", "_numbers", "_private", "public")

    def __init__(self, group: Group, random: Random) -> None:  # noqa: ARG002 (DHKeyPair's form)
        self._group = group
        self._numbers = DHParameterNumbers(*group)
        try:
            self._private = _private_key(self._numbers)
        except ValueError:
            problem = "a group that is not one of a safe prime"
            raise KeyExchangeFailed(problem) from None
        self.public: bytes = encode_mpint(self._private.public_key().public_numbers().y)

    def exchange(self, peer: bytes) -> bytes:
        """Return the shared secret."""
        share = _checked(peer, self._group.p)
        try:
            public = DHPublicNumbers(share, self._numbers).public_key()
            secret = self._private.exchange(public)
        except ValueError:
            problem = "a Diffie-Hellman share that gives no secret"
            raise KeyExchangeFailed(problem) from None
        _check_secret(secret, self._group.p)
        return secret


def _private_key(numbers: DHParameterNumbers) -> DHPrivateKey:
    # the one place where chance comes in, so that a test can replay an exchange
    return numbers.parameters().generate_private_key()


def _checked(encoded: bytes, p: int) -> int:
    """Decode a share and refuse what could not come of a secret exponent."""
    try:
        share = decode_mpint(encoded)
    except WireError:
        problem = "a Diffie-Hellman share that is negative or not canonical"
        raise KeyExchangeFailed(problem) from None
    # RFC 8268 section 4: "1 < e < p-1" and "1 < f < p-1" "MUST be true"
    if not 1 < share < p - 1 or share.bit_count() < _FEWEST_BITS_SET:
        problem = "a Diffie-Hellman share that is out of range"
        raise KeyExchangeFailed(problem)
    return share


def _check_secret(secret: bytes, p: int) -> None:
    # RFC 4419 section 3: "they MUST accept the shared secret K only if 1 < K < p - 1"
    if not 1 < int.from_bytes(secret, "big") < p - 1:
        problem = "a Diffie-Hellman secret that is out of range"
        raise KeyExchangeFailed(problem)
