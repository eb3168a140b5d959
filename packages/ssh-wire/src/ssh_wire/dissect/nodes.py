"""A payload as a tree of fields, with their names, wire types and meanings."""

from __future__ import annotations

from typing import Any, TypeAlias

from ssh_wire import lazy_attrs, wire_fields
from ssh_wire.declare import Message, Record
from ssh_wire.dissect.descriptions import describe, terminal_modes
from ssh_wire.errors import ProtocolError
from ssh_wire.messageset import MessageSet
from ssh_wire.numbers import MessageNumber
from ssh_wire.primitives import Buffer
from ssh_wire.text import printable

__all__ = ["Field", "Tree", "Value", "dissect"]

Value: TypeAlias = int | bool | str | bytes | tuple[str, ...]
"""The content of a field without inner fields."""

_WIRE_NAMES = {"bool": "boolean", "bytes": "string", "view": "string", "str": "string"}
_NAMES = {member.value: member.name for member in MessageNumber}
_METHOD_NUMBERS = range(60, 80)


@lazy_attrs.frozen
class Field:
    """One field.

    Attributes:
        name: its name in the declaration, or its place in a list.
        kind: its wire type (RFC 4251 section 5).
        value: its content; None if the content is `inner`.
        meaning: the meaning of the content, in words; escaped.
        secret: whether the content is masked unless secrets are asked for.
        inner: the fields of a structure, or the items of a list.
    """

    name: str
    kind: str
    value: Value | None = lazy_attrs.field(default=None, repr=False)
    meaning: str = ""
    secret: bool = False
    inner: tuple[Field, ...] = ()


@lazy_attrs.frozen
class Tree:
    """One payload.

    Attributes:
        name: the name of its declaration; the number of an unknown message.
        number: its message number; None for an empty payload.
        about: the first line of the declaration's documentation.
        fields: its fields in wire order.
        problem: why it could not be decoded, escaped; empty if it was.
    """

    name: str
    number: int | None
    about: str = ""
    fields: tuple[Field, ...] = ()
    problem: str = ""

    def __getitem__(self, name: str) -> Field:
        """Return the field of that name.

        Raises:
            KeyError: there is no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def dissect(payload: Buffer, phase: MessageSet[Message]) -> Tree:
    """Return the tree of a payload; that of one that cannot be decoded has the problem.

    Args:
        payload: the payload of one packet, message number first.
        phase: the messages of the phase, from `ssh_wire.messages.sets`.
    """
    payload = bytes(payload)
    try:
        message = phase.decode(payload)
    except ProtocolError as error:
        return _undecoded(payload, phase, printable(str(error)))
    about = (type(message).__doc__ or "").partition("\n")[0].rstrip(".")
    return Tree(type(message).__name__, message.NUMBER, about, _fields(message))


def _undecoded(payload: bytes, phase: MessageSet[Message], problem: str) -> Tree:
    if not payload:
        return Tree("nothing", None, problem=problem)
    number = payload[0]
    name = _NAMES.get(number, f"message {number}")
    rest = Field("payload", "bytes", payload, secret=_may_be_secret(number, phase))
    return Tree(name, number, fields=(rest,), problem=problem)


def _may_be_secret(number: int, phase: MessageSet[Message]) -> bool:
    """Say whether a payload may have secrets, as well-formed ones of its number have."""
    # responses to prompts, also if the method is not known
    if number == MessageNumber.USERAUTH_REQUEST or number in _METHOD_NUMBERS:
        return True
    declared = (declaration for declaration in phase if number == declaration.NUMBER)
    return any(_secrets(declaration) for declaration in declared)


_known_secrets: dict[type, frozenset[str]] = {}


def _secrets(declaration: type[Record]) -> frozenset[str]:
    if declaration not in _known_secrets:
        found = lazy_attrs.fields(declaration)
        _known_secrets[declaration] = frozenset(field.name for field in found if not field.repr)
    return _known_secrets[declaration]


def _fields(record: Record) -> tuple[Field, ...]:
    cls = type(record)
    secrets = _secrets(cls)
    return tuple(
        _field(declared, getattr(record, declared.name), cls, secret=declared.name in secrets)
        for declared in wire_fields.fields(cls)
    )


def _field(declared: wire_fields.Field, value: Any, cls: type, *, secret: bool) -> Field:  # noqa: ANN401 (of the declared type)
    kind = _WIRE_NAMES.get(declared.kind, declared.kind)
    if declared.item is not None:
        inner = tuple(
            _item(str(number), declared, item, cls, secret=secret)
            for number, item in enumerate(value)
        )
        return Field(declared.name, kind, secret=secret, inner=inner)
    if declared.record is not None:
        return Field(declared.name, kind, secret=secret, inner=_fields(value))
    if declared.kind == "view":
        value = bytes(value)
    modes = terminal_modes(cls, declared.name, value)
    inner = tuple(Field(name, "uint32", argument) for name, argument in modes)
    meaning = describe(cls, declared.name, value)
    return Field(declared.name, kind, value, meaning, secret, inner)


def _item(
    name: str, declared: wire_fields.Field, item: Record | Value, cls: type, *, secret: bool
) -> Field:
    if isinstance(item, Record):
        return Field(name, type(item).__name__, secret=secret, inner=_fields(item))
    kind = _WIRE_NAMES.get(str(declared.item), str(declared.item))
    return Field(name, kind, item, describe(cls, declared.name, item), secret)
