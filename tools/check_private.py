"""Refuse what reaches into another package: its private names, and those of its classes.

    python tools/check_private.py [FOLDER]

Pyright's reportPrivateUsage sees most of it, but lets a subclass use what is private to its
base.  Here a class may neither use nor define a private name that a base in another package
has.  FOLDER holds the packages, by default `packages`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

PACKAGES: Final = Path(__file__).parents[1] / "packages"


class Finding(NamedTuple):
    """A private name and where it is used."""

    path: Path
    line: int
    problem: str


@dataclass(frozen=True)
class Source:
    """One module, read and not imported."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that the module belongs to."""
        return self.name.partition(".")[0]

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes of the module, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Where each imported name comes from: its module and its name there."""
        found: dict[str, tuple[str, str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.update(
                    {item.asname or item.name: (node.module, item.name) for item in node.names}
                )
        return found


@dataclass
class Checker:
    """Checks the sources of all packages against each other."""

    sources: dict[str, Source]
    findings: list[Finding] = field(default_factory=list[Finding])

    def run(self) -> list[Finding]:
        """Return what reaches into another package."""
        for source in self.sources.values():
            self._check_imports(source)
            for node in source.classes.values():
                self._check_class(source, node)
        return sorted(self.findings)

    def _check_imports(self, source: Source) -> None:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            package = node.module.partition(".")[0]
            if package == source.package or not package.startswith("ssh_"):
                continue
            for name in (*node.module.split("."), *(item.name for item in node.names)):
                if _is_private(name):
                    problem = f"{name} is private to {package}"
                    self.findings.append(Finding(source.path, node.lineno, problem))

    def _check_class(self, source: Source, node: ast.ClassDef) -> None:
        for where, base in self._bases(source, node):
            if where.package == source.package:
                continue
            private = set(_own_names(base))
            for name, line in _names(node):
                if name in private:
                    owner = f"{where.name}.{base.name}"
                    problem = f"{node.name} uses {name}, which is private to {owner}"
                    self.findings.append(Finding(source.path, line, problem))

    def _bases(self, source: Source, node: ast.ClassDef) -> Iterator[tuple[Source, ast.ClassDef]]:
        """Yield the bases of a class in the packages, their own bases included."""
        for expression in node.bases:
            base = expression.value if isinstance(expression, ast.Subscript) else expression
            if isinstance(base, ast.Name) and (found := self._find(source, base.id)):
                yield found
                yield from self._bases(*found)

    def _find(self, source: Source, name: str) -> tuple[Source, ast.ClassDef] | None:
        """Return the class that a name of a module means; imports are followed."""
        if name in source.classes:
            return source, source.classes[name]
        module, original = source.imports.get(name, ("", ""))
        return self._find(self.sources[module], original) if module in self.sources else None


def _names(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    """Yield the private names that a class defines, or takes from itself or its bases."""
    for name in _own_names(node):
        yield name, node.lineno
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if _is_private(name):
                yield name, part.lineno
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name) if (
                _is_private(name)
            ):
                yield name, part.lineno
            case _:
                pass


def _own_names(node: ast.ClassDef) -> Iterator[str]:
    """Yield the private names that a class gives to its methods and attributes."""
    for item in node.body:
        match item:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from filter(_is_private, [name])
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield from filter(_is_private, [name])
            case _:
                pass
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield from filter(_is_private, [name])
            case _:
                pass


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def sources(folder: Path = PACKAGES) -> dict[str, Source]:
    """Read every module of the packages in a folder."""
    found: dict[str, Source] = {}
    for path in sorted(folder.glob("*/src/**/*.py")):
        parts = path.relative_to(folder).with_suffix("").parts[2:]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Source(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def main(arguments: list[str]) -> int:
    """Print what reaches into another package; return 1 if anything does."""
    findings = Checker(sources(*map(Path, arguments))).run()
    for path, line, problem in findings:
        print(f"{path}:{line}: {problem}")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
