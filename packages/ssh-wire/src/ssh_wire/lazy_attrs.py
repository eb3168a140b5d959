"""attrs classes that attrs builds when they are first used.

`frozen` and `define` are those of attrs for type checkers and in what they do, and slotted as
theirs are.  attrs compiles methods for each class, 0.2 to 0.5 ms of it, and a program uses few of
the classes that it imports.  Here the class is made at once; `__init__` comes when an instance
is made or the fields are asked for, and `__eq__`, `__hash__` and `__repr__` when one of
them is called.

    from ssh_wire import lazy_attrs

    @lazy_attrs.frozen(kw_only=True)
    class Limits:
        packets: int = 100
"""

from __future__ import annotations

import inspect
from threading import RLock
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, Final

import attrs

__all__ = ["define", "frozen"]

_INIT: Final = (
    *("__init__", "__setattr__", "__delattr__", "__attrs_own_setattr__", "__getstate__"),
    *("__setstate__", "__match_args__", "__attrs_attrs__", "__attrs_props__", "__signature__"),
)
"""What the first instance needs; attrs writes no signature, so that Python finds it."""
_CALLED: Final = ("__init__", "__setstate__")
_ASKED_FOR: Final = ("__attrs_attrs__", "__match_args__", "__signature__")
_EQ: Final = ("__eq__", "__ne__", "__hash__")
_REPR: Final = ("__repr__",)
_building: Final = RLock()  # several threads may use a class for the first time


class _LazyClass:
    """A class whose methods attrs has not written yet.

    Args:
        body: the class as its module has it.
        options: those of `attrs.define`.

    Raises:
        TypeError: it has an `__init__`, which is for attrs to write.
    """

    def __init__(self, body: type, options: dict[str, Any]) -> None:
        if "__init__" in vars(body):
            problem = f"{body.__qualname__}: a lazy attrs class has no __init__ of its own"
            raise TypeError(problem)
        self._body = body
        self._options = options
        self._written: set[tuple[str, ...]] = set()
        self.made: type = type(body)(body.__name__, body.__bases__, self._namespace())
        """The class that is used."""
        _redirect(body, self.made)

    def _namespace(self) -> dict[str, Any]:
        own = vars(self._body)
        kinds = inspect.get_annotations(self._body)
        names = [name for name, kind in kinds.items() if "ClassVar" not in str(kind)]
        left_out = {*names, "__dict__", "__weakref__"}
        space = {name: value for name, value in own.items() if name not in left_out}
        space["__slots__"] = self._slots(names)
        space["__qualname__"] = self._body.__qualname__
        space |= {name: _stub(self, name, _INIT) for name in _CALLED}
        space |= {name: _Attribute(self, name) for name in _ASKED_FOR}
        if self._options.get("repr", True) and "__repr__" not in own:
            space["__repr__"] = _stub(self, "__repr__", _REPR)
        if self._options.get("eq", True) and "__eq__" not in own:
            space["__eq__"] = _stub(self, "__eq__", _EQ)
            if "__hash__" not in own:
                frozen_class = self._options.get("frozen", False)
                space["__hash__"] = _stub(self, "__hash__", _EQ) if frozen_class else None
        return space

    def _slots(self, names: list[str]) -> tuple[str, ...]:
        bases = self._body.__mro__[1:]
        present = {name for base in bases for name in getattr(base, "__slots__", ())}
        own = tuple(name for name in names if name not in present)
        return own if any(base.__weakrefoffset__ for base in bases) else (*own, "__weakref__")

    def write(self, names: tuple[str, ...]) -> None:
        """Have attrs write some of the methods, unless they are there."""
        with _building:
            if names in self._written:
                return
            self._written.add(names)
            others: dict[str, Any] = {"eq": False} if names is not _EQ else {}
            others |= {"repr": False} if names is not _REPR else {}
            built = vars(attrs.define(self._body, **self._options | others))
            for name in names:
                if name in built:
                    setattr(self.made, name, built[name])
                elif name in vars(self.made):
                    delattr(self.made, name)


class _Attribute:
    """An attribute of the class that attrs adds."""

    def __init__(self, lazy: _LazyClass, name: str) -> None:
        self._lazy = lazy
        self._name = name

    def __get__(self, instance: object, owner: type) -> object:
        self._lazy.write(_INIT)
        return getattr(self._lazy.made, self._name)


def _stub(lazy: _LazyClass, name: str, group: tuple[str, ...]) -> object:
    """Return a method that has itself written, and calls what was written."""

    def method(self: object, *args: Any, **values: Any) -> Any:  # noqa: ANN401 (any method)
        lazy.write(group)
        return getattr(lazy.made, name)(self, *args, **values)

    return method


def _redirect(body: type, made: type) -> None:
    """Let `super()` and `__class__` in methods mean the class that is used."""
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
            return lambda body: _LazyClass(body, options).made
        return _LazyClass(cls, options).made

    def frozen(cls: type | None = None, **options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Make a class as `attrs.frozen` does, and its methods when it is used."""
        return define(cls, frozen=True, **options)
