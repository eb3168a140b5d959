"""Which group a group exchange uses (RFC 4419 section 3, RFC 8270).

The client names three sizes, the server chooses a group, the client judges it.  A server
here chooses among the groups that it was given, such as those of a file of moduli, and those
that everybody has.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from ssh_transport.errors import KeyExchangeFailed
from ssh_transport.kex.base import Random
from ssh_transport.kex.groups import SIZES, Group, modp, well_known
from ssh_transport.kex.share_messages import decoded
from ssh_wire.messages.kex import KexDHGexGroup, KexDHGexRequest
from ssh_wire.primitives import encode_mpint, string

__all__ = ["REQUEST", "choose", "hashed", "read_group", "read_request"]

# RFC 8270: "minimum acceptable ... 2048 bits"; RFC 4419: no more than 8192
_FEWEST_BITS = 2048
_MOST_BITS = 8192
# the provider proves for each exchange that an unknown prime is safe, which takes half a
# second for 2048 bits, three for 3072, and a minute for 8192
_MOST_UNKNOWN_BITS = 3072
_SIZES = Struct(">III")

REQUEST = KexDHGexRequest(minimum=_FEWEST_BITS, preferred=_FEWEST_BITS, maximum=_MOST_UNKNOWN_BITS)
"""What a client requests."""


def read_group(payload: bytes) -> Group:
    """Read the group that a server has chosen.

    Raises:
        KeyExchangeFailed: its prime has a wrong size or is even, or its generator is not valid.
    """
    message = decoded(KexDHGexGroup, payload)
    group = Group(message.p, message.g)
    if not _FEWEST_BITS <= group.bits <= _MOST_BITS:
        problem = f"a group of {group.bits} bits"
        raise KeyExchangeFailed(problem)
    if not group.p & 1 or not 1 < group.g < group.p - 1:
        problem = "a group that is not valid"
        raise KeyExchangeFailed(problem)
    if group.bits > _MOST_UNKNOWN_BITS and not well_known(group.p):
        problem = f"an unknown group of {group.bits} bits, {_MOST_UNKNOWN_BITS} were asked for"
        raise KeyExchangeFailed(problem)
    return group


def read_request(payload: bytes) -> KexDHGexRequest:
    """Read what a client asks for.

    Raises:
        KeyExchangeFailed: the three sizes are out of order, or all too small or too large.
    """
    asked = KexDHGexRequest.decode(payload)
    ordered = asked.minimum <= asked.preferred <= asked.maximum
    if not ordered or asked.maximum < _FEWEST_BITS or asked.minimum > _MOST_BITS:
        sizes = f"{asked.minimum} to {asked.maximum}, best {asked.preferred}"
        problem = f"a group of {sizes} bits cannot be had"
        raise KeyExchangeFailed(problem)
    return asked


def choose(asked: KexDHGexRequest, groups: Sequence[Group] = (), random: Random = bytes) -> Group:
    """Return "the group which best matches the client's request".

    Args:
        asked: the sizes.
        groups: those to choose from, before those of the same size that everybody has.  Primes
            of more than 3072 bits are passed over, unless they are well known: the provider
            proves them for each exchange, which takes a minute for 8192.
        random: chooses among several of the best size.

    Raises:
        KeyExchangeFailed: no group that this server has fits.
    """
    usable = [each for each in groups if each.bits <= _MOST_UNKNOWN_BITS or well_known(each.p)]
    sizes = {each.bits for each in usable if each.bits >= _FEWEST_BITS} | set(SIZES)
    fitting = [size for size in sizes if asked.minimum <= size <= asked.maximum]
    if not fitting:
        problem = f"no group of {asked.minimum} to {asked.maximum} bits"
        raise KeyExchangeFailed(problem)
    large_enough = [size for size in fitting if size >= asked.preferred]
    size = min(large_enough) if large_enough else max(fitting)
    best = [each for each in usable if each.bits == size] or [modp(size)]
    return best[int.from_bytes(random(4), "big") % len(best)]


def hashed(asked: KexDHGexRequest, group: Group) -> bytes:
    """Return what the exchange hash has of the group: min || n || max || p || g."""
    sizes = _SIZES.pack(asked.minimum, asked.preferred, asked.maximum)
    return sizes + string(encode_mpint(group.p)) + string(encode_mpint(group.g))
