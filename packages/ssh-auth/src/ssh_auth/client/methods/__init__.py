"""The methods of authentication, a client's half: one module and one row each.

    base                  what a method is, and what it returns
    none                  ask for the methods, or for nothing
    password              a password, and a new one where it has expired
    publickey             a key or a certificate, and its signature
    keyboard_interactive  prompts and answers
    hostbased             the signature of the client host's key
    gssapi                a context of GSS-API, as Kerberos has them
    table                 all of them, loaded

A further method is a module and a row here; it loads when a credential needs it.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from ssh_auth.client.methods.base import Method
from ssh_wire import lazy

__all__ = ["NAMES", "NUMBERS", "AnyMethod", "find_method"]

AnyMethod: TypeAlias = Method[Any, Any, Any, Any]

_CLASSES: Final = {
    "none": "none:NoneMethod",
    "publickey": "publickey:PublicKeyMethod",
    "hostbased": "hostbased:HostbasedMethod",
    "keyboard-interactive": "keyboard_interactive:KeyboardInteractiveMethod",
    "password": "password:PasswordMethod",
    "gssapi-with-mic": "gssapi:GSSAPIMethod",
}

NAMES: Final = tuple(_CLASSES)
"""The methods, as they are named on the wire."""

NUMBERS: Final = frozenset({60, 61, 63, 64, 65, 66})
"""The numbers of 60 to 79 that the messages of the methods have, of both sides."""


def find_method(name: str) -> type[AnyMethod] | None:
    """Return the class of a method; None where there is no such method."""
    if name not in _CLASSES:
        return None
    found: type[AnyMethod] = lazy.load(f"{__name__}.{_CLASSES[name]}")
    return found
