"""Ready-made answers to the question who may log in."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import attrs

from ssh_auth import Accept, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import AuthorizedKeys as KeyLines
from ssh_keys import PublicKey
from ssh_keys.files import read_authorized_keys
from ssh_stack.options import Path

__all__ = ["Authorization", "AuthorizedKeys", "Passwords", "combine"]


class AuthorizedKeys:
    """Lets in whoever has one of the keys.

    Args:
        source: an authorized_keys file, read anew at each attempt, or the keys themselves.
        users: the user names that may log in; by default the one that this process runs as.
    """

    def __init__(
        self, source: Path | Sequence[PublicKey], users: Collection[str] | None = None
    ) -> None:
        self._path = source if isinstance(source, str | os.PathLike) else None
        self._keys = () if isinstance(source, str | os.PathLike) else tuple(source)
        self._users = frozenset(users if users is not None else [getpass.getuser()])

    async def decide(self, user: str, key: PublicKey) -> Accept | Reject:
        """Accept a key that is authorized, for a user who may log in."""
        known = await self._known(key)
        return Accept() if known and user in self._users else Reject()

    async def _known(self, key: PublicKey) -> bool:
        if self._path is None:
            return key in self._keys
        lines = await asyncio.to_thread(self._read, self._path)
        return lines.lookup(key) is not None

    def _read(self, path: Path) -> KeyLines:
        try:
            return read_authorized_keys(path)
        except FileNotFoundError:
            return KeyLines.parse("")

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(public_key=self.decide)


class Passwords:
    """Lets in whoever knows the password, by the method "password".

    Args:
        source: user names with their passwords, or a function that decides; a password in
            a mapping is compared in constant time, an unknown user's like a known one's.
    """

    def __init__(self, source: Mapping[str, str] | Callable[[str, str], Awaitable[bool]]) -> None:
        self._source = source

    async def decide(self, user: str, password: str) -> Accept | Reject:
        """Accept the right password; only an exact True of a function is a yes."""
        if isinstance(self._source, Mapping):
            known = self._source.get(user)
            same = hmac.compare_digest(_digest(known or ""), _digest(password))
            return Accept() if same and known else Reject()
        return Accept() if await self._source(user, password) is True else Reject()

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(password=self.decide)

    def __repr__(self) -> str:
        return "Passwords(…)"


Authorization = AuthorizedKeys | Passwords | ServerAuthentication
"""Who may log in."""


def _digest(password: str) -> bytes:
    # of equal length, so that comparing them tells nothing of the passwords' lengths
    return hashlib.sha256(password.encode()).digest()


def combine(parts: Authorization | Sequence[Authorization]) -> ServerAuthentication:
    """Return one set of methods from several; a later one replaces an earlier of its kind."""
    several = parts if isinstance(parts, Sequence) else [parts]
    result = ServerAuthentication()
    for part in several:
        given = part if isinstance(part, ServerAuthentication) else part.authentication
        unset = ServerAuthentication()
        changes = {
            field.name: value
            for field in attrs.fields(ServerAuthentication)
            if (value := getattr(given, field.name)) != getattr(unset, field.name)
        }
        result = attrs.evolve(result, **changes)
    return result
