"""attrs classes that attrs builds when they are first used.

`frozen` and `define` are those of attrs for type checkers and in what they do, and slotted as
theirs are.  attrs compiles methods for each class, 0.2 to 0.5 ms of it, and a program uses few of
the classes that it imports: here the class is made at once, and its methods come when an
instance is made, or its fields are asked for.

    from ssh_wire import lazy_attrs

    @lazy_attrs.frozen(kw_only=True)
    class Limits:
        packets: int = 100

Methods of the class that attrs would write too (`__init__`, `__eq__`, …) are not for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

__all__ = ["define", "frozen"]

_WRITTEN: Final = (
    *("__init__", "__eq__", "__ne__", "__hash__", "__repr__", "__setattr__", "__delattr__"),
    *("__getstate__", "__setstate__", "__match_args__", "__attrs_attrs__", "__attrs_props__"),
    "__attrs_own_setattr__",
)
"""What attrs adds to a class."""


class _Fields:
    """An attribute of a class that has attrs build it."""

    def __init__(self, name: str, build: Callable[[], type]) -> None:
        self._name = name
        self._build = build

    def __get__(self, instance: object, owner: type) -> object:
        return getattr(self._build(), self._name)


def _lazy(body: type, options: dict[str, Any]) -> type:
    """Return the class that is built later from a class with its body."""
    kinds = inspect.get_annotations(body)
    names = [name for name, kind in kinds.items() if "ClassVar" not in str(kind)]
    present = {name for base in body.__mro__[1:] for name in getattr(base, "__slots__", ())}
    space = {k: v for k, v in vars(body).items() if k not in {*names, "__dict__", "__weakref__"}}
    slots = [name for name in names if name not in present]
    if not any(base.__weakrefoffset__ for base in body.__mro__[1:]):
        slots.append("__weakref__")
    space["__slots__"] = tuple(slots)
    space["__qualname__"] = body.__qualname__
    waiting = [body]

    def build() -> type:
        if waiting:
            _copy(attrs.define(waiting.pop(), **options), made)
        return made

    def init(self: Any, *args: Any, **values: Any) -> None:  # noqa: ANN401 (the class's own)
        build().__init__(self, *args, **values)  # type: ignore[misc]

    def setstate(self: Any, state: Any) -> None:  # noqa: ANN401 (as pickle has it)
        cast("Any", build()).__setstate__(self, state)

    space["__init__"] = init
    if options.get("getstate_setstate", True):
        space["__setstate__"] = setstate
    for name in ("__attrs_attrs__", "__match_args__"):
        space[name] = _Fields(name, build)
    made: type = type(body)(body.__name__, body.__bases__, space)
    _tell_methods(body, made)
    return made


def _copy(built: type, made: type) -> None:
    for name in _WRITTEN:
        if name in built.__dict__:
            setattr(made, name, built.__dict__[name])
        elif name in made.__dict__:
            delattr(made, name)


def _tell_methods(body: type, made: type) -> None:
    """Let `super()` and `__class__` in methods mean the class that is made."""
    for value in vars(body).values():
        function = value.fget if isinstance(value, property) else value
        function = getattr(function, "__func__", function)
        for cell in function.__closure__ or () if isinstance(function, FunctionType) else ():
            if _content(cell) is body:
                cell.cell_contents = made


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return None


if TYPE_CHECKING:
    from attrs import define, frozen
else:

    def define(cls: type | None = None, **options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Make a class as `attrs.define` does, and its methods when it is used."""
        if cls is None:
            return lambda body: _lazy(body, options)
        return _lazy(cls, options)

    def frozen(cls: type | None = None, **options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Make a class as `attrs.frozen` does, and its methods when it is used."""
        return define(cls, frozen=True, **options)
