"""Who may log in with which password, and what becomes of one that has expired."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeAlias

from ssh_auth import Accept, AuthContext, ChangePassword, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_stack.local.callbacks import is_async
from ssh_wire import UsageError
from ssh_wire.text import printable

__all__ = ["Passwords"]

_Answer: TypeAlias = Accept | Reject | Partial | ChangePassword
_Decision: TypeAlias = bool | Awaitable[bool]
_log = logging.getLogger("ssh_stack.server")


class Passwords:
    """Lets in whoever knows the password, by the method "password".

    Each function may be an async one, or a plain one, which is called in a thread so that it
    may take its time; of its answers only an exact True is a yes.

    Args:
        source: user names with their passwords, or a function that decides about a user and
            a password.  A password in a mapping is compared in constant time, an unknown
            user's like a known one's.
        expired: the users whose password has expired, or a function that says so of a user.
            Whoever knows an expired password is asked for a new one (RFC 4252 section 8), and
            not authenticated with the old one.
        change: puts a new password in the place of the old one: a function of user, old and
            new password, which says whether the new one will do.

    Raises:
        UsageError: one name is given where names are wanted, or no function.
    """

    def __init__(
        self,
        source: Mapping[str, str] | Callable[[str, str], _Decision],
        *,
        expired: Collection[str] | Callable[[str], _Decision] = (),
        change: Callable[[str, str, str], _Decision] | None = None,
    ) -> None:
        if isinstance(expired, str):
            problem = f"expired is a collection of names: give [{expired!r}]"
            raise UsageError(problem)
        if change is not None and not callable(change):
            problem = "change is a function of the user, the old and the new password"
            raise UsageError(problem)
        self._source: Mapping[str, str] | Callable[[str, str], _Decision] = source
        self._expired: Collection[str] | Callable[[str], _Decision] = expired
        self._change = change

    async def decide(self, context: AuthContext, password: str) -> _Answer:
        """Accept the right password; demand a new one where it has expired."""
        user = context.user
        if not await self._is_right(user, password):
            _log.info("password refused for %s", printable(user))
            return Reject()
        if not await self._has_expired(user):
            return Accept()
        if self._change is None:
            # "the server MUST NOT allow an expired password to be used for authentication"
            _log.info("the password of %s has expired", printable(user))
            return Reject()
        return ChangePassword(f"The password of {printable(user)} has expired.")

    async def decide_new(self, context: AuthContext, old: str, new: str) -> _Answer:
        """Accept a new password in the place of one that is right and has expired."""
        user = context.user
        if (
            self._change is None
            or not await self._is_right(user, old)
            or not await self._has_expired(user)
        ):
            _log.info("new password refused for %s", printable(user))
            return Reject()
        if new != old and await _returns_true(self._change, user, old, new):
            _log.info("%s has changed the password", printable(user))
            return Accept()
        return ChangePassword("That password will not do; choose another one.")

    async def _is_right(self, user: str, password: str) -> bool:
        source = self._source
        if callable(source):
            return await _returns_true(source, user, password)
        known = source.get(user)
        same = hmac.compare_digest(_digest(known or ""), _digest(password))
        return same and bool(known)

    async def _has_expired(self, user: str) -> bool:
        expired = self._expired
        return await _returns_true(expired, user) if callable(expired) else user in expired

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        new_password = None if self._change is None else self.decide_new
        return ServerAuthentication(password=self.decide, new_password=new_password)

    def __repr__(self) -> str:
        return "Passwords(…)"


async def _returns_true(function: Callable[..., Any], *args: object) -> bool:
    """Return whether a function says exactly True."""
    if is_async(function):
        answer = function(*args)
    else:
        answer = await asyncio.to_thread(function, *args)
    return (await answer if inspect.isawaitable(answer) else answer) is True


def _digest(password: str) -> bytes:
    # of equal length, so that comparing them tells nothing of the passwords' lengths
    return hashlib.sha256(password.encode("utf-8", "surrogateescape")).digest()
