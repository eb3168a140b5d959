"""A tree as text, one field a line; secrets are masked unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ssh_wire.dissect.nodes import Field, Tree, Value
from ssh_wire.text import printable

__all__ = ["render"]

_WIDTH = 80
_MAX_BYTES = 32
_MAX_CHARACTERS = 1024
_MASKED = "… (secret)"
_INDENT = "    "


def render(tree: Tree, *, secrets: bool = False, full: bool = False) -> str:
    """Return the text of a tree.

    Args:
        tree: the tree, from `dissect`.
        secrets: print what the declarations mask: passwords, responses, cookies.
        full: print every field in full; else long ones are truncated, with their size.
    """
    number = "" if tree.number is None else f" ({tree.number})"
    about = f"  {tree.about}" if tree.about else ""
    lines = [f"{tree.name}{number}{about}"]
    if tree.problem:
        lines.append(f"{_INDENT}not decoded: {tree.problem}")
    lines += _Writer(secrets=secrets, full=full).fields(tree.fields, _INDENT)
    return "\n".join(lines)


class _Writer:
    def __init__(self, *, secrets: bool, full: bool) -> None:
        self._secrets = secrets
        self._full = full

    def fields(self, fields: tuple[Field, ...], indent: str) -> Iterator[str]:
        widest = max((len(field.name) for field in fields), default=0)
        for field in fields:
            yield from self._field(field, indent, widest)

    def _field(self, field: Field, indent: str, widest: int) -> Iterator[str]:
        head = f"{indent}{field.name:{widest}}  "
        if field.secret and not self._secrets:
            yield head + _MASKED
            return
        if field.value is None:
            yield head + (f"{len(field.inner)} items" if field.kind != "record" else "")
        else:
            meaning = f"  ({field.meaning})" if field.meaning else ""
            first, *more = self._value(field.value)
            yield head + first + meaning
            yield from (" " * len(head) + line for line in more)
        yield from self.fields(field.inner, indent + _INDENT)

    def _value(self, value: Value) -> list[str]:
        match value:
            case bool():
                return ["true" if value else "false"]
            case int():
                return [self._number(value)]
            case str():
                return [f'"{self._text(value)}"']
            case bytes():
                return [self._bytes(value)]
            case _:
                return _wrapped([self._text(name) for name in value]) or ["empty"]

    def _text(self, value: str) -> str:
        return printable(value, len(value) if self._full else _MAX_CHARACTERS)

    def _number(self, value: int) -> str:
        if value < 1 << 64:
            return str(value)
        size = (value.bit_length() + 7) // 8
        return f"{self._bytes(value.to_bytes(size, 'big'))}, {value.bit_length()} bits"

    def _bytes(self, value: bytes) -> str:
        if not value:
            return "empty"
        printed = value if self._full else value[:_MAX_BYTES]
        more = "…" if len(printed) < len(value) else ""
        if value.isascii() and value.decode("ascii").isprintable():
            return f'"{printed.decode("ascii")}{more}"'
        return f"{printed.hex()}{more} ({len(value)} bytes)"


def _wrapped(names: list[str]) -> list[str]:
    """Wrap names into lines."""
    lines: list[str] = []
    for name in names:
        if lines and len(lines[-1]) + len(name) < _WIDTH:
            lines[-1] += f", {name}"
        else:
            lines[-1:] = [*(f"{line}," for line in lines[-1:]), name]
    return lines
