"""The fields of a declaration, in wire order, with their wire types."""

from __future__ import annotations

import builtins
import sys
from typing import Annotated, Any, Literal, cast, get_args, get_origin

from ssh_wire.types import Wire

__all__ = ["FIXED_SIZES", "FORMATS", "ITEMS", "STRINGS", "Field", "field_names", "fields"]

FORMATS = {"byte": "B", "bool": "?", "uint32": "I", "uint64": "Q", "cookie": "16s"}
"""The wire types of fixed size, each with its format of `struct`."""

_SIZES = {"B": 1, "?": 1, "I": 4, "Q": 8, "16s": 16}
FIXED_SIZES = {kind: _SIZES[form] for kind, form in FORMATS.items()}
"""The size of each wire type of fixed size, in bytes."""

STRINGS = frozenset({"bytes", "view", "str", "text", "mpint", "name-list"})
"""The wire types with a length and that many bytes."""

ITEMS = frozenset({"bytes", "str", "text"})
"""The wire types that the items of a list may have, beside records."""

_PLAIN: dict[object, str] = {bool: "bool", bytes: "bytes", str: "str"}


class Field:
    """A field: its name, its wire type, its constant, and for lists the type of its items."""

    def __init__(self, owner: str, name: str, hint: object) -> None:
        self.name = name
        self.constant: str | bool | None = None
        self.item: str | None = None
        self.record: type | None = None
        self.kind: str = self._kind(owner, hint)

    def _kind(self, owner: str, hint: object) -> str:
        if get_origin(hint) is Literal:
            (self.constant,) = get_args(hint)
            return "bool" if isinstance(self.constant, bool) else "str"
        if get_origin(hint) is Annotated:
            plain, *notes = get_args(hint)
            wire = next(note for note in notes if isinstance(note, Wire))
            if wire.kind in {"counted", "repeated"}:
                self._set_item(owner, get_args(plain)[0])
            return wire.kind
        if hint in _PLAIN:
            return _PLAIN[hint]
        if hasattr(hint, "read") and hasattr(hint, "encode"):
            self.record = cast("type", hint)
            return "record"
        problem = (
            f"{owner}.{self.name}: {hint!r} has no wire type; use Byte, UInt32, UInt64 or MPInt"
        )
        raise TypeError(problem)

    def _set_item(self, owner: str, hint: object) -> None:
        item = Field(owner, self.name, hint)
        if item.record is None and item.kind not in ITEMS:
            problem = f"{owner}.{self.name}: items are strings or records; make one of {item.kind}"
            raise TypeError(problem)
        self.item, self.record = item.kind, item.record


def _hints(cls: type) -> dict[str, Any]:
    """Return the fields in wire order; a field that a subclass declares again keeps its place."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        known = vars(sys.modules[base.__module__])
        for name, hint in base.__annotations__.items():
            if "ClassVar" not in str(hint):
                hints[name] = _meaning(hint, known) if isinstance(hint, str) else hint
    return hints


def _meaning(hint: str, known: dict[str, Any]) -> object:
    """Return what an annotation means; `get_type_hints` compiles each one, also a mere name."""
    if hint.isidentifier():
        return known[hint] if hint in known else getattr(builtins, hint)
    return eval(hint, known)  # noqa: S307 (an annotation of ours)


_fields: dict[type, tuple[Field, ...]] = {}


def fields(cls: type) -> tuple[Field, ...]:
    """Return the fields of a declaration in wire order, with their wire types."""
    if cls not in _fields:
        _fields[cls] = tuple(Field(cls.__name__, *hint) for hint in _hints(cls).items())
    return _fields[cls]


_names: dict[type, tuple[str, ...]] = {}


def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of a declaration's fields in wire order."""
    if cls not in _names:
        _names[cls] = tuple(_hints(cls))
    return _names[cls]
