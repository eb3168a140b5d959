"""Lists of addresses and host names, as in the option `from` (ssh_config(5), PATTERNS).

An entry is a network (`10.0.0.0/8`), an address, or a pattern of addresses or host names; a `!`
before it negates it.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_keys.errors import KeyFormatError
from ssh_keys.patterns import matches, matches_list
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["allows", "check_list"]

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network: TypeAlias = tuple[int, int, int]
"""The version, the bits of the prefix as a number, and the number of bits after it."""

_MAX_PREFIX_DIGITS: Final = 3
_IN_AN_ADDRESS: Final = frozenset("0123456789abcdefABCDEF.:")


def check_list(entries: Sequence[bytes]) -> None:
    """Refuse a list with an invalid entry.

    Raises:
        KeyFormatError: an entry is empty, or a network has bits set after its prefix.
    """
    for entry in entries:
        wanted = entry.removeprefix(b"!")
        if not wanted:
            problem = "a list of hosts has an empty entry"
            raise KeyFormatError(problem)
        _network(wanted)


def allows(entries: Sequence[bytes], address: str, host: str | None = None) -> bool:
    """Say whether a list matches a peer: an entry matches, and no negated one does.

    Args:
        entries: the list, as `check_list` accepts it.
        address: the peer's address.
        host: its name, if it is known.
    """
    peer = _address(address)
    found = False
    for entry in entries:
        if _matches_address(entry.removeprefix(b"!"), address, peer):
            if entry.startswith(b"!"):
                return False
            found = True
    if host is None:
        return found
    # bytes, because lower() of text maps other letters to ASCII ones
    name = host.encode("utf-8", "surrogatepass").lower()
    names = tuple(entry.lower() for entry in entries)
    negated = tuple(entry[1:] for entry in names if entry.startswith(b"!"))
    return not matches_list(negated, name) and (found or matches_list(names, name))


def _matches_address(entry: bytes, address: str, peer: _Address | None) -> bool:
    if peer is None:
        return False
    network = _network(entry)
    if network is None:
        return matches(entry, address.encode("utf-8", "surrogatepass"))
    version, prefix, host_bits = network
    return peer.version == version and int(peer) >> host_bits == prefix


def _network(entry: bytes) -> _Network | None:
    """Return the network of an entry; None if it is a pattern."""
    text, slash, prefix = entry.decode("latin-1").partition("/")
    start = _address(text)
    if start is None:
        return None
    host_bits = 0
    if slash:
        digits = prefix.isascii() and prefix.isdigit() and len(prefix) <= _MAX_PREFIX_DIGITS
        host_bits = start.max_prefixlen - int(prefix) if digits else -1
    number = int(start)
    if host_bits < 0 or number >> host_bits << host_bits != number:
        problem = f"'{printable(entry, 64)}' is not a network"
        raise KeyFormatError(problem)
    return start.version, number >> host_bits, host_bits


def _address(text: str) -> _Address | None:
    """Return an address; an IPv4-mapped IPv6 address as the IPv4 address."""
    if not _IN_AN_ADDRESS.issuperset(text.partition("%")[0]):  # much cheaper than the exception
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
