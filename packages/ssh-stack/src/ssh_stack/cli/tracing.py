"""What -v, -vv and -vvv say of a connection while it is made and used.

-v says what was agreed on, -vv what else the peer says, -vvv names every message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssh_transport import (
    BannerLineReceived,
    DebugReceived,
    Disconnected,
    ExtInfoReceived,
    HostKeyReceived,
    IdentificationReceived,
    KexCompleted,
)
from ssh_wire.numbers import MessageNumber
from ssh_wire.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssh_stack.cli.report import Report
    from ssh_transport.trace import Trace, Traced

__all__ = ["tracer"]

_EVERYTHING: Final = 3


def tracer(report: Report) -> Trace | None:
    """Return what renders a trace for a report, or None where it would say nothing."""
    if report.verbose < 1:
        return None
    if report.verbose < _EVERYTHING:
        return lambda fact: _event(fact, report.note)

    # loads with -vvv, as the trace itself does
    from ssh_transport.trace import MessageReceived, MessageSent

    def everything(fact: Traced) -> None:
        match fact:
            case MessageSent(number=number, size=size, sequence=sequence):
                report.note(f"-> {_name(number)}, {size} bytes, packet {sequence}", _EVERYTHING)
            case MessageReceived(number=number, size=size, sequence=sequence):
                report.note(f"<- {_name(number)}, {size} bytes, packet {sequence}", _EVERYTHING)
            case _:
                _event(fact, report.note)

    return everything


def _event(fact: Traced, note: Callable[[str, int], None]) -> None:
    match fact:
        case BannerLineReceived(line=line):
            note(f"before its identification the peer says: {line}", 2)
        case IdentificationReceived(line=line):
            note(f"the peer is {line}", 2)
        case HostKeyReceived(key=key, certificate=certificate):
            certified = "certified " if certificate is not None else ""
            note(f"it shows the {certified}host key {key.kind} {key.fingerprint()}", 2)
        case KexCompleted(agreement=agreed, initial=False):
            note(f"rekey with {agreed.kex}", 1)
        case ExtInfoReceived(extensions=extensions):
            for name, value in extensions.items():
                note(f"extension {name}={printable(value, 1024)}", 2)
        case DebugReceived(message=message):
            note(f"the peer says for debugging: {message}", 2)
        case Disconnected(reason=reason, description=description, by_peer=by_peer):
            side = "the peer" if by_peer else "this side"
            note(f"{side} ended the connection: {description} ({int(reason)})", 2)
        case _:
            pass


def _name(number: int) -> str:
    """Return the name of a message; where several share a number, the number alone."""
    try:
        return MessageNumber(number).name
    except ValueError:
        return f"message {number}"
