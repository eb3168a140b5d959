"""Types: the blocking form of an annotation, and how a result becomes a blocking object."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import EllipsisType

from syncgen.source import Import, Module, lineage, module, module_path
from syncgen.table import MIRRORS, Mirror

ITERATOR = Import("collections.abc", "Iterator", "Iterator")


def twins() -> dict[tuple[str, str], Mirror]:
    """Return each mirrored name by where it is defined; a base stands for what derives from it."""
    found: dict[tuple[str, str], Mirror] = {}
    for mirror in MIRRORS:
        found[mirror.source, mirror.name] = mirror
        if mirror.kind in {"class", "owner"}:
            for where, node in lineage(module(mirror.source), mirror.name):
                found.setdefault((where.name, node.name), mirror)
    return found


TWINS = twins()


def exporter(where: str, name: str) -> str:
    """Return the public module of another package that exports a name, or its own module."""
    package = where.partition(".")[0]
    if package == "ssh_stack":
        return where
    for front in (f"{package}.aio", package):
        path = module_path(front)
        if path is None or not name or name not in module(front, path).imports:
            continue
        if module(front, path).origin(name) == module(where).origin(name):
            return front
    return where


@dataclass
class Names:
    """What a blocking module imports."""

    target: str
    imports: set[Import] = field(default_factory=set[Import])

    def need(self, where: str, name: str, alias: str | None = None) -> str:
        """Import a name and return how to call it."""
        self.imports.add(Import(where, name, alias or name))
        return alias or name

    def keep(self, found: Import) -> None:
        """Import a name as another module does, from the package that exports it."""
        front = exporter(found.module, found.name)
        self.imports.add(Import(front, found.name, found.alias))

    def need_twin(self, mirror: Mirror) -> str:
        """Import a blocking name, unless it is defined in this very module."""
        if mirror.target != self.target:
            self.need(f"ssh_stack.sync.{mirror.target}", mirror.name)
        return mirror.name

    def need_source(self, mirror: Mirror) -> str:
        """Import the module of the async original, and return how to name the original."""
        source = exporter(mirror.source, mirror.name)
        package, _, name = source.rpartition(".")
        alias = f"aio_{package}" if name == "aio" else f"aio_{name}"
        return f"{self.need(package, name, alias)}.{mirror.name}"


class Translator(ast.NodeTransformer):
    """Translates annotations of one async module for one blocking module."""

    def __init__(self, source: Module, names: Names) -> None:
        self._source = source
        self._names = names

    def annotation(self, node: ast.expr | None) -> str:
        """Return the blocking form of an annotation."""
        if node is None:
            problem = f"{self._source.name} has something without an annotation"
            raise LookupError(problem)
        copy = ast.parse(ast.unparse(node), mode="eval").body
        return ast.unparse(self.visit(copy))

    def value(self, node: ast.expr) -> str:
        """Return a default value, its names imported."""
        return self.annotation(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        """Leave the types of a function's parameters: it runs in the loop's thread."""
        if isinstance(node.value, ast.Name) and node.value.id == "Callable":
            for part in ast.walk(node):
                if isinstance(part, ast.Name):
                    self._keep(part)
            return node
        node.value, node.slice = self.visit(node.value), self.visit(node.slice)
        return node

    def _keep(self, node: ast.Name) -> None:
        """Import a name as it is, from its module where the blocking form has its name."""
        mirror = self.twin(node)
        found = self._source.find(node.id)
        if mirror is not None and mirror.kind in {"class", "owner"}:
            node.id = self._names.need_source(mirror)
        elif found is not None:
            self._names.keep(found)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Import a name, or its twin."""
        mirror = self.twin(node)
        if mirror is not None:
            return ast.Name(self._names.need_twin(mirror))
        found = self._source.find(node.id)
        if found is not None and found.name == "AsyncIterator":
            self._names.imports.add(ITERATOR)
            return ast.Name("Iterator")
        if found is not None:
            self._names.keep(found)
        return node

    def twin(self, node: ast.expr) -> Mirror | None:
        """Return what a name is mirrored by."""
        if isinstance(node, ast.Name):
            return TWINS.get(self._source.origin(node.id))
        return None

    def mentions_twin(self, node: ast.expr | None) -> bool:
        """Whether an annotation names anything that is mirrored."""
        return node is not None and any(
            self.twin(part) is not None for part in ast.walk(node) if isinstance(part, ast.Name)
        )

    def wrapped(self, node: ast.expr | None, value: str) -> str:
        """Return the expression that makes the blocking object of a result.

        Raises:
            LookupError: the result holds such an object where it would not be found.
        """
        if node is None or not self.mentions_twin(node):
            return value
        match node:
            case ast.Name():
                return self._wrapped_name(node, value)
            case ast.Subscript(value=ast.Name() as generic, slice=ast.Name() as inner):
                mirror, of = self.twin(generic), self.twin(inner)
                if mirror is not None and of is not None:
                    scope = self._names.need_twin(mirror)
                    return f"{scope}(self._portal, {value}, {self._names.need_twin(of)})"
            case ast.Subscript(
                value=ast.Name(id="tuple"),
                slice=ast.Tuple(elts=[inner, ast.Constant(value=EllipsisType())]),
            ):
                return f"tuple({self.wrapped(inner, 'each')} for each in {value})"
            case ast.Subscript(
                value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[ast.Name() as first, *rest])
            ) if not any(self.mentions_twin(each) for each in rest):
                return f"({self.wrapped(first, f'{value}[0]')}, *{value}[1:])"
            case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
                some = self.wrapped(left, "found")
                return f"None if (found := {value}) is None else {some}"
            case _:
                pass
        problem = f"{ast.unparse(node)} cannot be made of blocking objects"
        raise LookupError(problem)

    def _wrapped_name(self, node: ast.Name, value: str) -> str:
        mirror = self.twin(node)
        if mirror is None:
            return value
        if mirror.kind == "typevar":
            return f"self._wrap(self._portal, {value})"
        return f"{self._names.need_twin(mirror)}(self._portal, {value})"


def import_lines(imports: Iterable[Import]) -> list[str]:
    """Return the import statements; the formatter sorts them."""
    return sorted(str(line) for line in imports)
