"""Declare a message as the RFC prints it.

    @message(90)
    class ChannelOpen(Message):
        ""Ask the peer to open a channel (RFC 4254 section 5.1).""

        kind: str
        sender: UInt32
        window: UInt32
        max_packet: UInt32
        details: Rest = b""

`message` makes a frozen attrs class with keyword-only fields in wire order; `record` is the same
without a message number, for structures inside messages and for heads that several messages
share.  A field that a subclass declares again keeps its place, so a variant declares only its
constant and what follows.  The codec is written by `ssh_wire.codegen` when a class has encoded or
decoded a few times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self, TypeVar, dataclass_transform

from ssh_wire import codec, lazy_attrs, wire_fields
from ssh_wire.errors import EncodeError
from ssh_wire.primitives import Buffer

__all__ = ["Message", "Record", "message", "record"]

_VERBS = ("encode", "encode_parts", "decode", "read")
"""The functions of a codec."""

R = TypeVar("R", bound="Record")
M = TypeVar("M", bound="Message")


class Record:
    """A structure of fields in wire order; the base of every declaration."""

    __slots__ = ()

    NUMBER: ClassVar[int | None] = None
    """The message number; None for a structure without one."""

    def encode(self) -> bytes:
        """Return the encoded bytes, message number first.

        Raises:
            EncodeError: a field's value does not fit its wire type.
        """
        made = codec.encode(type(self), self) if codec.is_rare(type(self), "encode") else None
        if made is not None:
            return made
        _install(type(self), "encode")
        return self.encode()

    def encode_parts(self) -> tuple[Buffer, ...]:
        """Return the encoding in parts, with the strings of `View` fields uncopied.

        Raises:
            EncodeError: a field's value does not fit its wire type.
        """
        _install(type(self), "encode_parts")
        return self.encode_parts()

    @classmethod
    def decode(cls, data: Buffer) -> Self:
        """Decode all of `data`.

        Raises:
            WireError: `data` is not exactly one such structure.
        """
        made: Self | None = codec.decode(cls, data) if codec.is_rare(cls, "decode") else None
        if made is not None:
            return made
        _install(cls, "decode")
        return cls.decode(data)

    @classmethod
    def read(cls, data: Buffer, pos: int) -> tuple[Self, int]:
        """Decode at `pos`; return the structure and the position after it.

        Raises:
            WireError: there is no such structure at `pos`.
        """
        made = codec.read(cls, data, pos) if codec.is_rare(cls, "read") else None
        if made is not None:
            return made
        _install(cls, "read")
        return cls.read(data, pos)

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values in some fields.

        Raises:
            EncodeError: there is no such field.
        """
        names = wire_fields.field_names(type(self))
        unknown = changes.keys() - set(names)
        if unknown:
            raise EncodeError(type(self).__name__, f"there is no field {min(unknown)}")
        made = object.__new__(type(self))
        for name in names:
            object.__setattr__(made, name, changes.get(name, getattr(self, name)))
        return made

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, n) == getattr(other, n) for n in wire_fields.field_names(type(self))
        )

    def __hash__(self) -> int:
        names = wire_fields.field_names(type(self))
        return hash((type(self), *(getattr(self, name) for name in names)))

    def __repr__(self) -> str:
        values = {
            field.name: repr(getattr(self, field.name)) if field.repr else "…"
            for field in lazy_attrs.fields(type(self))
        }
        inside = ", ".join(
            f"{name}={values[name]}" for name in wire_fields.field_names(type(self))
        )
        return f"{type(self).__name__}({inside})"


def _install(cls: type[Record], verb: str) -> None:
    # a method that was taken from the class before the first call still installs
    if cls.__dict__[verb] is Record.__dict__[verb]:
        from ssh_wire import codegen  # few programs use a class that often at once

        codegen.install(cls, verb)


class Message(Record):
    """A record with a message number as its first byte (RFC 4253 section 6)."""

    __slots__ = ()


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(lazy_attrs.field,),
    eq_default=True,
)
def message(number: int) -> Callable[[type[M]], type[M]]:
    """Declare a class as the message with this number."""

    def declare(cls: type[M]) -> type[M]:
        made = _frozen(cls)
        made.NUMBER = number
        return made

    return declare


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(lazy_attrs.field,),
    eq_default=True,
)
def record(cls: type[R]) -> type[R]:
    """Declare a class as a structure without a message number."""
    return _frozen(cls)


def _frozen(cls: type[R]) -> type[R]:
    # eq, hash and repr come from Record: compiling them for each class costs import time
    made = lazy_attrs.frozen(cls, kw_only=True, eq=False, repr=False, getstate_setstate=False)
    for name in _VERBS:
        # each class compiles its own codec, also if its base has one
        setattr(made, name, Record.__dict__[name])
    return made
