"""The hosts of a command line and of files: names, addresses, ranges of addresses.

A line may have two fields: addresses to connect to, with commas between them, and the names that
are printed for them.  A range of addresses is each of them, the first and the last included.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ssh_wire import UsageError, lazy_attrs

__all__ = ["Host", "hosts_of", "without_comment"]


@lazy_attrs.frozen
class Host:
    """A host to scan.

    Attributes:
        addresses: what is connected to: the first one that answers.
        names: what is printed, with commas between several.
    """

    addresses: tuple[str, ...]
    names: str


def hosts_of(word: str) -> Iterator[Host]:
    """Iterate over the hosts of a word, or of a line.

    Raises:
        UsageError: a name cannot be printed as one.
    """
    if "/" in word:
        for address in _range(word.strip()):
            yield Host((address,), address)
        return
    fields = word.split(None, 1)
    if not fields:
        return
    addresses = tuple(each for each in fields[0].split(",") if each)
    names = fields[1].split()[0] if len(fields) > 1 else fields[0]
    if not addresses or not names.isprintable():
        problem = f"{word!r} cannot be the name of a host"
        raise UsageError(problem)
    yield Host(addresses, names)


def without_comment(line: str) -> str:
    """Return a line of a file without its comment and the spaces around it."""
    return line.partition("#")[0].strip()


def _range(text: str) -> Iterator[str]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        problem = f"{text!r} is not a range of addresses, such as 192.0.2.0/28"
        raise UsageError(problem) from None
    start = int(network.network_address)
    made = type(network.network_address)
    return (str(made(start + index)) for index in range(network.num_addresses))
