"""Encode and decode a structure field by field, while its class has been used a few times only.

To write and compile a function of a codec takes as long as fifty such calls, and a connection
needs most messages once or twice.  A class that is used more often gets the straight-line
code of `ssh_wire.codegen`.  That code is also the judge of everything irregular: a function here
gives up where a value or an input is not what it should be, and the written code, called with the
same, raises the error that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import Any, Final

from ssh_wire import primitives, wire_fields
from ssh_wire.errors import EncodeError, WireError, WrongConstant
from ssh_wire.primitives import Buffer
from ssh_wire.wire_fields import Field

__all__ = ["decode", "encode", "is_rare", "read"]

FEW: Final = 8
"""How many calls of a function of a class are made without it being compiled."""

_LENGTH: Final = Struct(">I")
_FIXED: Final = {kind: Struct(">" + form) for kind, form in wire_fields.FORMATS.items()}
_COOKIE: Final = 16
_uses: Final[dict[tuple[type, str], int]] = {}


class _Irregular(Exception):
    """What is left to the written code."""


_TO_ENCODE: Final = (
    struct_error,
    UnicodeError,
    TypeError,
    AttributeError,
    EncodeError,
    _Irregular,
)
_TO_DECODE: Final = (struct_error, UnicodeError, TypeError, WireError, _Irregular)


def is_rare(cls: type, verb: str) -> bool:
    """Count a call of a function of a class; return whether there were few."""
    found = _uses[cls, verb] = _uses.get((cls, verb), 0) + 1
    return found <= FEW


def encode(cls: Any, record: object) -> bytes | None:  # noqa: ANN401 (any declaration)
    """Return the encoded bytes; None where a value does not fit its wire type."""
    number = cls.NUMBER
    parts: list[Buffer] = [] if number is None else [bytes((number,))]
    try:
        for field in wire_fields.fields(cls):
            value = getattr(record, field.name) if field.constant is None else field.constant
            _encode_field(field, value, parts)
        return b"".join(parts)
    except _TO_ENCODE:
        return None


def _encode_field(field: Field, value: Any, parts: list[Buffer]) -> None:  # noqa: ANN401 (any wire type)
    fixed = _FIXED.get(field.kind)
    if fixed is not None:
        if field.kind == "cookie" and len(value) != _COOKIE:
            raise _Irregular
        parts.append(fixed.pack(value))
    elif field.kind == "rest":
        parts.append(value)
    elif field.kind == "record":
        parts.append(value.encode())
    elif field.item is not None:
        if field.kind == "counted":
            parts.append(_LENGTH.pack(len(value)))
        convert = _ENCODED_ITEMS.get(field.item)
        parts += [item.encode() if convert is None else convert(item) for item in value]
    else:
        content = _ENCODED[field.kind](value)
        parts += (_LENGTH.pack(len(content)), content)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _same(data: Buffer) -> Buffer:
    return data


_ENCODED: Final[dict[str, Callable[[Any], Buffer]]] = {
    "bytes": _same,
    "view": _same,
    "str": str.encode,
    "text": _raw,
    "mpint": primitives.encode_mpint,
    "name-list": primitives.encode_names,
}
_ENCODED_ITEMS: Final[dict[str, Callable[[Any], bytes]]] = {
    "bytes": primitives.string,
    "str": primitives.string,
    "text": lambda item: primitives.string(_raw(item)),
}


def decode(cls: type, data: Buffer) -> Any:  # noqa: ANN401 (an instance of the class)
    """Return what all of `data` is; None where it is not exactly one such structure.

    Raises:
        WrongConstant: it is another variant of the message.
    """
    found = read(cls, data, 0)
    return None if found is None or found[1] != len(data) else found[0]


def read(cls: Any, data: Buffer, pos: int) -> tuple[Any, int] | None:  # noqa: ANN401 (any declaration)
    """Return the structure at `pos` and the position after it; None where there is none.

    Raises:
        WrongConstant: it is another variant of the message; the peer breaks no rule.
    """
    made = object.__new__(cls)
    try:
        if cls.NUMBER is not None:
            if pos >= len(data) or data[pos] != cls.NUMBER:
                return None
            pos += 1
        for field in wire_fields.fields(cls):
            value, pos = _decode_field(field, data, pos, cls.__name__)
            object.__setattr__(made, field.name, value)
    except WrongConstant:
        raise
    except _TO_DECODE:
        return None
    return made, pos


def _decode_field(field: Field, data: Buffer, pos: int, owner: str) -> tuple[Any, int]:
    fixed = _FIXED.get(field.kind)
    if fixed is not None:
        (value,) = fixed.unpack_from(data, pos)
        if field.constant is not None and value is not field.constant:
            raise _Irregular
        return value, pos + fixed.size
    if field.kind == "rest":
        return bytes(data[pos:]), len(data)
    if field.kind == "record":
        return _reader(field)(data, pos)
    if field.item is not None:
        return _decode_items(field, data, pos)
    (length,) = _LENGTH.unpack_from(data, pos)
    start, end = pos + 4, pos + 4 + length
    if end > len(data):
        raise _Irregular
    content = data[start:end]
    if field.constant is None:
        return _DECODED[field.kind](content), end
    if content != str(field.constant).encode():
        raise WrongConstant(owner, field.name)
    return field.constant, end


def _decode_items(field: Field, data: Buffer, pos: int) -> tuple[tuple[Any, ...], int]:
    read_item = _reader(field)
    found: list[Any] = []
    if field.kind == "counted":
        (count,) = _LENGTH.unpack_from(data, pos)
        pos += 4
        if count * 4 > len(data) - pos:  # an item has at least four bytes
            raise _Irregular
        for _ in range(count):
            item, pos = read_item(data, pos)
            found.append(item)
    else:
        while pos < len(data):
            item, pos = read_item(data, pos)
            found.append(item)
    return tuple(found), pos


def _reader(field: Field) -> Callable[[Buffer, int], tuple[Any, int]]:
    record: Any = field.record
    reader: Callable[[Buffer, int], tuple[Any, int]] = (
        _ITEM_READERS[field.item or field.kind] if record is None else record.read
    )
    return reader


def _text(data: Buffer) -> str:
    return str(data, "utf-8", "surrogateescape")


_DECODED: Final[dict[str, Callable[[Any], Any]]] = {
    "bytes": bytes,
    "view": _same,
    "str": lambda data: str(data, "utf-8"),
    "text": _text,
    "mpint": primitives.decode_mpint,
    "name-list": primitives.decode_names,
}
_ITEM_READERS: Final[dict[str, Callable[[Buffer, int], tuple[Any, int]]]] = {
    "bytes": primitives.read_string,
    "str": primitives.read_text,
    "text": primitives.read_human_text,
}
