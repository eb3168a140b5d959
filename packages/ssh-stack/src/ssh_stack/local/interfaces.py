"""The addresses of this machine's interfaces, and the networks that they are in."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from ssh_wire import UsageError

if TYPE_CHECKING:
    import ipaddress

__all__ = ["Network", "interface_addresses", "is_in_networks", "read_networks"]

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_UP: Final = 0x1  # IFF_UP
_ENTRY: Final = r"[0-9a-fA-F.:]+(/[0-9]+)?"


def read_networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks in CIDR form, with commas between them.

    Raises:
        UsageError: an entry is neither, or its address has bits beyond its prefix.
    """
    import ipaddress  # rarely needed

    found: list[Network] = []
    for word in text.split(","):
        try:
            # the class would take other forms too: netmasks, scopes, blanks
            found.append(ipaddress.ip_network(word if re.fullmatch(_ENTRY, word) else ""))
        except ValueError:
            problem = f"{word!r} is neither an address nor a network such as 192.0.2.0/24"
            raise UsageError(problem) from None
    return tuple(found)


def is_in_networks(address: str, networks: Sequence[Network]) -> bool:
    """Return whether an address is in one of some networks; one with a scope is in none."""
    import ipaddress  # rarely needed

    if "%" in address:
        return False
    place = ipaddress.ip_address(address)
    return any(place.version == each.version and place in each for each in networks)


def interface_addresses() -> Iterator[str]:
    """Return the addresses of the interfaces that are up; those of one link with their scope.

    A system without getifaddrs(3) has none.
    """
    import ctypes  # rarely needed

    class Interface(ctypes.Structure):
        pass

    pointer = ctypes.POINTER(Interface)
    Interface._fields_ = [
        ("next", pointer),
        ("name", ctypes.c_char_p),
        ("flags", ctypes.c_uint),
        ("address", ctypes.c_void_p),
    ]
    first = pointer()
    try:
        library = ctypes.CDLL(None)
        if library.getifaddrs(ctypes.byref(first)):
            return
    except (AttributeError, OSError, TypeError):
        return
    try:
        entry = first
        while bool(entry):  # the last one is a null pointer
            found = entry.contents
            if found.flags & _UP and found.address:
                yield from _read_address(ctypes.string_at(found.address, 2), found.address)
            entry = found.next
    finally:
        library.freeifaddrs(first)


def _read_address(head: bytes, place: int) -> Iterator[str]:
    """Read a sockaddr (RFC 3493): the family, then the address at its usual place."""
    import ctypes  # rarely needed

    # BSD has a byte for the length before the family
    family = int.from_bytes(head, sys.byteorder) if sys.platform == "linux" else head[1]
    if family == socket.AF_INET:
        yield socket.inet_ntop(socket.AF_INET, ctypes.string_at(place + 4, 4))
    elif family == socket.AF_INET6:
        data = ctypes.string_at(place + 8, 20)
        scope = int.from_bytes(data[16:], sys.byteorder)
        text = socket.inet_ntop(socket.AF_INET6, data[:16])
        yield f"{text}%{scope}" if scope else text
