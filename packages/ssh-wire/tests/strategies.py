"""One hypothesis strategy per wire type: enough to build any declared message."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from hypothesis import strategies as st

from ssh_wire import Message, Record, messages, wire_fields

_NAME = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1
)
_TEXT = st.text(max_size=40)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "byte": st.integers(0, 255),
    "bool": st.booleans(),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "mpint": st.integers(0, 2**600),
    "name-list": st.lists(_NAME, max_size=5).map(tuple),
    "cookie": st.binary(min_size=16, max_size=16),
    "rest": st.binary(max_size=40),
    "view": st.binary(max_size=40),
    "bytes": st.binary(max_size=40),
    "str": _TEXT,
    # any bytes: those outside UTF-8 are kept as lone surrogates
    "text": st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
}


def declared() -> list[type[Record]]:
    """Every message and record of the package, abstract heads included."""
    found: list[type[Record]] = []
    for module in pkgutil.iter_modules(messages.__path__):
        namespace = importlib.import_module(f"ssh_wire.messages.{module.name}")
        for _, cls in inspect.getmembers(namespace, inspect.isclass):
            if issubclass(cls, Record) and cls.__module__ == namespace.__name__:
                found.append(cls)
    return found


def numbered() -> list[type[Message]]:
    """Every message with a number."""
    return [cls for cls in declared() if issubclass(cls, Message) and cls.NUMBER is not None]


def build(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Build any value of a declaration from its fields."""
    fields = wire_fields.fields(cls)
    values = {f.name: _field(f) for f in fields if f.constant is None}
    return st.fixed_dictionaries(values).map(lambda chosen: cls(**chosen))


def _field(field: Any) -> st.SearchStrategy[Any]:
    if field.item is not None:
        item = build(field.record) if field.record is not None else _PLAIN[field.item]
        return st.lists(item, max_size=4).map(tuple)
    if field.record is not None:
        return build(field.record)
    return _PLAIN[field.kind]
