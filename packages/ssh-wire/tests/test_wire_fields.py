from __future__ import annotations

from typing import get_type_hints

import pytest

from ssh_wire import Counted, Message, UInt32, message, record, wire_fields
from ssh_wire.declare import Record
from ssh_wire.messages import connection as m
from strategies import declared


def test_field_names_of_a_variant_are_in_wire_order() -> None:
    assert wire_fields.field_names(m.ExecRequest) == ("recipient", "kind", "want_reply", "command")


@pytest.mark.parametrize("cls", declared(), ids=lambda cls: cls.__name__)
def test_meaning_of_annotations_is_that_of_typing(cls: type[Record]) -> None:
    hints = get_type_hints(cls, include_extras=True)
    expected = [
        wire_fields.Field(cls.__name__, name, hints[name]) for name in wire_fields.field_names(cls)
    ]

    found = wire_fields.fields(cls)
    assert [vars(field) for field in found] == [vars(field) for field in expected]


def test_field_without_wire_type_is_refused() -> None:
    @message(250)
    class Wrong(Message):
        number: int

    with pytest.raises(TypeError, match=r"Wrong.number: <class 'int'> has no wire type"):
        wire_fields.fields(Wrong)


def test_list_of_numbers_is_refused() -> None:
    @record
    class Wrong(Record):
        numbers: Counted[UInt32]

    with pytest.raises(TypeError, match=r"Wrong.numbers: items are strings or records"):
        wire_fields.fields(Wrong)
