"""What a fuzz target is: a function of bytes, some good inputs, and the errors it declares."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from typing import Final

import attrs

__all__ = ["LARGEST", "SPARE_MEMORY", "Target", "one_of"]

LARGEST: Final = 4096
"""Inputs do not grow beyond this, in bytes, unless a seed already is larger."""
_SHORTEST: Final = 256

SPARE_MEMORY: Final = 262_144
"""Bytes that any function may use whatever its input: caches, buffers, error texts."""


@attrs.frozen(kw_only=True)
class Target:
    """A decoder and what is known of it.

    Attributes:
        name: the name by which it is run, in words joined by hyphens.
        function: decodes its argument; it may also assert what must hold for whatever it
            decodes (a round trip, say), and a failed assertion is a finding.
        seeds: good inputs, from which bad ones are made; at least one.
        allowed: the errors that are declared for bad input; every other one is a finding.
        growth: bytes of memory that a byte of input may cost, beside `SPARE_MEMORY`.
        tokens: words that mean something to the decoder, for the mutations.
        members: the targets between which this one's first byte chooses.
    """

    name: str
    function: Callable[[bytes], object]
    seeds: Sequence[bytes] = attrs.field(validator=attrs.validators.min_len(1), repr=False)
    allowed: tuple[type[Exception], ...]
    growth: int = 200
    tokens: Sequence[bytes] = attrs.field(default=(), repr=False)
    members: tuple[Target, ...] = attrs.field(default=(), repr=False)

    @property
    def longest(self) -> int:
        """The bytes that an input may have where coverage guides what is tried.

        Long inputs reach little that short ones do not, and cost their length.
        """
        seed = max(map(len, self.seeds))
        return max(seed, min(LARGEST, max(_SHORTEST, 2 * seed)))

    def run(self, data: bytes) -> bool:
        """Give the decoder one input; return whether it decoded.

        Raises:
            Exception: whatever is not declared: a finding.
        """
        try:
            self.function(data)
        except self.allowed:
            return False
        return True

    def memory(self, data: bytes) -> int:
        """Return the most bytes of memory that an input made the decoder hold."""
        self.run(data)  # what is made once (codecs, tables) is not the input's doing
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            self.run(data)
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    def may_hold(self, data: bytes) -> int:
        """Return how many bytes of memory an input may make the decoder hold."""
        return SPARE_MEMORY + self.growth * len(data)


def one_of(name: str, members: Sequence[Target]) -> Target:
    """Return a target over several: the first byte of the input says which gets the rest."""
    chosen = tuple(members)

    def choose(data: bytes) -> object:
        if not data:
            return None
        member = chosen[data[0] % len(chosen)]
        return member.run(data[1:])

    seeds = [bytes([i]) + seed for i, member in enumerate(chosen) for seed in member.seeds]
    tokens = sorted({token for member in chosen for token in member.tokens})
    return Target(
        name=name, function=choose, seeds=seeds, allowed=(), tokens=tokens, members=chosen
    )
