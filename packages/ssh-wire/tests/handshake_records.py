"""A message with a record in place: none of SSH's has one."""

from __future__ import annotations

from ssh_wire import Message, MessageSet, Record, UInt32, message, record


@record
class Inner(Record):
    first: UInt32


@message(250)
class Outer(Message):
    inner: Inner


PHASE: MessageSet[Message] = MessageSet(Outer)
