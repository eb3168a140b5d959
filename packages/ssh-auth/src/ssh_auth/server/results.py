"""The answers to a server's questions.

They are sealed: only an object of exactly one of these classes is an answer.  A forgotten
`await`, a `True`, a subclass or None is not an answer, and authenticates no client.
"""

from __future__ import annotations

from typing import Final, TypeAlias, cast, final

from ssh_auth.permissions import Permissions
from ssh_keys import FidoPolicy
from ssh_wire import lazy_attrs

__all__ = ["Accept", "ChangePassword", "Partial", "Reject", "Result", "validation_error"]

_TOUCH: Final = FidoPolicy()
"""What is demanded of a token's signature unless the function says otherwise: a touch."""


@final
@lazy_attrs.frozen
class Accept:
    """Yes: the key would do, or this method is completed.

    Attributes:
        permissions: what the user may do; with several methods, what all of them allow.
        fido: what the signature of a key in a FIDO token must say: a touch, unless the key's
            line or its certificate says "no-touch-required".
    """

    permissions: Permissions = Permissions()
    fido: FidoPolicy = _TOUCH


@final
@lazy_attrs.frozen
class Reject:
    """No.  The client is told nothing else."""


@final
@lazy_attrs.frozen
class Partial:
    """Yes, and more is required than the policy already requires.

    Attributes:
        methods: the methods of which one must follow.
        permissions: what the user may do as far as this method goes.
        fido: see `Accept`.
    """

    methods: tuple[str, ...]
    permissions: Permissions = Permissions()
    fido: FidoPolicy = _TOUCH


@final
@lazy_attrs.frozen
class ChangePassword:
    """The password is right and has expired: a new one is demanded (RFC 4252 section 8).

    Attributes:
        prompt: what the user is told, such as what a new password needs.
    """

    prompt: str = "The password has expired."


Result: TypeAlias = Accept | Reject | Partial


def validation_error(result: object, factors: frozenset[str]) -> str:
    """Return why `result` is not a result, or an empty string if it is.

    Types are compared for identity: truth, equality and inheritance decide nothing here.

    Args:
        result: what the function returned.
        factors: the methods that a Partial may demand.
    """
    if type(result) not in (Accept, Reject, Partial):
        return f"the answer is a {type(result).__name__}, not an Accept, a Reject or a Partial"
    if isinstance(result, Accept | Partial) and type(result.permissions) is not Permissions:
        return f"its permissions are a {type(result.permissions).__name__}"
    if isinstance(result, Accept | Partial) and type(result.fido) is not FidoPolicy:
        return f"its policy for tokens is a {type(result.fido).__name__}"
    if isinstance(result, Partial) and not _are_factors(result.methods, factors):
        return "the methods that must follow do not exist"
    return ""


def _are_factors(methods: object, factors: frozenset[str]) -> bool:
    if not isinstance(methods, tuple):
        return False
    names = cast("tuple[object, ...]", methods)
    return bool(names) and all(isinstance(name, str) and name in factors for name in names)
