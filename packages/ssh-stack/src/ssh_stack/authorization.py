"""Ready-made answers to the question who may log in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, ParamSpec, TypeAlias, cast

import attrs

from ssh_auth import Accept, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_keys import AuthorizedKeys as KeyLines
from ssh_keys import KeyFormatError, PublicKey
from ssh_keys.files import read_authorized_keys
from ssh_stack.local_user import local_user
from ssh_stack.options import Path
from ssh_wire import UsageError
from ssh_wire.text import printable

__all__ = ["Authorization", "AuthorizedKeys", "InOrder", "Passwords", "combine"]

_P = ParamSpec("_P")
_Result: TypeAlias = Accept | Reject | Partial
_log = logging.getLogger("ssh_stack.server")


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
        if isinstance(users, str):
            problem = "users is a collection of names"
            raise UsageError(problem)
        self._users = frozenset([local_user()] if users is None else users)

    async def decide(self, user: str, key: PublicKey) -> _Result:
        """Accept a key that is authorized, for a user who may log in."""
        known = await self._known(key)  # the same work for everybody
        if known and user in self._users:
            return Accept()
        _log.info("key %s refused for %s", key.fingerprint(), printable(user))
        return Reject()

    async def _known(self, key: PublicKey) -> bool:
        if self._path is None:
            return key in self._keys
        try:
            lines = await asyncio.to_thread(read_authorized_keys, self._path)
        except FileNotFoundError:
            lines = KeyLines()
        except (OSError, KeyFormatError) as error:
            _log.warning("authorized keys: %s", error)
            lines = KeyLines()
        # options are not enforced here yet, so a line with any lets nobody in
        for problem in (*lines.problems, *lines.not_enforced()):
            _log.info("%s, line %d is not used: %s", self._path, problem.line, problem.reason)
        return lines.lookup(key) is not None

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(public_key=self.decide)


class Passwords:
    """Lets in whoever knows the password, by the method "password".

    Args:
        source: user names with their passwords, or a function that decides: an async one,
            or a plain one, which is called in a thread so that it may take its time.  A
            password in a mapping is compared in constant time, an unknown user's like a
            known one's; of a function's answers only an exact True is a yes.
    """

    def __init__(
        self, source: Mapping[str, str] | Callable[[str, str], bool | Awaitable[bool]]
    ) -> None:
        self._source: Mapping[str, str] | Callable[[str, str], bool | Awaitable[bool]] = source

    async def decide(self, user: str, password: str) -> _Result:
        """Accept the right password."""
        if await self._right(user, password):
            return Accept()
        _log.info("password refused for %s", printable(user))
        return Reject()

    async def _right(self, user: str, password: str) -> bool:
        source = self._source
        if not callable(source):
            known = source.get(user)
            same = hmac.compare_digest(_digest(known or ""), _digest(password))
            return same and bool(known)
        if _is_async(source):
            answer = source(user, password)
        else:
            answer = await asyncio.to_thread(source, user, password)
        return (await answer if inspect.isawaitable(answer) else answer) is True

    @property
    def authentication(self) -> ServerAuthentication:
        """The method that it offers."""
        return ServerAuthentication(password=self.decide)

    def __repr__(self) -> str:
        return "Passwords(…)"


class InOrder:
    """Lets in who completes all of several methods, one after the other.

        auth=InOrder(AuthorizedKeys("keys"), Passwords(check))

    Args:
        parts: each offers one method.
    """

    def __init__(self, *parts: AuthorizedKeys | Passwords | ServerAuthentication) -> None:
        given = [_given(part) for part in parts]
        if not given or any(len(_methods(each)) != 1 or each.sequences for each in given):
            problem = "InOrder takes parts that offer one method each"
            raise UsageError(problem)
        _check_distinct(given)
        self._parts = given

    @property
    def authentication(self) -> ServerAuthentication:
        """The methods that it offers, and their order."""
        sequence = tuple(_methods(each)[0] for each in self._parts)
        return attrs.evolve(_merged(self._parts), sequences=(sequence,))


Authorization: TypeAlias = AuthorizedKeys | Passwords | InOrder | ServerAuthentication
"""Who may log in."""


def combine(parts: Authorization | Sequence[Authorization]) -> ServerAuthentication:
    """Return one set of methods from several parts, of which one is enough.

    Raises:
        UsageError: there is none, or they cannot be told apart: what completes a method
            of one part would count for a sequence of another.
    """
    several: bool = isinstance(parts, Sequence) and not isinstance(parts, str | bytes)
    listed = cast("Sequence[Authorization]", parts if several else [parts])
    given = [_given(each) for each in listed]
    if not given:
        problem = "auth is empty: nobody could log in; AuthorizedKeys(path), say, lets users in"
        raise UsageError(problem)
    if len(given) == 1:
        return given[0]
    merged = _merged(given)
    if not any(each.sequences for each in given):
        return merged
    _check_distinct(given)
    alternatives = [each.sequences or [(name,) for name in _methods(each)] for each in given]
    return attrs.evolve(merged, sequences=tuple(way for ways in alternatives for way in ways))


_METHODS: Final = {
    "publickey": "public_key",
    "password": "password",
    "keyboard-interactive": "interactive",
    "none": "none",
}


def _given(part: Authorization) -> ServerAuthentication:
    if isinstance(part, ServerAuthentication):
        return part
    given: object = getattr(part, "authentication", None)
    if isinstance(given, ServerAuthentication):
        return given
    if isinstance(part, Mapping):
        hint = ": do you mean Passwords({user: password})?"
    elif isinstance(part, str | os.PathLike):
        hint = ": do you mean AuthorizedKeys(path)?"
    elif callable(part):
        hint = ": do you mean Passwords(function)?"
    else:
        hint = ""
    problem = f"auth cannot be a {type(part).__name__}{hint}"
    raise UsageError(problem)


def _methods(part: ServerAuthentication) -> tuple[str, ...]:
    return tuple(name for name, field in _METHODS.items() if getattr(part, field) is not None)


def _check_distinct(parts: Sequence[ServerAuthentication]) -> None:
    """Refuse two answers to one method: completing it would not say which of them it was."""
    for name, field in _METHODS.items():
        if len({getattr(part, field) for part in parts} - {None}) > 1:
            problem = f"a method of a sequence is decided in one place, and {name} is in several"
            raise UsageError(problem)


def _merged(parts: Sequence[ServerAuthentication]) -> ServerAuthentication:
    """The methods of all parts; where several have one, one of them must say yes."""
    dialogues = list(dict.fromkeys(p.interactive for p in parts if p.interactive is not None))
    if len(dialogues) > 1:
        problem = "two dialogues of keyboard-interactive cannot be combined"
        raise UsageError(problem)
    restrictions = list(dict.fromkeys(p.algorithms for p in parts if p.algorithms is not None))
    if len(restrictions) > 1:
        problem = "the algorithms of a user's keys are named in one place"
        raise UsageError(problem)
    return ServerAuthentication(
        public_key=_any_of([p.public_key for p in parts if p.public_key is not None]),
        password=_any_of([p.password for p in parts if p.password is not None]),
        interactive=dialogues[0] if dialogues else None,
        none=_any_of([p.none for p in parts if p.none is not None]),
        algorithms=restrictions[0] if restrictions else None,
        banner="".join(dict.fromkeys(p.banner for p in parts)),
    )


def _any_of(
    functions: Sequence[Callable[_P, Awaitable[_Result]]],
) -> Callable[_P, Awaitable[_Result]] | None:
    distinct = list(dict.fromkeys(functions))
    if len(distinct) < 2:  # noqa: PLR2004 (one needs no other)
        return distinct[0] if distinct else None

    async def decide(*args: _P.args, **kwargs: _P.kwargs) -> _Result:
        for function in distinct:
            answer = await function(*args, **kwargs)
            if type(answer) is not Reject:
                return answer
        return Reject()

    return decide


def _is_async(function: Callable[[str, str], bool | Awaitable[bool]]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        type(function).__call__
    )


def _digest(password: str) -> bytes:
    # of equal length, so that comparing them tells nothing of the passwords' lengths
    return hashlib.sha256(password.encode("utf-8", "surrogateescape")).digest()
