"""One method, property or attribute of a blocking class."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncgen.source import Function, Member
from syncgen.table import Mirror
from syncgen.translate import Names, Translator

RENAMED = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
FROM_THE_BASE = {"__init__", "__init_subclass__", "__eq__", "__hash__", "__repr__"}
ASYNC_ONLY = {"__await__", "__enter__", "__exit__"}
"""What tells the user of the asynchronous API how it is opened."""
INDENT = "    "


def is_public(name: str) -> bool:
    """Whether a name has a blocking form, or a reason why it has none."""
    special = name.startswith("__") and name.endswith("__")
    return name not in FROM_THE_BASE | ASYNC_ONLY if special else not name.startswith("_")


def docstring(text: str | None, indent: str) -> list[str]:
    """Return the lines of a docstring, without the words of asynchronous code."""
    if text is None:
        return []
    text = re.sub(r"\basync (with|for)\b", r"\1", text)
    text = re.sub(r"\bawait ", "", text)
    opening = 'r"""' if "\\" in text else '"""'
    first, *rest = text.strip().split("\n")
    closed = f'{indent}"""' if rest else ""
    if not rest:
        return [f'{indent}{opening}{first}"""']
    return [f"{indent}{opening}{first}", *(f"{indent}{line}".rstrip() for line in rest), closed]


@dataclass
class MemberWriter:
    """Writes one member of one blocking class."""

    mirror: Mirror
    name: str
    member: Member
    names: Names

    def __post_init__(self) -> None:
        self._translator = Translator(self.member.module, self.names)

    @property
    def overloads(self) -> list[Function]:
        """The overloads, without the implementation."""
        return [node for node in self.member.nodes[:-1] if not isinstance(node, ast.AnnAssign)]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the member."""
        node = self.member.node
        if isinstance(node, ast.AnnAssign):
            yield from self._attribute(node)
            return
        if any(_decorator(each) in {"classmethod", "staticmethod"} for each in self.member.nodes):
            problem = f"{self.mirror.name}.{self.name} is neither a method nor left out"
            raise LookupError(problem)
        if _decorator(node) == "property":
            yield from self._property(node.returns)
            return
        for overload in self.overloads:
            self.names.need("typing", "overload")
            yield f"{INDENT}@overload"
            yield f"{self._head(overload)} ..."
            yield ""
        yield self._head(node)
        yield from docstring(self.member.doc, INDENT * 2)
        yield from (f"{INDENT * 2}{line}" for line in self._body(node))

    # ------------------------------------------------------------- attributes

    def _attribute(self, node: ast.AnnAssign) -> Iterator[str]:
        yield from self._property(node.annotation, cached=True)

    def _property(self, returns: ast.expr | None, *, cached: bool = False) -> Iterator[str]:
        """An attribute that never changes is one blocking object, however often it is read."""
        made = self._translator.mentions_twin(returns)
        if made and cached:
            yield f"{INDENT}@{self.names.need('functools', 'cached_property')}"
        else:
            yield f"{INDENT}@property"
        yield f"{INDENT}def {self.name}(self) -> {self._translator.annotation(returns)}:"
        yield from docstring(self.member.doc, INDENT * 2)
        value = self._translator.wrapped(returns, f"self._wrapped.{self.name}")
        yield f"{INDENT * 2}return {value}"

    # ------------------------------------------------------------- methods

    def _head(self, node: Function) -> str:
        name = RENAMED.get(self.name, self.name)
        returns = self._translator.annotation(node.returns)
        if self.mirror.kind == "function":
            return f"def {name}({self.signature(node)}) -> {returns}:"
        return f"{INDENT}def {name}({self.signature(node)}) -> {returns}:"

    def signature(self, node: Function) -> str:
        """Return the parameters, annotations translated."""
        arguments = ast.parse(f"def f({ast.unparse(node.args)}): ...").body[0]
        if not isinstance(arguments, ast.FunctionDef):
            raise TypeError(node)
        args = arguments.args
        for arg in _all_arguments(args):
            if arg.annotation is not None:
                text = self._translator.annotation(arg.annotation)
                arg.annotation = ast.parse(text, mode="eval").body
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                self._translator.value(default)
        return ast.unparse(args)

    def passed(self, node: Function) -> str:
        """Return the arguments as they are passed on."""
        args = node.args
        positional = (*args.posonlyargs, *args.args)
        parts = [self._unwrapped(arg) for arg in positional if arg.arg != "self"]
        if args.vararg is not None:
            parts.append(f"*{args.vararg.arg}")
        parts += [f"{arg.arg}={self._unwrapped(arg)}" for arg in args.kwonlyargs]
        if args.kwarg is not None:
            name = args.kwarg.arg
            if self._translator.mentions_twin(args.kwarg.annotation):
                unwrap = self.names.need("ssh_stack.sync._blocking", "unwrap")
                name = f"{{key: {unwrap}(value) for key, value in {name}.items()}}"
            parts.append(f"**{name}")
        return ", ".join(parts)

    def _unwrapped(self, arg: ast.arg) -> str:
        if not self._translator.mentions_twin(arg.annotation):
            return arg.arg
        return f"{self.names.need('ssh_stack.sync._blocking', 'unwrap')}({arg.arg})"

    def _body(self, node: Function) -> list[str]:
        returns = node.returns
        target = f"self._wrapped.{self.name}"
        if self.name == "__anext__":
            value = self._translator.wrapped(returns, f"self._portal.wait({target})")
            ready = _READY if "ready_line" in self.mirror.pure else []
            return [*ready, "try:", f"{INDENT}return {value}", *_STOP]
        if isinstance(returns, ast.Name) and returns.id == "Self":
            entering = [f"self._portal.wait({target})"] if _awaits(node) else []
            return [*entering, "return self"]
        arguments = ", ".join(filter(None, (target, self.passed(node))))
        if _iterates(node):
            return [self._iteration(returns, arguments)]
        if self.overloads:
            return self._overloaded(node)
        if self.name == "__aexit__":
            value = f"self._portal.leave({arguments})"
        elif _awaits(node):
            value = f"self._portal.wait({arguments})"
        elif self._runs_anywhere(node):
            value = f"{target}({self.passed(node)})"
        else:
            value = f"self._portal.call({arguments})"
        silent = isinstance(returns, ast.Constant) and returns.value is None
        return [value if silent else f"return {self._translator.wrapped(returns, value)}"]

    def _overloaded(self, node: Function) -> list[str]:
        """No overload takes what the implementation takes: its type is written out."""
        cast = self.names.need("typing", "cast")
        call = self.names.need("collections.abc", "Callable")
        awaited = self.names.need("collections.abc", "Awaitable")
        if not _awaits(node) and (flag := self._flag()):
            return [*self._scopes(node, flag)]
        if not _awaits(node):
            problem = f"{self.mirror.name}.{self.name} is overloaded in a way not foreseen"
            raise LookupError(problem)
        if self._translator.mentions_twin(node.returns):
            # the overloads see to the type of what is returned
            returns = self.names.need("typing", "Any")
        else:
            returns = self._translator.annotation(node.returns)
        kind = f"{call}[..., {awaited}[{returns}]]"
        value = f"self._portal.wait(function, {self.passed(node)})"
        written = [f'function = {cast}("{kind}", self._wrapped.{self.name})']
        if self._translator.mentions_twin(node.returns):
            return [*written, f"opened = {value}", *self._one_of(node.returns)]
        return [*written, f"return {value}"]

    def _flag(self) -> str:
        """Return the parameter whose value tells the overloads apart."""
        for arg in self.overloads[-1].args.kwonlyargs:
            if arg.annotation is not None and ast.unparse(arg.annotation) == "Literal[True]":
                return arg.arg
        return ""

    def _scopes(self, node: Function, flag: str) -> Iterator[str]:
        """Make the blocking scope of one thing or of another."""
        match node.returns:
            case ast.BinOp(left=usual, op=ast.BitOr(), right=flagged):
                call = self.names.need("collections.abc", "Callable")
                kind = f"{call}[..., {self.names.need('typing', 'Any')}]"
                cast = self.names.need("typing", "cast")
                yield f'function = {cast}("{kind}", self._wrapped.{self.name})'
                yield f"scope = function({self.passed(node)})"
                yield f"if {flag}:"
                yield f"{INDENT}return {self._translator.wrapped(flagged, 'scope')}"
                yield f"return {self._translator.wrapped(usual, 'scope')}"
            case _:
                problem = f"{self.mirror.name}.{self.name} does not say which scopes it gives"
                raise LookupError(problem)

    def _one_of(self, returns: ast.expr | None) -> Iterator[str]:
        """Make the blocking object of a result that is one of several."""
        match returns:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                twin = self._translator.twin(right)
                if twin is not None:
                    yield f"if isinstance(opened, {self.names.need_source(twin)}):"
                    yield f"{INDENT}return {self._translator.wrapped(right, 'opened')}"
                    yield f"return {self._translator.wrapped(left, 'opened')}"
                    return
            case _:
                pass
        problem = f"{self.mirror.name}.{self.name} returns what cannot be told apart"
        raise LookupError(problem)

    def _iteration(self, returns: ast.expr | None, arguments: str) -> str:
        items = f"self._portal.iterate({arguments})"
        if not isinstance(returns, ast.Subscript):
            problem = f"{self.mirror.name}.{self.name} does not say what it yields"
            raise LookupError(problem)  # noqa: TRY004 (the source is at fault)
        item = self._translator.wrapped(returns.slice, "item")
        return f"return {items}" if item == "item" else f"return ({item} for item in {items})"

    def _runs_anywhere(self, node: Function) -> bool:
        """Special methods only read, and a scope does nothing before it is opened."""
        match node.returns:
            case ast.Subscript(value=ast.Name(id="Scope")):
                return True
            case _:
                return self.name in self.mirror.pure or self.name.startswith("__")


_READY = ["line = self._wrapped.ready_line()", "if line is not None:", f"{INDENT}return line"]
_STOP = ["except StopAsyncIteration:", f"{INDENT}raise StopIteration from None"]


def _decorator(node: Function | ast.AnnAssign) -> str:
    if isinstance(node, ast.AnnAssign):
        return ""
    names = [each.id for each in node.decorator_list if isinstance(each, ast.Name)]
    return names[0] if names else ""


def _all_arguments(args: ast.arguments) -> Iterator[ast.arg]:
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from filter(None, (args.vararg, args.kwarg))


def _awaits(node: Function) -> bool:
    return isinstance(node, ast.AsyncFunctionDef) and not _iterates(node)


def _iterates(node: Function) -> bool:
    """Whether calling it gives an asynchronous iterator."""
    match node.returns:
        case ast.Subscript(value=ast.Name(id="AsyncIterator")):
            return True
        case _:
            return False
