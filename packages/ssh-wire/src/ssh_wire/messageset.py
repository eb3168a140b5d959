"""Which message a number means, in one phase of the protocol.

The numbers 30–49 depend on the key exchange method and 60–79 on the authentication method
(RFC 4250 section 4.1.2), so a number alone does not identify a message: a `MessageSet` has the
declarations that are legal in one phase.  Several declarations may share a number if constants
tell them apart, such as the name of a channel request; they are tried in order, the generic one
last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Generic, TypeVar

from ssh_wire import lazy_attrs, wire_fields
from ssh_wire.declare import Message
from ssh_wire.errors import ProtocolError, Truncated, UsageError, WrongConstant
from ssh_wire.primitives import Buffer

__all__ = ["MessageSet", "UnknownMessage"]

M_co = TypeVar("M_co", bound=Message, covariant=True)
N = TypeVar("N", bound=Message)

_LENGTH = Struct(">I")
_FEW = 3
"""The most declarations of a number that are tried in turn; more are found by a constant."""


class UnknownMessage(ProtocolError):
    """A message number that the phase does not have.

    Attributes:
        number: the number that was received.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"message {number} is not expected here")
        self.number = number


class MessageSet(Generic[M_co]):
    """The messages of one phase, by number."""

    def __init__(self, *messages: type[M_co]) -> None:
        self._by_number: dict[int, list[type[M_co]]] = {}
        self._finders: dict[int, _Finder[M_co]] = {}
        for declaration in messages:
            if declaration.NUMBER is None:
                problem = f"{declaration.__name__} is a record: it has no message number"
                raise UsageError(problem)
            known = self._by_number.setdefault(declaration.NUMBER, [])
            if declaration not in known:
                known.append(declaration)

    def __contains__(self, number: object) -> bool:
        return number in self._by_number

    def __iter__(self) -> Iterator[type[M_co]]:
        for declarations in self._by_number.values():
            yield from declarations

    def __or__(self, other: MessageSet[N]) -> MessageSet[M_co | N]:
        """Return the messages of both, those of `self` tried first."""
        return MessageSet[M_co | N](*self, *other)

    def decode(self, payload: Buffer) -> M_co:
        """Decode a payload as the message that it is.

        Raises:
            UnknownMessage: its number is not in this set.
            WireError: it is not a well-formed message.
        """
        if not payload:
            raise Truncated("message", "the message number")
        declarations = self._by_number.get(payload[0])
        if declarations is None:
            raise UnknownMessage(payload[0])
        if len(declarations) > _FEW:
            declarations = self._candidates(payload)
        for declaration in declarations[:-1]:
            try:
                return declaration.decode(payload)
            except WrongConstant:
                continue
        return declarations[-1].decode(payload)

    def _candidates(self, payload: Buffer) -> list[type[M_co]]:
        finder = self._finders.get(payload[0])
        if finder is None:
            finder = self._finders[payload[0]] = _Finder(self._by_number[payload[0]])
        return finder.find(payload)


class _Finder(Generic[N]):
    """Finds the declarations of one number by the first constant in which they differ."""

    def __init__(self, declarations: Sequence[type[N]]) -> None:
        self._steps, place = _steps_to_constant(declarations)
        constants = [_string_constants(declaration).get(place) for declaration in declarations]
        self._without = _matching(declarations, constants, None)
        self._by_constant = {
            constant.encode(): _matching(declarations, constants, constant)
            for constant in constants
            if constant is not None
        }

    def find(self, payload: Buffer) -> list[type[N]]:
        """Return the declarations that `payload` may be decoded with."""
        start, pos, end = 0, 0, len(payload)
        for step in self._steps:
            pos += step
            if pos + 4 > end:
                return self._without
            (length,) = _LENGTH.unpack_from(payload, pos)
            pos += 4
            start, pos = pos, pos + length
        return self._by_constant.get(bytes(payload[start:pos]), self._without)


def _matching(
    declarations: Sequence[type[N]], constants: Sequence[str | None], wanted: str | None
) -> list[type[N]]:
    found = zip(declarations, constants, strict=True)
    return [declaration for declaration, constant in found if constant in {None, wanted}]


def _string_constants(declaration: type[Message]) -> dict[str, str]:
    return {
        f.name: f.default
        for f in lazy_attrs.fields(declaration)
        if not f.init and isinstance(f.default, str)
    }


def _steps_to_constant(declarations: Sequence[type[Message]]) -> tuple[list[int], str]:
    """Return the number of bytes before each string up to the constant, and its name.

    If other fields than fixed ones and strings come before the constant, there are no steps, and
    every declaration is tried.
    """
    named = {name for declaration in declarations for name in _string_constants(declaration)}
    steps: list[int] = []
    gap = 1
    for field in wire_fields.fields(declarations[-1]):
        if field.kind in wire_fields.FIXED_SIZES:
            gap += wire_fields.FIXED_SIZES[field.kind]
            continue
        steps.append(gap)
        if field.name in named:
            return steps, field.name
        if field.kind not in wire_fields.STRINGS:
            break
        gap = 0
    return [], ""
