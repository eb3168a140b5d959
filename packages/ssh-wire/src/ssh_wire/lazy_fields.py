"""The fields of a lazy attrs class, and the methods that follow from them.

Each function writes one method as attrs does, a slot at a time instead of through
`object.__setattr__`; `ssh_wire.lazy_attrs` has the rest written by attrs itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from reprlib import recursive_repr
from types import MappingProxyType
from typing import Any, Final, Self, TypeAlias

__all__ = [
    "NOTHING",
    "Field",
    "Filling",
    "own_fields",
    "own_names",
    "write_eq",
    "write_hash",
    "write_init",
    "write_repr",
]


class _Nothing:
    """What no default is."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()
_UNDERSTOOD: Final = frozenset(
    {"default", "factory", "converter", "init", "eq", "repr", "kw_only"}
)


class Field:
    """One field, and the options of `attrs.field` that it has.

    Args:
        options: those that are given.
    """

    # most fields have no option: they share what is here
    options: Mapping[str, Any] = MappingProxyType({})
    """The options of `attrs.field` that were given."""
    name: str = ""
    """Its name, once the class is known."""
    annotation: object = None
    """Its annotation, as it is written."""
    default: Any = NOTHING
    """Its default, or `NOTHING`."""
    factory: Callable[[], Any] | None = None
    """Makes its default."""
    converter: Callable[[Any], Any] | None = None
    """Converts what is given."""
    init: bool = True
    """Whether `__init__` takes it."""
    eq: bool = True
    """Whether it is compared."""
    repr: bool = True
    """Whether it is printed."""
    kw_only: bool | None = None
    """Whether it is given by keyword only; None as the class has it."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        if options:
            self.options = options
            vars(self).update({name: options[name] for name in _UNDERSTOOD & options.keys()})

    @classmethod
    def of_attrs(cls, described: Any) -> Self:  # noqa: ANN401 (a private class of attrs)
        """Return a field that `attrs.field` describes; attrs writes the methods of its class."""
        found = cls({"attrs": described})
        default = described._default  # noqa: SLF001 (attrs has no other way to it yet)
        found.default = NOTHING if repr(default) == "NOTHING" else default
        found.init, found.eq, found.repr = described.init, described.eq, described.repr
        found.kw_only = described.kw_only
        return found

    @property
    def argument(self) -> str:
        """Its name in `__init__`: without the underscore of a private attribute."""
        return self.name.lstrip("_")

    @property
    def has_default(self) -> bool:
        """Whether its argument may be left out."""
        return self.factory is not None or self.default is not NOTHING

    @property
    def is_understood(self) -> bool:
        """Whether it has no option that only attrs knows."""
        if not self.options:
            return True
        return self.options.keys() <= _UNDERSTOOD and all(
            isinstance(self.options.get(name, True), bool) for name in ("init", "eq", "repr")
        )

    def parameter(self) -> str:
        """Return its parameter of `__init__`."""
        if self.factory is not None:
            return f"{self.argument}=NOTHING"
        return self.argument if self.default is NOTHING else f"{self.argument}=d_{self.name}"

    def assignment(self) -> str | None:
        """Return the line that sets it; None for what has no value yet."""
        value = self.argument
        if self.factory is not None:
            made = f"f_{self.name}()"
            value = f"{made} if {value} is NOTHING else {value}" if self.init else made
        elif not self.init:
            if self.default is NOTHING:
                return None
            value = f"d_{self.name}"
        if self.converter is not None:
            value = f"c_{self.name}({value})"
        return f"set_{self.name}(self, {value})"


_Row: TypeAlias = tuple[
    str | None,
    Callable[[Any, Any], None],
    Any,
    Callable[[], Any] | None,
    Callable[[Any], Any] | None,
]
"""The argument, what sets the field, its default, its factory and its converter."""


class Filling:
    """Sets the fields of an instance one by one: what `write_init` writes, without writing it.

    Args:
        cls: the slotted class.
        fields: its fields, in the order of `__init__`.
    """

    def __init__(self, cls: type, fields: Sequence[Field]) -> None:
        self._rows: list[_Row] = []
        self._known: set[str] = set()
        self._needed: set[str] = set()
        self._placed: list[str] = []
        optional: list[bool] = []
        for each in fields:
            argument = each.argument if each.init else None
            put = getattr(cls, each.name).__set__
            self._rows.append((argument, put, each.default, each.factory, each.converter))
            if argument is None:
                continue
            self._known.add(argument)
            if not each.has_default:
                self._needed.add(argument)
            if not each.kw_only:
                self._placed.append(argument)
                optional.append(each.has_default)
        self._is_sound = optional == sorted(optional)
        self._then: Callable[[Any], None] | None = getattr(cls, "__attrs_post_init__", None)

    def fill(self, made: object, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
        """Set the fields; return False, with nothing done, where `__init__` refuses the call."""
        if given:
            placed = dict(zip(self._placed, given, strict=False))
            if len(given) > len(self._placed) or not placed.keys().isdisjoint(named):
                return False
            named = placed | named
        keys = named.keys()
        if not (self._is_sound and keys <= self._known and keys >= self._needed):
            return False
        for argument, put, default, factory, converter in self._rows:
            value = NOTHING if argument is None else named.get(argument, NOTHING)
            if value is NOTHING:
                value = default if factory is None else factory()
                if value is NOTHING:
                    continue
            put(made, value if converter is None else converter(value))
        if self._then is not None:
            self._then(made)
        return True


def write_init(cls: type, fields: Sequence[Field]) -> Callable[..., None]:
    """Return the `__init__` of a slotted class.

    Raises:
        TypeError: a field without a default follows one that has a default.
    """
    given = [field for field in fields if field.init]
    placed = [field for field in given if not field.kw_only]
    named = [field.parameter() for field in given if field.kw_only]
    parameters = [field.parameter() for field in placed]
    has_default = [field.has_default for field in placed]
    if has_default != sorted(has_default):
        problem = f"{cls.__qualname__}: a field without a default follows one with a default"
        raise TypeError(problem)
    lines = [line for field in fields if (line := field.assignment()) is not None]
    if hasattr(cls, "__attrs_post_init__"):
        lines.append("self.__attrs_post_init__()")
    words = ", ".join(["self", *parameters, *(["*"] if named else []), *named])
    names: dict[str, Any] = {"NOTHING": NOTHING}
    for field in fields:
        names[f"set_{field.name}"] = getattr(cls, field.name).__set__
        names[f"d_{field.name}"] = field.default
        names[f"f_{field.name}"] = field.factory
        names[f"c_{field.name}"] = field.converter
    init = _compiled(cls, "__init__", words, lines or ["pass"], names)
    init.__annotations__ = {field.argument: field.annotation for field in given} | {"return": None}
    return init


def write_eq(cls: type, fields: Sequence[Field]) -> Callable[..., Any]:
    """Return the `__eq__` of a class."""
    compared = [f"self.{field.name} == other.{field.name}" for field in fields if field.eq]
    lines = [
        "if other.__class__ is not self.__class__: return NotImplemented",
        f"return {' and '.join(compared) or 'True'}",
    ]
    return _compiled(cls, "__eq__", "self, other", lines, {})


def write_hash(cls: type, fields: Sequence[Field]) -> Callable[..., int]:
    """Return the `__hash__` of a frozen class."""
    values = "".join(f"self.{field.name}, " for field in fields if field.eq)
    return _compiled(cls, "__hash__", "self", [f"return hash((cls, {values}))"], {"cls": cls})


def write_repr(cls: type, fields: Sequence[Field]) -> Callable[..., str]:
    """Return the `__repr__` of a class."""
    names = [field.name for field in fields if field.repr]

    @recursive_repr("...")
    def method(self: object) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__.rpartition('>.')[2]}({values})"

    method.__qualname__ = f"{cls.__qualname__}.__repr__"
    return method


def _compiled(
    cls: type, name: str, parameters: str, lines: Sequence[str], names: dict[str, Any]
) -> Callable[..., Any]:
    import linecache  # with tokenize, 3 ms that a short process can spare

    text = f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in lines)
    filename = f"<{name} of {cls.__module__}.{cls.__qualname__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    made: dict[str, Callable[..., Any]] = {}
    exec(compile(text, filename, "exec"), names, made)  # noqa: S102 (our own source)
    made[name].__qualname__ = f"{cls.__qualname__}.{name}"
    made[name].__module__ = cls.__module__
    return made[name]


def own_names(body: type) -> list[str]:
    """Return the names of the fields that a class declares itself, in order."""
    # from 3.10 on, without those of its bases
    hints = body.__annotations__.items()
    return [name for name, hint in hints if "ClassVar" not in str(hint)]


def own_fields(body: type) -> tuple[Field, ...]:
    """Return the fields that a class declares itself, in order."""
    found: list[Field] = []
    hints, values = body.__annotations__, vars(body)
    for name in own_names(body):
        value = values.get(name, NOTHING)
        if isinstance(value, Field):
            field = value
        elif type(value).__module__ == "attr._make":  # of attrs.field itself
            field = Field.of_attrs(value)
        else:
            field = Field()
            field.default = value
        field.name, field.annotation = name, hints[name]
        found.append(field)
    return tuple(found)
