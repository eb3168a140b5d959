"""What %-tokens stand for (ssh_config(5), TOKENS), found out when one is used."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from ssh_stack.local.user import home_directory, local_user

__all__ = ["HostTokens", "TokenContext"]


class TokenContext(Protocol):
    """What is known of a host."""

    @property
    def finished(self) -> bool:
        """Whether all lines were gone through: the name and the user are final."""
        ...

    @property
    def original(self) -> str:
        """The host as the user wrote it."""
        ...

    @property
    def host(self) -> str:
        """The name to connect to, as far as it is known."""
        ...

    @property
    def user(self) -> str:
        """The user to log in as, as far as it is known."""
        ...

    @property
    def port(self) -> int:
        """The port to connect to, as far as it is known."""
        ...

    def value(self, name: str, /) -> Any:  # noqa: ANN401 (each keyword has a type of its own)
        """Return the first value of HostKeyAlias or ProxyJump, or None."""
        ...


class HostTokens(Mapping[str, str]):
    """The %-tokens of one host.

    Args:
        reading: what is known of the host.
        names: the tokens that there are; by default those that most directives take.
    """

    def __init__(self, resolver: TokenContext, names: str = "CLdhijklnpru") -> None:
        self._reading = resolver
        self._names = names

    def __getitem__(self, letter: str) -> str:
        if letter not in self._names:
            raise KeyError(letter)
        return _VALUES[letter](self._reading)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _alias(resolver: TokenContext) -> str:
    alias = resolver.value("HostKeyAlias")
    if resolver.finished:
        return alias.lower() if alias else resolver.original
    return alias or resolver.host


def _jump(resolver: TokenContext) -> str:
    """Return the host of the last jump, without user and port."""
    hops = resolver.value("ProxyJump")
    if not hops:
        return ""
    place = str(hops[-1]).removeprefix("ssh://").rstrip("/").rpartition("@")[2]
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0] if place.count(":") == 1 else place


def _hash(resolver: TokenContext) -> str:
    """Return the "hash of %l%h%p%r%j": it names sockets, and protects nothing."""
    text = "".join(_VALUES[letter](resolver) for letter in "lhprj")
    import hashlib  # a call through a master needs it for %C alone

    return hashlib.sha1(text.encode("utf-8", "surrogateescape")).hexdigest()  # noqa: S324 (as ssh)


_VALUES: Final[dict[str, Callable[[TokenContext], str]]] = {
    "C": _hash,
    "L": lambda _: socket.gethostname().partition(".")[0],
    "d": lambda _: str(home_directory()),
    "h": lambda resolver: resolver.host,
    "i": lambda _: str(os.getuid()),
    "j": _jump,
    "k": _alias,
    "l": lambda _: socket.gethostname(),
    "n": lambda resolver: resolver.original,
    "p": lambda resolver: str(resolver.port),
    "r": lambda resolver: resolver.user,
    "u": lambda _: local_user(),
}
