"""Every method, and the machine as a whole: what documents and tests look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ssh_auth.client.methods import AnyMethod
from ssh_auth.client.methods.base import Rows
from ssh_auth.client.methods.hostbased import HostbasedMethod
from ssh_auth.client.methods.keyboard_interactive import KeyboardInteractiveMethod
from ssh_auth.client.methods.none import NoneMethod
from ssh_auth.client.methods.password import PasswordMethod
from ssh_auth.client.methods.publickey import PublicKeyMethod
from ssh_auth.client.states import COMMON

__all__ = ["LEGAL", "METHODS"]

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
