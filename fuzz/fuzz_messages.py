"""The decoder of every declaration, and every `MessageSet` of a phase."""

from __future__ import annotations

from fuzz.samples import declared, samples
from fuzz.target import Target, one_of
from ssh_wire import Message, MessageSet, ProtocolError, Record, WireError
from ssh_wire.messages import sets

PHASES: dict[str, MessageSet[Message]] = {
    "transport": sets.TRANSPORT,
    "authentication": sets.AUTHENTICATION,
    "connection": sets.CONNECTION,
    **{f"kex {prefix}": messages for prefix, messages in sets.KEY_EXCHANGES.items()},
    **{f"auth {method}": messages for method, messages in sets.DIALOGUES.items()},
}


def declaration(cls: type[Record]) -> Target:
    def decode(data: bytes) -> None:
        value = cls.decode(data)
        assert cls.decode(value.encode()) == value
        assert cls.read(b"x" + data, 1) == (value, 1 + len(data))

    seeds = [sample.encode() for sample in samples(cls)]
    return Target(
        name=f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}",
        function=decode,
        seeds=seeds,
        allowed=(WireError,),
    )


def phase(name: str, messages: MessageSet[Message]) -> Target:
    def decode(data: bytes) -> None:
        value = messages.decode(data)
        assert messages.decode(value.encode()) == value

    classes = list(messages)
    return Target(
        name=name,
        function=decode,
        seeds=[sample.encode() for cls in classes for sample in samples(cls)],
        allowed=(ProtocolError,),
        tokens=[bytes([number]) for number in range(256) if number in messages],
    )


TARGETS = [
    one_of("messages", [declaration(cls) for cls in declared()]),
    one_of("phases", [phase(name, messages) for name, messages in PHASES.items()]),
]
