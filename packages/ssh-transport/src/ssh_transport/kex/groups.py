"""The MODP groups: safe primes that everybody has (RFC 2409 section 6.2, RFC 3526)."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

__all__ = ["SIZES", "Group", "modp", "well_known"]


class Group(NamedTuple):
    """The group that a generator makes of the integers modulo a prime."""

    p: int
    """The prime."""

    g: int
    """The generator."""

    @property
    def bits(self) -> int:
        """The size of the prime."""
        return self.p.bit_length()


# "The prime is: 2^2048 - 2^1984 - 1 + 2^64 * { [2^1918 pi] + 124476 }", and so on: the size,
# and the number that is added to the digits of pi
_OFFSETS = {
    1024: 129093,  # group 2 of RFC 2409, which SSH calls group1
    2048: 124476,  # group 14
    3072: 1690314,
    4096: 240904,
    6144: 929484,
    8192: 4743158,  # group 18
}

_SMALLEST = 2048  # RFC 8270
SIZES = tuple(size for size in _OFFSETS if size >= _SMALLEST)
"""The sizes of the groups that are not too small, in bits."""


@cache
def modp(bits: int) -> Group:
    """Return the group whose prime has so many bits; the generator of all is 2."""
    digits = _pi(bits - 130) + _OFFSETS[bits]
    return Group(2**bits - 2 ** (bits - 64) - 1 + 2**64 * digits, 2)


def well_known(p: int) -> bool:
    """Return whether a prime is one of these."""
    bits = p.bit_length()
    return bits in _OFFSETS and modp(bits).p == p


def _pi(bits: int) -> int:
    """Return the whole part of 2^bits times pi, by Machin's formula."""
    guard = bits + 64
    return 4 * (4 * _arctan_inverse(5, guard) - _arctan_inverse(239, guard)) >> 64


def _arctan_inverse(x: int, bits: int) -> int:
    power = total = (1 << bits) // x
    divisor, sign = 1, 1
    while power:
        power //= x * x
        divisor, sign = divisor + 2, -sign
        total += sign * (power // divisor)
    return total
