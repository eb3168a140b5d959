"""Imports that wait until something is used: names of a package, and entries of a table.

A package that re-exports much would load all of it at import.  Its
`__init__` imports for type checkers what this module imports for Python:

    if TYPE_CHECKING:
        from package.part import Name as Name
    else:
        __getattr__, __dir__, __all__ = lazy.names(__name__, {"package.part": "Name Other"})

A module that is rarely needed is imported in the same manner:

    if TYPE_CHECKING:
        import ipaddress
    else:
        ipaddress = lazy.module("ipaddress")
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["load", "module", "names"]


def names(
    package: str, origins: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return a package's `__getattr__`, `__dir__` and `__all__` (PEP 562).

    Args:
        package: the package's `__name__`.
        origins: modules, each with the names that are taken from it, separated by blanks;
            without any, the module is an attribute of the package itself.
    """
    found = {
        name or module.rpartition(".")[2]: (module, name)
        for module, exported in origins.items()
        for name in exported.split() or [""]
    }

    def get(name: str) -> object:
        if name not in found:
            problem = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(problem, name=name, obj=sys.modules[package])
        module, attribute = found[name]
        value: object = _import(module)
        if attribute:
            value = getattr(value, attribute)
        setattr(sys.modules[package], name, value)  # the next use does not call this function
        return value

    def list_names() -> list[str]:
        present = [name for name in vars(sys.modules[package]) if name.startswith("__")]
        return sorted({*found, *present})

    return get, list_names, sorted(found)


def load(reference: str) -> Any:  # noqa: ANN401 (its type is annotated where it is used)
    """Import a module and return one of its attributes.

    A table that names its implementations so pays for those that are used, and its module
    does not depend on theirs.

    Args:
        reference: the module and the attribute, as in an entry point: "package.module:name".
    """
    module, _, attribute = reference.partition(":")
    return getattr(_import(module), attribute)


def module(name: str) -> object:
    """Return a proxy for a module, which is imported when an attribute is used."""
    return _Module(name)


class _Module:
    """The proxy for a module."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (type checkers see the module)
        # not kept, so that a test may replace what the module has
        return getattr(_import(self.__name__), name)


def _import(name: str) -> object:
    # what a module makes stays: looking for garbage in it takes a tenth of the time
    if name in sys.modules:
        return importlib.import_module(name)
    collects = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if collects:
            gc.enable()
