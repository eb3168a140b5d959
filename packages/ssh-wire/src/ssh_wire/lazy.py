"""Names of a package that are imported when they are first used.

A package that re-exports much would make everybody pay for all of it at import.  Its
`__init__` imports for type checkers what this module imports for Python:

    if TYPE_CHECKING:
        from package.part import Name as Name
    else:
        __getattr__, __dir__, __all__ = lazy.names(__name__, {"package.part": "Name Other"})
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

__all__ = ["names"]


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
        value: object = importlib.import_module(module)
        if attribute:
            value = getattr(value, attribute)
        setattr(sys.modules[package], name, value)  # the next use finds it by itself
        return value

    def list_names() -> list[str]:
        present = [name for name in vars(sys.modules[package]) if name.startswith("__")]
        return sorted({*found, *present})

    return get, list_names, sorted(found)
