"""A contract of import-linter: packages import only the public modules of each other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class PublicModules(Contract):
    """Refuse an import of another package's module that is not in the list `public`.

    An entry is a module, or a pattern such as `ssh_wire.messages.*`.  Contracts check every
    import that a source states, those for type checkers and those in functions included.
    """

    type_name = "public_modules"

    public = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 (of their interface)
        """Return each import of a module that is not public."""
        roots: set[str] = set(self.session_options["root_packages"])
        ours = sorted(module for module in graph.modules if _root(module) in roots)
        found = [
            (importer, imported)
            for importer in ours
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if _root(imported) in roots - {_root(importer)} and not self._is_public(imported)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import as import-linter prints its own."""
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} -> {imported}: not public")

    def _is_public(self, module: str) -> bool:
        public = cast("set[str]", self.public)  # a field is its value in an instance
        return any(fnmatchcase(module, pattern) for pattern in public)


def _root(module: str) -> str:
    return module.partition(".")[0]
