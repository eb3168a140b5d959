"""A seeded stream of damaged inputs: what the tests run where no fuzzing engine is.

Every input is one of the seeds with one to four mutations.  The same seed of the random
generator gives the same inputs, so that a failure is repeated by its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from fuzz.target import LARGEST, Target

__all__ = ["mutations"]

_EDGES = [0, 1, 4, 0x7F, 0x80, 0xFF, 0xFFFF, 2**28, 2**31 - 1, 2**31, 2**32 - 1]


def _flip(data: bytearray, random: Random, _: Target) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(data: bytearray, random: Random, _: Target) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice([0, 1, 0x7F, 0x80, 0xFF, 0x2C, 0x0A])


def _number(data: bytearray, random: Random, _: Target) -> None:
    size = random.choice([1, 2, 4, 8])
    number = random.choice([*_EDGES, len(data), len(data) + 1, random.getrandbits(32)])
    at = random.randrange(len(data) + 1)
    order = random.choice(["big", "big", "little"])
    raw = (number % 256**size).to_bytes(size, "little" if order == "little" else "big")
    data[at : at + size] = raw


def _cut(data: bytearray, random: Random, _: Target) -> None:
    del data[random.randrange(len(data) + 1) :]


def _remove(data: bytearray, random: Random, _: Target) -> None:
    at = random.randrange(len(data) + 1)
    del data[at : at + random.randint(1, 16)]


def _insert(data: bytearray, random: Random, _: Target) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.randbytes(random.randint(1, 16))


def _repeat(data: bytearray, random: Random, _: Target) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = data[at : at + random.randint(1, 64)] * random.randint(1, 8)


def _token(data: bytearray, random: Random, target: Target) -> None:
    if target.tokens:
        at = random.randrange(len(data) + 1)
        data[at:at] = random.choice(target.tokens)


def _splice(data: bytearray, random: Random, target: Target) -> None:
    other = random.choice(target.seeds)
    data[random.randrange(len(data) + 1) :] = other[random.randrange(len(other) + 1) :]


_MUTATIONS: list[Callable[[bytearray, Random, Target], None]] = [
    _flip,
    _overwrite,
    _number,
    _number,
    _cut,
    _remove,
    _insert,
    _repeat,
    _token,
    _splice,
]


def mutations(target: Target, count: int, seed: int = 0) -> Iterator[bytes]:
    """Yield `count` damaged inputs for a target, always the same ones for the same `seed`."""
    random = Random(seed)  # noqa: S311 (repeatable, on purpose)
    for _ in range(count):
        start = random.choice(target.seeds)
        data = bytearray(start)
        for _ in range(random.randint(1, 4)):
            random.choice(_MUTATIONS)(data, random, target)
        yield bytes(data[: max(LARGEST, len(start))])
