"""Every method, and the machine as a whole: what documents and tests look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ssh_auth.client.methods import NAMES, AnyMethod, find_method
from ssh_auth.client.methods.base import Rows
from ssh_auth.client.states import COMMON

__all__ = ["LEGAL", "METHODS"]

METHODS: Final[Mapping[str, type[AnyMethod]]] = {
    name: method for name in NAMES for method in [find_method(name)] if method is not None
}
"""The methods by their names on the wire."""


LEGAL: Final[Rows] = {
    **COMMON,
    **{state: row for method in METHODS.values() for state, row in method.LEGAL.items()},
}
"""The machine: which messages may arrive in which state."""
