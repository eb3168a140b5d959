"""Classes that attrs builds later: in all that can be seen they are those of attrs."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire import lazy_attrs, lazy_fields


@lazy_attrs.frozen
class Point:
    """A point."""

    x: int
    y: int = 0
    names: list[str] = lazy_attrs.field(factory=list[str], eq=False, repr=False)
    ORIGIN: ClassVar[tuple[int, int]] = (0, 0)

    @property
    def kind(self) -> type:
        """The class, as a method sees it."""
        return __class__  # type: ignore[name-defined,no-any-return]


@lazy_attrs.frozen(kw_only=True)
class Named(Point):
    """A point with a name."""

    name: str = "here"

    def describe(self) -> str:
        """Return text about the point."""
        return f"{self.name}: {super().__repr__()}"


@lazy_attrs.define
class Counter:
    """What may be changed."""

    count: int = lazy_attrs.field(default=0, converter=int)
    step: int = lazy_attrs.field(default=1, validator=attrs.validators.gt(0))

    def __attrs_post_init__(self) -> None:
        self.count += self.step


@lazy_attrs.frozen(eq=False)
class Unequal:
    """Compared by identity."""

    x: int


class Plain(Point):
    """A subclass that attrs does not know."""


def _unused() -> Any:
    @lazy_attrs.frozen
    class Unused:
        x: int = 1

    return Unused


def test_init_is_written_when_several_instances_were_made() -> None:
    unused = _unused()
    stub = unused.__init__

    assert unused().x == 1
    assert unused.__init__ is stub
    assert [unused(number).x for number in range(50)] == list(range(50))
    assert unused.__init__ is not stub


def test_class_is_built_when_its_fields_are_asked_for() -> None:
    assert [field.name for field in attrs.fields(_unused())] == ["x"]
    assert attrs.has(_unused())
    assert _unused().__match_args__ == ("x",)


def test_method_that_was_taken_before_builds_class() -> None:
    unused = _unused()
    init = unused.__init__
    made = unused.__new__(unused)
    init(made, 5)

    assert made.x == 5
    init(made, 6)
    assert made.x == 6


@given(st.integers(), st.integers())
def test_equality_hash_and_repr_are_those_of_attrs(x: int, y: int) -> None:
    @attrs.frozen
    class Reference:
        x: int
        y: int

    first, second = Point(x, y, ["a"]), Point(x, y, ["b"])

    assert first == second
    assert hash(first) == hash(second)
    assert (first == Point(y, x)) == (Reference(x, y) == Reference(y, x))
    assert repr(first) == f"Point(x={x!r}, y={y!r})"
    assert Unequal(x) != Unequal(x)


def test_instance_of_frozen_class_cannot_be_changed() -> None:
    point = Point(1)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del point.x  # pyright: ignore[reportAttributeAccessIssue]
    assert not hasattr(point, "__dict__")


def test_class_that_may_be_changed_converts_and_validates() -> None:
    counter = Counter("3", 2)

    assert counter.count == 5
    counter.count = "7"  # type: ignore[assignment]
    assert counter.count == 7
    with pytest.raises(ValueError, match="'step' must be > 0"):
        counter.step = 0
    with pytest.raises(AttributeError):
        counter.steps = 1  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        hash(counter)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(1, z=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_subclass_has_fields_and_methods_of_its_base() -> None:
    named = Named(x=1, name="there")

    assert [field.name for field in attrs.fields(Named)] == ["x", "y", "names", "name"]
    assert named.describe() == "there: Named(x=1, y=0)"
    assert named.kind is Point
    assert Plain(1, 2) == Plain(1, 2)
    assert Plain(1) != Point(1)
    assert Point.ORIGIN == (0, 0)


def test_evolve_match_and_asdict_work() -> None:
    point = lazy_attrs.evolve(Point(1, 2, ["a"]), y=3)

    match point:
        case Point(x, y):
            assert (x, y) == (1, 3)
    assert attrs.asdict(point) == {"x": 1, "y": 3, "names": ["a"]}


def test_instance_is_copied_pickled_and_referred_to_weakly() -> None:
    point = Named(x=1, names=["a"])

    pickled = pickle.loads(pickle.dumps(point))  # noqa: S301 (our own)

    for found in (copy.copy(point), copy.deepcopy(point), pickled):
        assert found == point
        assert found.names == ["a"]
    assert weakref.ref(point)() is point


def test_pickle_is_read_by_process_that_has_not_used_the_class() -> None:
    class_ = _unused()
    state = class_(5).__getstate__()
    fresh = _unused()
    made = fresh.__new__(fresh)
    made.__setstate__(state)

    assert made.x == 5


def test_name_module_and_text_are_those_of_the_body() -> None:
    assert Point.__name__ == "Point"
    assert Point.__module__ == __name__
    assert Point.__doc__ == "A point."
    assert _unused().__qualname__ == "_unused.<locals>.Unused"


def test_signature_is_that_of_attrs() -> None:
    assert str(inspect.signature(Named)) == (
        "(x: 'int', y: 'int' = 0, names: 'list[str]' = NOTHING, *, name: 'str' = 'here') -> None"
    )


def test_method_of_comparison_is_written_when_it_is_called() -> None:
    unused = _unused()
    stub, one = unused.__eq__, unused()

    assert unused.__eq__ is stub
    assert one == unused()
    assert unused.__eq__ is not stub
    assert one != unused(2)
    assert repr(one) == "Unused(x=1)"


def test_methods_that_class_has_itself_are_kept() -> None:
    @lazy_attrs.frozen
    class Own:
        x: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    assert (Own(1), hash(Own(1)), repr(Own(1))) == (Own(2), 7, "own")


def test_class_with_init_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="no __init__ of its own"):

        @lazy_attrs.frozen
        class _Own:
            x: int

            def __init__(self) -> None:
                raise NotImplementedError


def test_first_instances_may_be_made_in_several_threads() -> None:
    unused = _unused()
    barrier = threading.Barrier(4)

    def make(number: int) -> int:
        barrier.wait()
        return int(unused(number).x)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(make, range(4))) == [0, 1, 2, 3]


def test_class_whose_fields_attrs_describes_is_written_by_attrs() -> None:
    @lazy_attrs.frozen(kw_only=True)
    class Described:
        kind: str = attrs.field(default="text", init=False)
        size: int = attrs.field(validator=attrs.validators.gt(0), repr=False)

    assert [(each.name, each.default, each.init) for each in lazy_attrs.fields(Described)] == [
        ("kind", "text", False),
        ("size", lazy_fields.NOTHING, True),
    ]
    assert repr(Described(size=1)) == "Described(kind='text')"
    assert lazy_attrs.evolve(Described(size=1), size=2) == Described(size=2)
    with pytest.raises(ValueError, match="'size' must be > 0"):
        Described(size=0)


def test_field_without_default_behind_one_with_default_is_refused() -> None:
    @lazy_attrs.frozen
    class Wrong:
        x: int = 0
        y: int  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]

    for _ in range(2):  # the second time, too
        with pytest.raises(TypeError, match="a field without a default follows one with"):
            Wrong(1, 2)


def test_attribute_of_private_field_has_argument_without_underscore() -> None:
    @lazy_attrs.define
    class Private:
        _name: str
        _count: int = lazy_attrs.field(default=3, init=False)

    made: Any = Private
    assert repr(made(name="a")) == "Private(_name='a', _count=3)"
    assert lazy_attrs.evolve(made("a"), name="b") == made("b")


@given(st.data())
def test_class_is_that_of_attrs(data: st.DataObject) -> None:
    flags = st.fixed_dictionaries({"repr": st.booleans(), "eq": st.booleans()})
    options = data.draw(st.lists(flags, min_size=1, max_size=4))
    kw_only, is_frozen = data.draw(st.booleans()), data.draw(st.booleans())

    def declare(field: Any, decorate: Any) -> Any:
        space: dict[str, Any] = {"__annotations__": {}, "__qualname__": "Made"}
        for number, each in enumerate(options):
            space["__annotations__"][f"f{number}"] = "int"
            space[f"f{number}"] = field(default=number, **each)
        return decorate(kw_only=kw_only, frozen=is_frozen)(type("Made", (), space))

    ours = declare(lazy_attrs.field, lazy_attrs.define)
    theirs = declare(attrs.field, attrs.define)
    values = [{f"f{index}": data.draw(st.integers(0, 1))} for index in range(len(options))]

    for value in values:
        assert repr(ours(**value)) == repr(theirs(**value))
        for other in values:
            assert (ours(**value) == ours(**other)) is (theirs(**value) == theirs(**other))
            if is_frozen and ours(**value) == ours(**other):
                assert hash(ours(**value)) == hash(ours(**other))
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert (ours.__hash__ is None) is (theirs.__hash__ is None)
    assert ours.__match_args__ == theirs.__match_args__


@given(st.data())
def test_first_instance_is_that_of_attrs(data: st.DataObject) -> None:
    kinds = ("default", "factory", "converter", "unset", "required", "keyword")
    chosen = data.draw(st.lists(st.sampled_from(kinds), max_size=5))
    given_values = [data.draw(st.integers(0, 9)) for _ in range(data.draw(st.integers(0, 6)))]
    named = data.draw(st.dictionaries(st.sampled_from(["f0", "f1", "f2", "f3", "f4"]), st.none()))
    is_frozen = data.draw(st.booleans())

    def declare(field: Any, decorate: Any) -> Any:
        options: dict[str, dict[str, Any]] = {
            "default": {"default": 3},
            "factory": {"factory": list[int]},
            "converter": {"default": 4, "converter": repr},
            "unset": {"init": False},
            "required": {},
            "keyword": {"kw_only": True},
        }
        space: dict[str, Any] = {"__annotations__": {}, "__qualname__": "Made"}
        for number, kind in enumerate(chosen):
            space["__annotations__"][f"f{number}"] = "int"
            space[f"f{number}"] = field(**options[kind])
        return decorate(frozen=is_frozen)(type("Made", (), space))

    def outcome(field: Any, decorate: Any) -> object:
        try:
            made = declare(field, decorate)(*given_values, **named)
        except (TypeError, ValueError) as error:  # attrs refuses the order of fields by the latter
            return str(error) if "argument" in str(error) else "refused"
        return [getattr(made, f"f{number}", "unset") for number in range(len(chosen))]

    assert outcome(lazy_attrs.field, lazy_attrs.define) == outcome(attrs.field, attrs.define)
