"""A sample of every declared message, made from what its fields are on the wire."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from ssh_wire import Record, messages, wire_fields

__all__ = ["declared", "samples"]

_VALUES: dict[str, tuple[Any, Any]] = {
    "byte": (0, 7),
    "bool": (False, True),
    "uint32": (0, 1 << 31),
    "uint64": (0, 1 << 63),
    "mpint": (0, 1 << 200),
    "name-list": ((), ("none", "aes128-ctr", "x@example.com")),
    "cookie": (bytes(16), bytes(range(16))),
    "rest": (b"", b"rest"),
    "view": (b"", b"view"),
    "bytes": (b"", b"\0\0\0\x0bssh-ed25519"),
    "str": ("", "grün"),
    "text": ("", "text\udcff"),
}


def declared() -> list[type[Record]]:
    """Return every message and record of `ssh_wire`, heads included."""
    found: list[type[Record]] = []
    for module in pkgutil.iter_modules(messages.__path__):
        namespace = importlib.import_module(f"ssh_wire.messages.{module.name}")
        for _, cls in inspect.getmembers(namespace, inspect.isclass):
            if issubclass(cls, Record) and cls.__module__ == namespace.__name__:
                found.append(cls)
    return found


def samples(cls: type[Any]) -> list[Any]:
    """Return two values of a declaration: one of empty fields, one of full ones."""
    return [_sample(cls, which) for which in (0, 1)]


def _sample(cls: type[Any], which: int) -> Any:
    fields = [field for field in wire_fields.fields(cls) if field.constant is None]
    return cls(**{field.name: _value(field, which) for field in fields})


def _value(field: wire_fields.Field, which: int) -> Any:
    if field.item is not None:
        count = 2 * which
        if field.record is not None:
            return tuple(_sample(field.record, which) for _ in range(count))
        return (_VALUES[field.item][which],) * count
    if field.record is not None:
        return _sample(field.record, which)
    return _VALUES[field.kind][which]
