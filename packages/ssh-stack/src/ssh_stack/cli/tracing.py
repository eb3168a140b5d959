"""What -v, -vv and -vvv print of a connection while it is made and used.

-v prints what was agreed on, -vv what both sides proposed and what else the peer says, -vvv the
name of every message.
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
    from collections.abc import Iterator

    from ssh_stack.cli.report import Report
    from ssh_transport import Agreement
    from ssh_transport.trace import Proposals, Trace, Traced
    from ssh_wire.messages.transport import KexInit

__all__ = ["Tracer", "tracer"]

_EVERYTHING: Final = 3
_LONGEST: Final = 4096

_LISTS: Final = (
    ("key exchange", "kex_algorithms"),
    ("host key", "server_host_key_algorithms"),
    ("ciphers to the server", "encryption_client_to_server"),
    ("ciphers from the server", "encryption_server_to_client"),
    ("MACs to the server", "mac_client_to_server"),
    ("MACs from the server", "mac_server_to_client"),
    ("compression to the server", "compression_client_to_server"),
    ("compression from the server", "compression_server_to_client"),
)


def tracer(report: Report) -> Trace | None:
    """Return what renders a trace for a report, or None where it would say nothing."""
    return Tracer(report) if report.verbose or report.talkative else None


class Tracer:
    """Renders the facts of a trace, and counts what is transferred.

    Args:
        report: where they are printed; its level may change meanwhile.
    """

    def __init__(self, report: Report) -> None:
        # loads with -v, as the trace itself does
        from ssh_transport.trace import MessageReceived, MessageSent, Proposals

        self._report = report
        self._sent, self._received, self._proposals = MessageSent, MessageReceived, Proposals

    def __call__(self, fact: Traced) -> None:
        """Take a fact."""
        report = self._report
        if isinstance(fact, self._sent):
            report.sent += fact.size
            if fact.number == MessageNumber.NEWKEYS:
                report.note("NEWKEYS sent")  # words that programs look for
            if report.verbose >= _EVERYTHING:
                report.note(f"-> {_message(fact.number, fact.size, fact.sequence)}", _EVERYTHING)
        elif isinstance(fact, self._received):
            report.received += fact.size
            if fact.number == MessageNumber.NEWKEYS:
                report.note("NEWKEYS received")
            if report.verbose >= _EVERYTHING:
                report.note(f"<- {_message(fact.number, fact.size, fact.sequence)}", _EVERYTHING)
        elif isinstance(fact, self._proposals):
            for line in _proposals(fact):
                report.note(line, 2)
        else:
            _event(fact, report)


def _message(number: int, size: int, sequence: int) -> str:
    return f"{_name(number)}, {size} bytes, packet {sequence}"


def _proposals(fact: Proposals) -> Iterator[str]:
    for side, proposal in (("this side", fact.own), ("the server", fact.peer)):
        for what, field in _LISTS:
            yield f"{side} proposes {what}: {_names(proposal, field)}"


def _names(proposal: KexInit, field: str) -> str:
    names: tuple[str, ...] = getattr(proposal, field)
    return printable(",".join(names), _LONGEST) or "nothing"


def _event(fact: Traced, report: Report) -> None:
    note = report.note
    match fact:
        case BannerLineReceived(line=line):
            note(f"before its identification the server says: {line}", 1)
        case IdentificationReceived(line=line):
            # in the words of OpenSSH: ssh-copy-id reads the version behind them
            _, protocol, software = line.split("-", 2)
            note(f"remote protocol version {protocol}, remote software version {software}", 1)
        case HostKeyReceived(key=key, credential=credential):
            certified = "certified " if credential is not key else ""
            note(f"its {certified}host key is {key.kind} {key.fingerprint()}", 1)
        case KexCompleted(agreement=agreed, initial=initial):
            note(_agreement(agreed) if initial else f"new keys by {agreed.kex}", 1)
        case ExtInfoReceived(extensions=extensions):
            for name, value in extensions.items():
                note(f"extension {name}={printable(value, 1024)}", 2)
        case DebugReceived(message=message):
            note(f"the server says for debugging: {message}", 2)
        case Disconnected(reason=reason, description=description, by_peer=by_peer):
            side = "the server" if by_peer else "this side"
            note(f"{side} ended the connection: {description} ({int(reason)})", 1)
        case _:
            pass


def _agreement(agreed: Agreement) -> str:
    there, back = agreed.client_to_server, agreed.server_to_client
    parts = [
        f"key exchange {agreed.kex}",
        f"host key algorithm {agreed.host_key}",
        f"ciphers {there.cipher} and {back.cipher}",
    ]
    if there.mac or back.mac:
        parts.append(f"macs {there.mac} and {back.mac}")
    if {there.compression, back.compression} != {"none"}:
        parts.append(f"compression {there.compression} and {back.compression}")
    return ", ".join([*parts, *(["strict"] if agreed.strict else [])])


def _name(number: int) -> str:
    """Return the name of a message; where several share a number, the number alone."""
    try:
        return MessageNumber(number).name
    except ValueError:
        return f"message {number}"
