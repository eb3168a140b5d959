"""The methods of authentication, a client's half: one module and one row each.

    base                  what a method is, and what it returns
    none                  ask for the methods, or for nothing
    password              a password, and a new one where it has expired
    publickey             a key or a certificate, and its signature
    keyboard_interactive  prompts and answers
    hostbased             the signature of the client host's key

A further method is a module and a row of `METHODS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ssh_auth.client.methods.base import Method, Rows
from ssh_auth.client.methods.hostbased import HostbasedMethod
from ssh_auth.client.methods.keyboard_interactive import KeyboardInteractiveMethod
from ssh_auth.client.methods.none import NoneMethod
from ssh_auth.client.methods.password import PasswordMethod
from ssh_auth.client.methods.publickey import PublicKeyMethod
from ssh_auth.client.states import COMMON

__all__ = ["LEGAL", "METHODS", "NUMBERS", "AnyMethod"]

AnyMethod: TypeAlias = Method[Any, Any, Any, Any]

METHODS: Final[Mapping[str, type[AnyMethod]]] = {
    method.NAME: method
    for method in (
        NoneMethod,
        PublicKeyMethod,
        HostbasedMethod,
        KeyboardInteractiveMethod,
        PasswordMethod,
    )
}
"""The methods by their names on the wire."""


LEGAL: Final[Rows] = {
    **COMMON,
    **{state: row for method in METHODS.values() for state, row in method.LEGAL.items()},
}
"""The machine: which messages may arrive in which state."""

NUMBERS: Final = frozenset(number for method in METHODS.values() for number in method.NUMBERS)
"""The numbers of 60 to 79 that the messages of the methods have, of both sides."""
