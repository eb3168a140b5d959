"""The methods of authentication, a server's half: one module and one row each.

    base                  what a method is, and what it returns
    none                  no credentials
    password              a password, and a new one where it has expired
    publickey             a key or a certificate, and its signature
    keyboard_interactive  prompts and answers
    hostbased             the client's host vouches for the user
    gssapi                a context of GSS-API, as Kerberos has them

A further method is a module and a row of `SERVER_METHODS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ssh_auth.server.methods.base import Method
from ssh_auth.server.methods.gssapi import GSSAPIMethod
from ssh_auth.server.methods.hostbased import HostbasedMethod
from ssh_auth.server.methods.keyboard_interactive import KeyboardInteractiveMethod
from ssh_auth.server.methods.none import NoneMethod
from ssh_auth.server.methods.password import PasswordMethod
from ssh_auth.server.methods.publickey import PublicKeyMethod
from ssh_auth.server.states import COMMON, Rows
from ssh_wire import Message

__all__ = ["BY_REQUEST", "FACTORS", "LEGAL", "NUMBERS", "SERVER_METHODS", "AnyMethod"]

AnyMethod: TypeAlias = Method[Any, Any, Any]

SERVER_METHODS: Final[Mapping[str, type[AnyMethod]]] = {
    method.NAME: method
    for method in (
        PublicKeyMethod,
        HostbasedMethod,
        GSSAPIMethod,
        PasswordMethod,
        KeyboardInteractiveMethod,
        NoneMethod,
    )
}
"""The methods by their names on the wire, in the order in which they are offered."""

BY_REQUEST: Final[Mapping[type[Message], type[AnyMethod]]] = {
    request: method for method in SERVER_METHODS.values() for request in method.REQUESTS
}
"""The methods by the classes of their requests."""

LEGAL: Final[Rows] = {
    **COMMON,
    **{state: row for method in SERVER_METHODS.values() for state, row in method.LEGAL.items()},
}
"""The machine: which messages may arrive in which state."""

NUMBERS: Final = frozenset[int]().union(*(each.NUMBERS for each in SERVER_METHODS.values()))
"""The numbers of 60 to 79 that the messages of the methods have, of both sides."""

FACTORS: Final = frozenset(name for name, method in SERVER_METHODS.items() if method.FACTOR)
"""The methods that show who somebody is."""
