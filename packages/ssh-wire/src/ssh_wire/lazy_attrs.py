"""attrs classes that cost when they are used, and not when they are imported.

`frozen`, `define`, `field` and `evolve` are those of attrs for type checkers and in what they
do; classes are slotted as theirs are.  attrs needs 8 ms for its own import and 0.2 to 0.5 ms for
each class, whose methods it compiles; a program uses few of the classes that it imports, and most
of them once or twice.  Here a method is written when it is called first, and `__init__`, without
which no instance is made, when it has been called a few times: until then each field is set by a
loop.  What is rare is left to attrs: validators, pickles, `attrs.fields`.

    from ssh_wire import lazy_attrs

    @lazy_attrs.frozen(kw_only=True)
    class Limits:
        packets: int = 100
"""

from __future__ import annotations

from _thread import RLock  # as threading has it, without its import
from collections.abc import Callable, Sequence
from functools import cached_property
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from ssh_wire import lazy_fields
from ssh_wire.lazy_fields import Field

__all__ = ["Field", "define", "evolve", "field", "fields", "frozen"]

_BY_ATTRS: Final = (
    *("__setattr__", "__attrs_own_setattr__", "__getstate__", "__setstate__"),
    *("__match_args__", "__attrs_attrs__", "__attrs_props__"),
)
"""What attrs alone writes; with `__init__`, where a field has an option that only attrs knows."""
_ASKED_FOR: Final = ("__match_args__", "__attrs_attrs__", "__signature__")
_PICKLED: Final = ("__getstate__", "__setstate__")
_UNDERSTOOD: Final = frozenset({"frozen", "kw_only", "eq", "repr", "getstate_setstate"})
_FEW: Final = 8
"""How many instances of a class are made without its `__init__`: to write it costs 40 of them."""
_writing: Final = RLock()  # several threads may use a class for the first time


class _LazyClass:
    """A class whose methods are not written yet.

    Args:
        body: the class as its module has it.
        options: those of `attrs.define`.

    Raises:
        TypeError: it has an `__init__`, which is not for it to write.
    """

    def __init__(self, body: type, options: dict[str, Any]) -> None:
        if "__init__" in vars(body):
            problem = f"{body.__qualname__}: a lazy attrs class has no __init__ of its own"
            raise TypeError(problem)
        lazy = (_lazy_class(base) for base in body.__mro__[1:-1])
        self._bases = [base for base in lazy if base is not None]
        self.frozen: bool = options.get("frozen", False) or any(b.frozen for b in self._bases)
        """Whether instances cannot be changed."""
        self._body = body
        self._options = {**options, "frozen": self.frozen}
        self._written: set[str] = set()
        self._filled = 0
        self.made: type = type(body)(body.__name__, body.__bases__, self._namespace())
        """The class that is used."""
        _redirect(body, self.made)

    @cached_property
    def own(self) -> tuple[Field, ...]:
        """The fields that it declares itself."""
        found = lazy_fields.own_fields(self._body)
        for each in found:
            if each.kw_only is None:
                each.kw_only = self._options.get("kw_only", False)
        return found

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """All its fields, in the order of `__init__`."""
        if not self._bases:
            return self.own
        return _in_order(self.own, [base.own for base in reversed(self._bases)])

    @cached_property
    def _filling(self) -> lazy_fields.Filling:
        return lazy_fields.Filling(self.made, self.fields)

    def _namespace(self) -> dict[str, Any]:
        space = dict(vars(self._body))
        own = space
        names = lazy_fields.own_names(self._body)
        for name in (*names, "__dict__", "__weakref__"):
            space.pop(name, None)
        space["__slots__"] = self._slots(names)
        space["__qualname__"] = self._body.__qualname__
        space["__lazy_attrs__"] = self
        space["__init__"] = _first_init(self)
        space |= _ATTRIBUTES
        if self._options.get("getstate_setstate", True):
            space |= {name: _stub(self, name) for name in _PICKLED}
        if self.frozen:
            space |= {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
        if self._options.get("repr", True) and "__repr__" not in own:
            space["__repr__"] = _stub(self, "__repr__")
        if self._options.get("eq", True) and "__eq__" not in own:
            space["__eq__"] = _stub(self, "__eq__")
            if "__hash__" not in own:
                space["__hash__"] = _stub(self, "__hash__") if self.frozen else None
        return space

    def _slots(self, names: Sequence[str]) -> tuple[str, ...]:
        bases = self._body.__mro__[1:-1]
        present = {name for base in bases for name in getattr(base, "__slots__", ())}
        own = tuple(name for name in names if name not in present)
        return own if any(base.__weakrefoffset__ for base in bases) else (*own, "__weakref__")

    @property
    def needs_attrs(self) -> bool:
        """Whether only attrs can write its `__init__`."""
        return (
            not self._options.keys() <= _UNDERSTOOD
            or not all(each.is_understood for each in self.fields if each.options)
            or (not self.frozen and any(each.converter for each in self.fields if each.options))
        )

    def fill(self, made: object, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
        """Set the fields of a new instance as `__init__` does, while there are few.

        Returns:
            Whether they are set; if not, `__init__` has to be written.
        """
        self._filled += 1
        return self._filled <= _FEW and self._can_fill and self._filling.fill(made, given, named)

    @cached_property
    def _can_fill(self) -> bool:
        return not self.needs_attrs

    def write(self, name: str) -> None:
        """Write a method, or have attrs write it, unless it is there."""
        with _writing:
            if name in self._written:
                return
            writer = _WRITERS.get(name)
            if writer is None or (name == "__init__" and self.needs_attrs):
                self._have_written((name, *_BY_ATTRS))
            else:
                setattr(self.made, name, writer(self.made, self.fields))
                self._written.add(name)

    def _have_written(self, names: tuple[str, ...]) -> None:
        import attrs  # the costly part

        for each in self.own:
            if isinstance(vars(self._body).get(each.name), Field):
                setattr(self._body, each.name, attrs.field(**each.options))
        # what is written here already compares and prints
        options: dict[str, Any] = {**self._options, "eq": False, "repr": False}
        built = vars(attrs.define(self._body, **options))
        for name in names:
            if name in built:
                setattr(self.made, name, built[name])
            elif isinstance(vars(self.made).get(name), _Attribute):
                delattr(self.made, name)
        self._written.update(names)


_WRITERS: Final[dict[str, Callable[..., Any]]] = {
    "__init__": lazy_fields.write_init,
    "__eq__": lazy_fields.write_eq,
    "__hash__": lazy_fields.write_hash,
    "__repr__": lazy_fields.write_repr,
}


def _lazy_class(cls: type) -> _LazyClass | None:
    return vars(cls).get("__lazy_attrs__")


def _in_order(own: tuple[Field, ...], bases: list[tuple[Field, ...]]) -> tuple[Field, ...]:
    """Return the fields of the bases and its own; the last declaration of a name counts."""
    found: dict[str, Field] = {}
    for each in (*(each for base in bases for each in base), *own):
        found.pop(each.name, None)
        found[each.name] = each
    return tuple(found.values())


class _Attribute:
    """An attribute of a class that is made when it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: Any) -> object:  # noqa: ANN401 (a lazy class)
        lazy: _LazyClass = owner.__lazy_attrs__  # its own, or that of its nearest base
        # Python finds the signature of an __init__ that is there
        name = "__init__" if self._name == "__signature__" else self._name
        lazy.write(name)
        if name == "__init__":
            problem = f"{owner.__qualname__} has no {self._name}"
            raise AttributeError(problem, name=self._name, obj=owner)
        return getattr(lazy.made, self._name)


_ATTRIBUTES: Final = {name: _Attribute(name) for name in _ASKED_FOR}


def _stub(lazy: _LazyClass, name: str) -> object:
    """Return a method that has itself written, and calls what was written."""

    def method(self: object, *args: Any, **values: Any) -> Any:  # noqa: ANN401 (any method)
        lazy.write(name)
        return getattr(lazy.made, name)(self, *args, **values)

    return method


def _first_init(lazy: _LazyClass) -> object:
    """Return the `__init__` of a class that was used a few times at most."""

    def method(self: object, *given: Any, **named: Any) -> None:  # noqa: ANN401 (any method)
        if not lazy.fill(self, given, named):
            lazy.write("__init__")
            vars(lazy.made)["__init__"](self, *given, **named)

    return method


def _refuse_change(*_: object) -> NoReturn:
    """Refuse to set or delete an attribute."""
    from attrs.exceptions import FrozenInstanceError  # only where it is raised

    raise FrozenInstanceError


_FUNCTIONS: Final[dict[type, Callable[[Any], Any]]] = {
    FunctionType: lambda value: value,
    property: lambda value: value.fget,
    classmethod: lambda value: value.__func__,
    staticmethod: lambda value: value.__func__,
}
"""What may have a function, and how it is got."""


def _redirect(body: type, made: type) -> None:
    """Let `super()` and `__class__` in methods mean the class that is used."""
    value: object
    for value in vars(body).values():
        get = _FUNCTIONS.get(type(value))
        if get is None:
            continue
        for cell in getattr(get(value), "__closure__", None) or ():
            if _content(cell) is body:
                cell.cell_contents = made


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return None


def fields(cls: type) -> tuple[Field, ...]:
    """Return the fields of a lazy class, or of a subclass of one, in the order of `__init__`."""
    found: tuple[Field, ...] = cast("Any", cls).__lazy_attrs__.fields
    return found


if TYPE_CHECKING:
    from attrs import define, evolve, field, frozen
else:

    def define(cls: type | None = None, **options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Make a class as `attrs.define` does, and its methods when they are called."""
        if cls is None:
            return lambda body: _LazyClass(body, options).made
        return _LazyClass(cls, options).made

    def frozen(cls: type | None = None, **options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Make a class as `attrs.frozen` does, and its methods when they are called."""
        return define(cls, frozen=True, **options)

    def field(**options: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Describe a field as `attrs.field` does."""
        return Field(options)

    def evolve(instance: Any, /, **changes: Any) -> Any:  # noqa: ANN401 (as attrs has it)
        """Return a copy with other values in some fields, as `attrs.evolve` does."""
        for each in fields(type(instance)):
            if each.init and (argument := each.argument) not in changes:
                changes[argument] = getattr(instance, each.name)
        return type(instance)(**changes)
