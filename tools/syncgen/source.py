"""The async sources, read and not imported: definitions, bases, and where a name comes from."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, TypeAlias

ROOT: Final = Path(__file__).parents[2]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = ast.ClassDef | Function | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Import:
    """How a name comes into a module."""

    module: str
    name: str
    """The name there; empty for a module as a whole."""
    alias: str

    def __str__(self) -> str:
        if not self.name:
            renamed = "" if self.alias == self.module else f" as {self.alias}"
            return f"import {self.module}{renamed}"
        renamed = "" if self.alias == self.name else f" as {self.alias}"
        return f"from {self.module} import {self.name}{renamed}"


@dataclass(frozen=True)
class Member:
    """One definition in a class, and the module whose names it uses."""

    module: Module
    nodes: tuple[Function | ast.AnnAssign, ...]
    """Overloads first, then the definition itself."""
    doc: str | None

    @property
    def node(self) -> Function | ast.AnnAssign:
        """The definition itself."""
        return self.nodes[-1]


class Module:
    """A module's syntax tree."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Everything that is defined at the top level."""
        found: dict[str, Definition] = {}
        for node in self.tree.body:
            match node:
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    found[node.name] = node
                case ast.Assign(targets=[ast.Name(id=name)]):
                    found[name] = node
                case ast.AnnAssign(target=ast.Name(id=name)):
                    found[name] = node
                case _:
                    pass
        return found

    @cached_property
    def imports(self) -> dict[str, Import]:
        """Every name that is imported, also for type checkers only."""
        found: dict[str, Import] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for item in node.names:
                    alias = item.asname or item.name
                    found[alias] = Import(node.module, item.name, alias)
            elif isinstance(node, ast.Import):
                for item in node.names:
                    alias = item.asname or item.name
                    found[alias] = Import(item.name, "", alias)
        return found

    def find(self, name: str) -> Import | None:
        """Return how another module can have a name of this one; None for a builtin."""
        if name in self.definitions:
            return Import(self.name, name, name)
        if name in self.imports:
            return self.imports[name]
        if hasattr(builtins, name):
            return None
        problem = f"{self.name} does not say what {name} is"
        raise LookupError(problem)

    def origin(self, name: str) -> tuple[str, str]:
        """Return the module that defines a name, and its name there."""
        if name in self.definitions or name not in self.imports:
            return self.name, name
        found = self.imports[name]
        if found.name and (path := module_path(found.module)) is not None:
            return module(found.module, path).origin(found.name)
        return found.module, found.name

    def class_(self, name: str) -> ast.ClassDef:
        """Return a class that is defined here."""
        node = self.definitions.get(name)
        if not isinstance(node, ast.ClassDef):
            problem = f"{self.name} has no class {name}"
            raise LookupError(problem)  # noqa: TRY004 (the source is at fault)
        return node


def module_path(name: str) -> Path | None:
    """Return the file of one of the workspace's modules; None for anybody else's."""
    package, *_ = name.split(".")
    base = ROOT / "packages" / package.replace("_", "-") / "src" / Path(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.exists():
            return path
    return None


@cache
def module(name: str, path: Path | None = None) -> Module:
    """Return a module of the workspace."""
    path = path or module_path(name)
    if path is None:
        problem = f"there is no module {name}"
        raise LookupError(problem)
    return Module(name, path)


def lineage(start: Module, name: str) -> Iterator[tuple[Module, ast.ClassDef]]:
    """Go through a class and its bases in the workspace, nearest first."""
    node = start.class_(name)
    yield start, node
    for expression in node.bases:
        base = expression.value if isinstance(expression, ast.Subscript) else expression
        if isinstance(base, ast.Name):
            where, there = start.origin(base.id)
            if (path := module_path(where)) is not None:
                yield from lineage(module(where, path), there)


def members(start: Module, name: str) -> dict[str, Member]:
    """Return what a class has, its bases flattened: the nearest definition of each name."""
    found: dict[str, Member] = {}
    for where, node in lineage(start, name):
        for key, member in _own_members(where, node).items():
            found.setdefault(key, member)
    return found


def _own_members(where: Module, node: ast.ClassDef) -> dict[str, Member]:
    nodes: dict[str, list[Function | ast.AnnAssign]] = {}
    docs: dict[str, str | None] = {}
    for item, following in zip(node.body, [*node.body[1:], None], strict=True):
        match item:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                nodes.setdefault(name, []).append(item)
                docs[name] = ast.get_docstring(item)
            case ast.AnnAssign(target=ast.Name(id=name)):
                nodes[name] = [item]
                docs[name] = _text(following)
            case _:
                pass
    return {name: Member(where, tuple(nodes[name]), docs[name]) for name in nodes}


def _text(node: ast.stmt | None) -> str | None:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return None
