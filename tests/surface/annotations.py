"""Which classes the public signatures of a class or function mention."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs

__all__ = ["Mention", "mentions"]


@attrs.frozen
class Mention:
    """A class that a signature mentions."""

    where: str
    """The member whose annotation it is."""
    module: str
    """The module that it is imported from there."""
    name: str
    """Its name there."""

    @property
    def value(self) -> object:
        """The class itself."""
        return getattr(importlib.import_module(self.module), self.name, None)


def mentions(value: object) -> Iterator[Mention]:
    """Yield what the public members of a class, or the signature of a function, mention."""
    if inspect.isclass(value):
        for base in value.__mro__:
            if base.__module__.startswith("ssh_"):
                yield from _of_class(base)
    elif inspect.isfunction(value):
        yield from _of(value.__module__, value.__name__, _definition(value))


def _of_class(owner: type) -> Iterator[Mention]:
    node = _definition(owner)
    for member in node.body if isinstance(node, ast.ClassDef) else []:
        name = getattr(member, "name", getattr(getattr(member, "target", None), "id", "_"))
        if not name.startswith("_"):
            yield from _of(owner.__module__, f"{owner.__name__}.{name}", member)


def _of(module: str, where: str, node: ast.AST) -> Iterator[Mention]:
    imported = _imports(module)
    for annotation in _annotations(node):
        for each in ast.walk(annotation):
            name = each.id if isinstance(each, ast.Name) else ""
            origin, original = imported.get(name, (module, name))
            if name and origin.startswith("ssh_"):
                yield Mention(where, origin, original)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
            yield from (each.annotation for each in every if each.annotation is not None)
            if node.returns is not None:
                yield node.returns
        case _:
            return


def _definition(value: type | object) -> ast.AST:
    module = getattr(value, "__module__", "")
    name = getattr(value, "__qualname__", "")
    found = [
        node
        for node in _tree(module).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == name
    ]
    return found[-1] if found else ast.Pass()


@functools.cache
def _tree(module: str) -> ast.Module:
    loaded: ModuleType = importlib.import_module(module)
    return ast.parse(Path(loaded.__file__ or "").read_text())


@functools.cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Every name that a module imports, for type checkers too: where from, and as what."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
