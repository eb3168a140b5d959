"""The file of groups for group exchange: the lines of moduli(5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from ssh_transport.kex.groups import Group
from ssh_wire import WireError, lazy_attrs

__all__ = ["Modulus", "groups_of"]

_TYPES: Final = range(6)
_PRIMALITY_TESTS: Final = 0x1E
_FIELDS: Final = 7
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_LARGEST: Final = 64 * 1024  # bits


@lazy_attrs.frozen(kw_only=True)
class Modulus:
    """One line of a file of moduli, or of candidates for one.

    Attributes:
        time: when it was written: YYYYMMDDHHMMSS, in UTC.
        kind: the type of number: `SAFE`, a safe prime, or `SOPHIE_GERMAIN`, a prime q such that
            2q + 1 is one.
        tests: what it was tested by: `SIEVED`, for small factors, `MILLER_RABIN`, and
            `COMPOSITE` where a test failed; several are added.
        tries: how often the last of the tests was made.
        size: the number of its most significant bit: a prime of 2048 bits has 2047.
        generator: a generator of the group; 0 where none is known.
        modulus: the number.
    """

    SAFE: ClassVar = 2
    SOPHIE_GERMAIN: ClassVar = 4
    COMPOSITE: ClassVar = 1
    SIEVED: ClassVar = 2
    MILLER_RABIN: ClassVar = 4

    time: str
    kind: int
    tests: int
    tries: int
    size: int
    generator: int
    modulus: int

    @classmethod
    def parse(cls, line: str) -> Modulus | None:
        """Read a line; None for a comment and an empty line.

        Raises:
            WireError: a field is missing, or is not a number.
        """
        words = line.split()
        if not words or words[0].startswith(("#", "!")):
            return None
        if len(words) != _FIELDS:
            problem = f"{len(words)} fields, where a modulus has {_FIELDS}"
            raise WireError(problem)
        time, *numbers, generator, modulus = words
        if not all(each.isascii() and each.isdigit() for each in (time, *numbers)):
            problem = "a field that is not a number"
            raise WireError(problem)
        kind, tests, tries, size = map(int, numbers)
        if kind not in _TYPES or size > _LARGEST:
            problem = f"a type {kind}, or a size of {size} bits, that no modulus has"
            raise WireError(problem)
        return cls(
            time=time,
            kind=kind,
            tests=tests,
            tries=tries,
            size=size,
            generator=_hexadecimal(generator),
            modulus=_hexadecimal(modulus),
        )

    def to_line(self) -> str:
        """Return the line, without an end of line."""
        numbers = f"{self.kind} {self.tests} {self.tries} {self.size}"
        return f"{self.time} {numbers} {self.generator:x} {self.modulus:X}"

    @property
    def is_proven(self) -> bool:
        """Whether it is a safe prime with a generator, as its line has it."""
        return (
            self.kind == self.SAFE
            and not self.tests & self.COMPOSITE
            and bool(self.tests & _PRIMALITY_TESTS)
            and self.tries > 0
            and self.modulus.bit_length() == self.size + 1
            and 1 < self.generator < self.modulus - 1
        )


def groups_of(lines: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups of a file that a server may use; other lines are passed over."""
    found: list[Group] = []
    for line in lines:
        try:
            modulus = Modulus.parse(line)
        except WireError:  # as sshd does: a line that is not valid spoils no other
            continue
        if modulus is not None and modulus.is_proven:
            found.append(Group(modulus.modulus, modulus.generator))
    return tuple(found)


def _hexadecimal(word: str) -> int:
    if not _HEXADECIMAL.issuperset(word):
        problem = "a field that is not a hexadecimal number"
        raise WireError(problem)
    return int(word, 16)
