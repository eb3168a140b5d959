"""The directive `public-names MODULE`: the reference of every name that a package exports."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, ClassVar, Final

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx


_PACKAGES: Final = (
    *("ssh_wire", "ssh_keys", "ssh_transport", "ssh_agent"),
    *("ssh_auth", "ssh_connection", "ssh_sftp"),
)


class PublicNames(SphinxDirective):
    """Document each public name of a module; one of another package has a link to its own page."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of each name."""
        module = importlib.import_module(self.arguments[0])
        package = module.__name__.partition(".")[0]
        lines: list[str] = []
        passed_on: dict[str, list[str]] = {}
        for name in public_names(module):
            value = getattr(module, name)
            if (origin := _package(name, value, package)) == package:
                lines += [f".. {_directive(value)}:: {module.__name__}.{name}", ""]
            else:
                passed_on.setdefault(origin, []).append(f":py:obj:`~{origin}.{name}`")
        for origin, links in passed_on.items():
            lines += [f"From :doc:`{origin.replace('_', '-')}`: {', '.join(links)}.", ""]
        node = nodes.container()
        self.state.nested_parse(StringList(lines, module.__name__), 0, node)
        return list(node.children)


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a module exports, modules themselves left out."""
    names = getattr(module, "__all__", None) or dir(module)
    return sorted(
        name
        for name in names
        if not name.startswith("_")
        and name not in {"annotations", "TYPE_CHECKING", "Final"}
        and not inspect.ismodule(getattr(module, name))
    )


def _package(name: str, value: object, default: str) -> str:
    """Return the package of this project that a name is defined in."""
    origin = str(getattr(value, "__module__", None) or "").partition(".")[0]
    if origin.startswith("ssh_"):
        return origin
    # an alias of types says nothing of itself: it is that of the lowest package that has it
    for package in _PACKAGES:
        if getattr(importlib.import_module(package), name, None) is value:
            return package
    return default


def _directive(value: object) -> str:
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    if inspect.isroutine(value):
        return "autofunction"
    # autodata would print the documentation of dict or str
    return "py:data" if type(value).__module__ == "builtins" else "autodata"


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True}
