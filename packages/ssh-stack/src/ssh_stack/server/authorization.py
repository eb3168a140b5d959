"""Ready-made answers to the question who may log in, and several of them together."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from ssh_auth import Accept, AuthContext, ChangePassword, Partial, Reject
from ssh_connection.aio import ServerAuthentication
from ssh_connection.aio.callbacks import call
from ssh_stack.server.authorized_keys import AuthorizedKeys
from ssh_stack.server.passwords import Passwords
from ssh_stack.server.user_authorities import TrustedUserCAKeys
from ssh_wire import UsageError, lazy_attrs

__all__ = [
    "Authorization",
    "AuthorizedKeys",
    "InOrder",
    "Passwords",
    "TrustedUserCAKeys",
    "combine",
]

_Answer: TypeAlias = Accept | Reject | Partial | ChangePassword


class InOrder:
    """Lets in who completes all of several methods, one after the other.

        auth=InOrder(AuthorizedKeys("keys"), Passwords(check))

    Args:
        parts: each offers one method.
    """

    def __init__(
        self, *parts: AuthorizedKeys | TrustedUserCAKeys | Passwords | ServerAuthentication
    ) -> None:
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
        return lazy_attrs.evolve(_merged(self._parts), sequences=(sequence,))


Authorization: TypeAlias = (
    AuthorizedKeys | TrustedUserCAKeys | Passwords | InOrder | ServerAuthentication
)
"""Who may log in."""


def combine(parts: Authorization | Sequence[Authorization]) -> ServerAuthentication:
    """Return one set of methods from several parts, of which one is enough.

    Raises:
        UsageError: the collection is empty, or they cannot be told apart: what completes a method
            of one part would count for a sequence of another.
    """
    several: bool = isinstance(parts, Sequence) and not isinstance(parts, str | bytes)
    listed = cast("Sequence[Authorization]", parts if several else [parts])
    given = [_given(each) for each in listed]
    if not given:
        problem = "auth is empty, so no user could log in: give AuthorizedKeys(path), for example"
        raise UsageError(problem)
    if len(given) == 1:
        return given[0]
    merged = _merged(given)
    if not any(each.sequences for each in given):
        return merged
    _check_distinct(given)
    alternatives = [each.sequences or [(name,) for name in _methods(each)] for each in given]
    return lazy_attrs.evolve(merged, sequences=tuple(way for ways in alternatives for way in ways))


_METHODS: Final = {
    "publickey": ("public_key", "certificate"),
    "password": ("password", "new_password"),
    "keyboard-interactive": ("interactive",),
    "none": ("none",),
}
"""Method -> the functions that complete it."""


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


def _functions(part: ServerAuthentication, method: str) -> tuple[object, ...]:
    """Return the functions of a part that complete a method; empty where it does not offer it."""
    found = tuple(getattr(part, field) for field in _METHODS[method])
    return found if any(function is not None for function in found) else ()


def _methods(part: ServerAuthentication) -> tuple[str, ...]:
    return tuple(name for name in _METHODS if _functions(part, name))


def _check_distinct(parts: Sequence[ServerAuthentication]) -> None:
    """Refuse two answers to one method: completing it would not say which of them it was."""
    for name in _METHODS:
        if len({_functions(part, name) for part in parts} - {()}) > 1:
            problem = f"a method of a sequence is decided in one place, and {name} is in several"
            raise UsageError(problem)


def _merged(parts: Sequence[ServerAuthentication]) -> ServerAuthentication:
    """Return the methods of all parts; a method that several have is complete when one accepts."""
    dialogues = list(dict.fromkeys(p.interactive for p in parts if p.interactive is not None))
    if len(dialogues) > 1:
        problem = "two dialogues of keyboard-interactive cannot be combined"
        raise UsageError(problem)
    restrictions = list(dict.fromkeys(p.algorithms for p in parts if p.algorithms is not None))
    if len(restrictions) > 1:
        problem = "the algorithms of a user's keys are named in one place"
        raise UsageError(problem)
    return ServerAuthentication(
        public_key=_any_of([p.public_key for p in parts], 2),
        certificate=_any_of([p.certificate for p in parts], 2),
        password=_any_of([p.password for p in parts], 2),
        new_password=_any_of([p.new_password for p in parts], 3),
        interactive=dialogues[0] if dialogues else None,
        none=_any_of([p.none for p in parts], 1),
        algorithms=restrictions[0] if restrictions else None,
        banner="".join(dict.fromkeys(p.banner for p in parts)),
    )


def _any_of(
    functions: Sequence[Callable[..., Awaitable[Any]] | None], count: int
) -> Callable[..., Awaitable[Any]] | None:
    """Return a function that says yes where one of these does.

    Args:
        functions: those of the parts; None where a part has none.
        count: with how many arguments they are called.
    """
    distinct = list(dict.fromkeys(each for each in functions if each is not None))
    if len(distinct) < 2:  # noqa: PLR2004 (one needs no other)
        return distinct[0] if distinct else None

    async def decide(*args: object, context: AuthContext) -> _Answer:
        for function in distinct:
            answer: _Answer = await call(function, *args, context=context)
            if type(answer) is not Reject:
                return answer
        return Reject()

    async def one(user: str, context: AuthContext) -> _Answer:
        return await decide(user, context=context)

    async def two(user: str, key: object, context: AuthContext) -> _Answer:
        return await decide(user, key, context=context)

    async def three(user: str, old: str, new: str, context: AuthContext) -> _Answer:
        return await decide(user, old, new, context=context)

    made: dict[int, Callable[..., Awaitable[_Answer]]] = {1: one, 2: two, 3: three}
    return made[count]
