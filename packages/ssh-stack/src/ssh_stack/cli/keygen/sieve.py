"""Numbers that may be Sophie Germain primes: those without small factors are left."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["primes_below", "survivors"]


def survivors(start: int, count: int, limit: int) -> Iterator[int]:
    """Yield each q among the next odd numbers where neither q nor 2q + 1 has a small factor.

    Args:
        start: an odd number, larger than the limit.
        count: how many odd numbers are looked at.
        limit: the factors below this are looked for.
    """
    struck = bytearray(count)  # q = start + 2j at j
    for prime in primes_below(limit)[1:]:
        inverse = (prime + 1) // 2  # of 2
        rest = start % prime
        # q is divisible where start + 2j is 0, and 2q + 1 where 2 * start + 1 + 4j is
        for first in (-rest * inverse % prime, -(2 * rest + 1) * inverse * inverse % prime):
            struck[first::prime] = b"\1" * len(range(first, count, prime))
    place = struck.find(0)
    while place >= 0:
        yield start + 2 * place
        place = struck.find(0, place + 1)


def primes_below(limit: int) -> list[int]:
    """Return the primes below a number."""
    is_prime = bytearray(b"\1") * limit
    is_prime[:2] = bytes(min(limit, 2))
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return [number for number, prime in enumerate(is_prime) if prime]
