"""Ready-made answers to the question who may log in, and several of them together."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ParamSpec, Protocol, TypeAlias, TypeVar, cast

from ssh_auth import SERVER_METHODS, Reject
from ssh_connection.aio import ServerAuthentication, offered_methods
from ssh_stack.server.authorized_keys import AuthorizedKeys
from ssh_stack.server.kerberos_tickets import KerberosTickets
from ssh_stack.server.passwords import Passwords
from ssh_stack.server.trusted_hosts import TrustedHosts
from ssh_stack.server.user_authorities import TrustedUserCAKeys
from ssh_wire import UsageError, lazy_attrs

__all__ = [
    "Authorization",
    "AuthorizedKeys",
    "Authorizer",
    "InOrder",
    "KerberosTickets",
    "Passwords",
    "TrustedHosts",
    "TrustedUserCAKeys",
    "combine",
]

_P = ParamSpec("_P")


class Authorizer(Protocol):
    """Something that says who may log in: `AuthorizedKeys`, `Passwords` and their kin."""

    @property
    def authentication(self) -> ServerAuthentication:
        """The methods that it offers, with the functions that decide."""
        ...


_T = TypeVar("_T")


class InOrder:
    """Lets in who completes all of several methods, one after the other.

        auth=InOrder(AuthorizedKeys("keys"), Passwords(check))

    Args:
        parts: each offers one method.
    """

    def __init__(self, *parts: Authorizer | ServerAuthentication) -> None:
        given = [_given(part) for part in parts]
        if not given or any(len(offered_methods(each)) != 1 or each.sequences for each in given):
            problem = "InOrder takes parts that offer one method each"
            raise UsageError(problem)
        _check_distinct(given)
        self._parts = given

    @property
    def authentication(self) -> ServerAuthentication:
        """The methods that it offers, and their order."""
        sequence = tuple(offered_methods(each)[0] for each in self._parts)
        return lazy_attrs.evolve(_merged(self._parts), sequences=(sequence,))


Authorization: TypeAlias = Authorizer | ServerAuthentication
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
    alternatives = [p.sequences or [(name,) for name in offered_methods(p)] for p in given]
    return lazy_attrs.evolve(merged, sequences=tuple(way for ways in alternatives for way in ways))


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
    if method not in offered_methods(part):
        return ()
    return tuple(getattr(part, name) for name in SERVER_METHODS[method].FUNCTIONS)


def _check_distinct(parts: Sequence[ServerAuthentication]) -> None:
    """Refuse two answers to one method: completing it would not say which of them it was."""
    for name in SERVER_METHODS:
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
        public_key=_any_of([p.public_key for p in parts]),
        certificate=_any_of([p.certificate for p in parts]),
        password=_any_of([p.password for p in parts]),
        new_password=_any_of([p.new_password for p in parts]),
        interactive=dialogues[0] if dialogues else None,
        hostbased=_any_of([p.hostbased for p in parts]),
        gssapi=_any_of([p.gssapi for p in parts]),
        gssapi_step=next((p.gssapi_step for p in parts if p.gssapi_step is not None), None),
        none=_any_of([p.none for p in parts]),
        algorithms=restrictions[0] if restrictions else None,
        banner="".join(dict.fromkeys(p.banner for p in parts)),
    )


def _any_of(
    functions: Sequence[Callable[_P, Awaitable[_T]] | None],
) -> Callable[_P, Awaitable[_T]] | None:
    """Return a function that says yes where one of these does.

    Args:
        functions: those of the parts; None where a part has none.
    """
    distinct = list(dict.fromkeys(each for each in functions if each is not None))
    if len(distinct) < 2:  # noqa: PLR2004 (one needs no other)
        return distinct[0] if distinct else None

    async def decide(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        answer = await distinct[0](*args, **kwargs)
        for function in distinct[1:]:
            if type(answer) is not Reject:
                break
            answer = await function(*args, **kwargs)
        return answer

    return decide
