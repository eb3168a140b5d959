"""The product of key exchange × host key × cipher × MAC that a peer and we both have."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from ssh_keys.formats.public_line import parse_public_line
from ssh_transport.ciphers import CIPHERS
from ssh_transport.kex import METHODS
from ssh_transport.macs import MACS
from tests.interop.covering import covering
from tests.interop.offered import has_kex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.interop.peers import Peer

__all__ = ["IMPLICIT", "Cell", "Extent", "product_of", "selection"]

IMPLICIT: Final = "<implicit>"
"""The MAC of a cipher that needs none, as OpenSSH calls it."""


class Cell(NamedTuple):
    """One algorithm of each kind, all four to be negotiated at once."""

    kex: str
    host_key: str
    cipher: str
    mac: str

    def __str__(self) -> str:
        return " × ".join(self)

    @property
    def macs(self) -> tuple[str, ...]:
        """The MACs to ask for: with a cipher that needs none, it is all the same which."""
        return tuple(MACS) if self.mac == IMPLICIT else (self.mac,)


@attrs.frozen
class Extent:
    """How much of the product a run tries."""

    whole: bool
    """Every cell, with 10 MiB; else a selection, with 1 MiB."""
    tried: Counter[str] = attrs.field(factory=Counter[str])
    """Cells that were tried, by role and peer."""

    @property
    def size(self) -> int:
        """The bytes that a connection moves each way."""
        return (10 if self.whole else 1) * 2**20 // 2

    def cells(self, product: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """Return those of a product that are to be tried."""
        return product if self.whole else selection(product)

    def __str__(self) -> str:
        number = sum(self.tried.values())
        mib = 2 * self.size // 2**20
        parts = ", ".join(f"{count} as {name}" for name, count in self.tried.items())
        return f"{number} cells of {mib} MiB ({parts or 'not asked for'})"


def product_of(peer: Peer) -> tuple[Cell, ...]:
    """Return every cell that the peer has.

    Its host keys are of the kinds that our server has in these tests, so it is the same for
    both roles.
    """
    offered = peer.algorithms
    ciphers = [name for name in CIPHERS if name in offered.ciphers]
    macs = [name for name in MACS if name in offered.macs]
    return tuple(
        Cell(kex, host_key, cipher, mac)
        for kex in METHODS
        if has_kex(peer, kex)
        for host_key in _signatures(peer.host_keys.values())
        if host_key in offered.host_keys
        for cipher in ciphers
        for mac in ([IMPLICIT] if CIPHERS[cipher].aead else macs)
    )


@cache
def selection(product: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Return the cells of a product that have every two of its algorithms together."""
    return tuple(covering(product))


def _signatures(lines: Iterable[str]) -> list[str]:
    """Return what the keys of these lines sign with."""
    keys = map(parse_public_line, lines)
    return [name for key in keys for name in (*key.algorithms, *key.sha1_algorithms)]
