"""Which message a number means, in one phase of the protocol.

The numbers 30–49 depend on the key exchange method and 60–79 on the authentication
method (RFC 4250 section 4.1.2), so a number alone says nothing: a `MessageSet` is the
list of declarations that are legal in one phase.  Several declarations may share a
number when constants tell them apart (a channel request's name, say); they are tried in
the order given, the generic one last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from ssh_wire.declare import Message
from ssh_wire.errors import ProtocolError, Truncated, UsageError, WrongConstant
from ssh_wire.primitives import Buffer

__all__ = ["MessageSet", "UnknownMessage"]

M_co = TypeVar("M_co", bound=Message, covariant=True)


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
        for declaration in messages:
            if declaration.NUMBER is None:
                problem = f"{declaration.__name__} is a record: it has no message number"
                raise UsageError(problem)
            self._by_number.setdefault(declaration.NUMBER, []).append(declaration)

    def __contains__(self, number: object) -> bool:
        return number in self._by_number

    def __iter__(self) -> Iterator[type[M_co]]:
        for declarations in self._by_number.values():
            yield from declarations

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
        for declaration in declarations[:-1]:
            with suppress(WrongConstant):
                return declaration.decode(payload)
        return declarations[-1].decode(payload)
