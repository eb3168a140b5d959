"""A blocking module, from its docstring to its last line."""

from __future__ import annotations

import ast
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

from syncgen.members import INDENT, MemberWriter, docstring, is_public
from syncgen.source import Member, Module, members, module
from syncgen.table import MIRRORS, MODULES, Mirror
from syncgen.translate import Names, Translator, import_lines

HEAD = "# Generated from the async classes by tools/generate_sync.py; not to be edited."


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name of each generated file, and its text."""
    for target in MODULES:
        rows = [mirror for mirror in MIRRORS if mirror.target == target]
        yield f"{target}.py", tidy(ModuleWriter(target, rows).text(), f"{target}.py")
    yield "__init__.py", tidy(_front(), "__init__.py")


def tidy(text: str, name: str) -> str:
    """Sort the imports and format."""
    path = Path("packages/ssh-stack/src/ssh_stack/sync") / name
    sort = ["check", "--quiet", "--select=I", "--fix-only"]
    for command in (sort, ["format", "--quiet"]):
        done = subprocess.run(
            ["ruff", *command, f"--stdin-filename={path}", "-"],
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        text = done.stdout
    return text


class ModuleWriter:
    """Writes one module."""

    def __init__(self, target: str, mirrors: list[Mirror]) -> None:
        self._target = target
        self._mirrors = mirrors
        self._names = Names(target)

    def text(self) -> str:
        """Return the text, not yet formatted."""
        body = [line for mirror in self._mirrors for line in (*self._definition(mirror), "", "")]
        public = sorted(mirror.name for mirror in self._mirrors if mirror.kind != "typevar")
        head = [HEAD, f'"""{MODULES[self._target]}"""', "", _FUTURE, ""]
        imports = import_lines(self._names.imports)
        return "\n".join([*head, *imports, "", f"__all__ = {public!r}", "", *body]) + "\n"

    def _definition(self, mirror: Mirror) -> Iterator[str]:
        source = module(mirror.source)
        match mirror.kind:
            case "class" | "owner":
                yield from self._class(mirror, source)
            case "protocol":
                yield from self._protocol(mirror, source)
            case "options":
                yield from self._options(mirror, source)
            case "typevar":
                yield from self._typevar(mirror, source)
            case "function":
                yield from self._function(mirror, source)
            case "written":
                pass  # by hand, in a module of its own

    # ------------------------------------------------------------- classes

    def _class(self, mirror: Mirror, source: Module) -> Iterator[str]:
        node = source.class_(mirror.name)
        if mirror.base:
            where, _, base = mirror.base.rpartition(".")
            yield f"class {mirror.name}({self._names.need(where, base)}):"
            yield from docstring(mirror.doc or ast.get_docstring(node), INDENT)
            yield from self._members(mirror, source)
            return
        base = "Blocking" if mirror.kind == "class" else "BlockingOwner"
        self._names.need("ssh_stack.sync._blocking", base)
        original = self._names.need_source(mirror)
        variable = _variable(node)
        if variable:
            original = f"{original}[{self._names.need('typing', 'Any')}]"
            generic = f", {self._names.need('typing', 'Generic')}[{variable}]"
        else:
            generic = ""
        yield f"class {mirror.name}({base}[{original}]{generic}):"
        yield from docstring(mirror.doc or ast.get_docstring(node), INDENT)
        if variable:
            yield from self._generic_init(original, variable)
        yield from self._members(mirror, source)

    def _members(self, mirror: Mirror, source: Module) -> Iterator[str]:
        for name, member in _mirrored(mirror, source):
            yield ""
            yield from MemberWriter(mirror, name, member, self._names).lines()

    def _generic_init(self, original: str, variable: str) -> Iterator[str]:
        portal = self._names.need("ssh_stack.sync._portal", "Portal")
        call = self._names.need("collections.abc", "Callable")
        yield ""
        yield f"{INDENT}def __init__("
        yield f"{INDENT * 2}self, portal: {portal}, wrapped: {original},"
        yield f"{INDENT * 2}wrap: {call}[[{portal}, Any], {variable}],"
        yield f"{INDENT}) -> None:"
        yield f"{INDENT * 2}super().__init__(portal, wrapped)"
        yield f"{INDENT * 2}self._wrap = wrap"

    def _protocol(self, mirror: Mirror, source: Module) -> Iterator[str]:
        yield f"class {mirror.name}({self._names.need('typing', 'Protocol')}):"
        yield from docstring(ast.get_docstring(source.class_(mirror.name)), INDENT)
        for name, member in _mirrored(mirror, source):
            node = member.node
            if isinstance(node, ast.AnnAssign):
                continue
            writer = MemberWriter(mirror, name, member, self._names)
            returns = Translator(source, self._names).annotation(node.returns)
            yield ""
            yield f"{INDENT}def {name}({writer.signature(node)}) -> {returns}:"
            yield from docstring(member.doc, INDENT * 2)

    def _options(self, mirror: Mirror, source: Module) -> Iterator[str]:
        node = source.class_(mirror.name)
        yield f"class {mirror.name}({self._names.need('typing', 'TypedDict')}, total=False):"
        yield from docstring(ast.get_docstring(node), INDENT)
        yield ""
        translator = Translator(source, self._names)
        for name, member in members(source, mirror.name).items():
            if isinstance(member.node, ast.AnnAssign):
                yield f"{INDENT}{name}: {translator.annotation(member.node.annotation)}"

    # ------------------------------------------------------------- beside classes

    def _typevar(self, mirror: Mirror, source: Module) -> Iterator[str]:
        node = source.definitions[mirror.name]
        if isinstance(node, ast.Assign):
            yield f"{mirror.name} = {Translator(source, self._names).value(node.value)}"

    def _function(self, mirror: Mirror, source: Module) -> Iterator[str]:
        node = source.definitions[mirror.name]
        if not isinstance(node, ast.FunctionDef):
            problem = f"{mirror.name} is not a plain function"
            raise LookupError(problem)  # noqa: TRY004 (the source is at fault)
        doc = ast.get_docstring(node)
        member = Member(source, (node,), doc)
        writer = MemberWriter(mirror, mirror.name, member, self._names)
        translator = Translator(source, self._names)
        returns = translator.annotation(node.returns)
        portal = self._names.need("ssh_stack.sync._portal", "portal")
        original = self._names.need_source(mirror)
        yield f"def {mirror.name}({writer.signature(node)}) -> {returns}:"
        yield from docstring(doc, INDENT)
        scope, _, opened = returns.rstrip("]").partition("[")
        given = f"{portal}(), {original}({writer.passed(node)})"
        yield f"{INDENT}return {scope}({given}{f', {opened}' if opened else ''})"


def _mirrored(mirror: Mirror, source: Module) -> Iterator[tuple[str, Member]]:
    """Yield what has a blocking form, and see that the rest has a reason that still holds."""
    found = members(source, mirror.name)
    gone = (set(mirror.left_out) | mirror.by_hand) - found.keys()
    if gone:
        problem = f"{mirror.name} leaves out what it has not: {', '.join(sorted(gone))}"
        raise LookupError(problem)
    for name, member in found.items():
        if is_public(name) and name not in mirror.left_out and name not in mirror.by_hand:
            yield name, member


def _variable(node: ast.ClassDef) -> str:
    """Return the type variable of a generic class."""
    for base in node.bases:
        match base:
            case ast.Subscript(value=ast.Name(id="Generic"), slice=ast.Name(id=name)):
                return name
            case _:
                pass
    return ""


def _front() -> str:
    """The package itself: every name of `ssh_stack`, the blocking form where there is one."""
    origins = _origins()
    for mirror in MIRRORS:
        if mirror.kind not in {"typevar", "protocol"}:
            origins[mirror.name] = f"ssh_stack.sync.{mirror.target}"
    table: dict[str, str] = {}
    for name, origin in sorted(origins.items()):
        table[origin] = f"{table[origin]} {name}" if origin in table else name
    head = [HEAD, f'"""{_FRONT}"""', "", _FUTURE, ""]
    imports = ["from typing import TYPE_CHECKING, Final", "", "from ssh_wire import lazy", ""]
    rows = [row for origin in sorted(table) for row in _row(origin, table[origin])]
    checked = [f"{INDENT}from {origin} import {n} as {n}" for n, origin in origins.items()]
    names = f"{INDENT}__getattr__, __dir__, __all__ = lazy.names(__name__, _ORIGINS)"
    body = ["_ORIGINS: Final = {", *rows, "}", "", "if TYPE_CHECKING:", *checked, "else:", names]
    return "\n".join([*head, *imports, *body, ""])


def _origins() -> dict[str, str]:
    """Where `ssh_stack` has each of its names from."""
    source = module("ssh_stack")
    for node in source.tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_ORIGINS":
            table: dict[str, str] = ast.literal_eval(node.value) if node.value else {}
            return {name: origin for origin, names in table.items() for name in names.split()}
    problem = "ssh_stack has no _ORIGINS"
    raise LookupError(problem)


def _row(origin: str, names: str) -> Iterator[str]:
    """A row of the table, in as many lines as it needs."""
    *lines, last = textwrap.wrap(names, 82)
    if not lines and len(origin) + len(last) < 88:
        yield f'{INDENT}"{origin}": "{names}",'
        return
    yield f'{INDENT}"{origin}": ('
    yield from (f'{INDENT * 2}"{line} "' for line in lines)
    yield f'{INDENT * 2}"{last}"'
    yield f"{INDENT}),"


_FUTURE = "from __future__ import annotations"

_FRONT = """SSH that blocks: the names of `ssh_stack` and no `await`.

    with sync.connect("web1") as conn:
        print(conn.run("id", text=True, check=True).stdout)

Everything happens in one event-loop thread of the process; any number of threads may use
it, also one connection from several.  Ctrl-C cancels what the main thread waits for, as
far as the other side.  A connection belongs to the process that made it: a fork is refused.

Functions that are given to it (sinks, progress, decisions, secrets, session handlers) run
in the event-loop thread: they are what the async API takes, must not block, and cannot use
the blocking API themselves.
"""
