from __future__ import annotations

from ssh_wire.messages import sets
from ssh_wire.numbers import DisconnectReason, MessageNumber, OpenFailureReason, Signal
from strategies import numbered


def test_every_number_has_a_message_and_every_message_a_number() -> None:
    fixed = {cls.NUMBER for cls in numbered()} - set(range(30, 50)) - set(range(60, 80))

    assert fixed == set(MessageNumber)
    assert all(
        number in sets.TRANSPORT | sets.AUTHENTICATION | sets.CONNECTION
        for number in MessageNumber
    )


def test_reasons_are_numbered_without_a_gap() -> None:
    assert list(DisconnectReason) == list(range(1, 16))
    assert list(OpenFailureReason) == list(range(1, 5))


def test_signals_are_those_of_the_rfc() -> None:
    names = "ABRT ALRM FPE HUP ILL INT KILL PIPE QUIT SEGV TERM USR1 USR2"

    assert " ".join(Signal) == names
