"""Says one thing to a subject in a state, and names what comes of it, in the tables' words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from ssh_transport import Disconnected, Event
from ssh_wire.messages.transport import Disconnect, Unimplemented
from tests.adversary.universal import CUTS, Before, check_end, check_errors
from tests.adversary.wiretap import Packet

if TYPE_CHECKING:
    from tests.adversary.stages import Stage
    from tests.adversary.subject import Subject

__all__ = ["outcome", "outcomes"]

_TRANSIENT = ("IGN", "UNIMPL", "HELD", "EVENT(UnimplementedReceived)", "EVENT(DebugReceived)",
              "EVENT(ExtInfoReceived)")  # fmt: skip


@attrs.frozen
class _Seen:
    """What a subject did."""

    sent: tuple[bytes, ...]
    events: tuple[Event, ...]
    waiting: bool

    @property
    def numbers(self) -> list[int]:
        return [payload[0] for payload in self.sent]

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def outcome(stage: Stage, payload: bytes, cut: str = "whole") -> str:
    """Reach a state, say something, and name the outcome; every end is checked (U1 to U8)."""
    subject = await stage.reach()
    try:
        return await _outcome(stage, subject, payload, cut)
    finally:
        await subject.close()


async def outcomes(stage: Stage, payloads: list[bytes]) -> list[str]:
    """Say many things on one connection that are all to leave it as it was, and name each.

    What ends it makes the rest GONE; at the end it must go on as if nothing had happened.
    """
    subject = await stage.reach()
    try:
        before = Before.of(subject)
        receive = stage.reader.reading()
        names: list[str] = []
        stream = b""
        for number, packet in enumerate(stage.writer.packets(*payloads)):
            events, closed = len(subject.events), subject.core.closed
            await subject.feed(packet)
            piece = subject.sent()
            stream += piece
            seen = _Seen(
                tuple(receive(piece)), tuple(subject.events[events:]), subject.waiting > 0
            )
            gone = closed and not seen.sent and not seen.events
            names.append("GONE" if gone else _name(stage, seen, number))
        check_errors(subject)
        assert subject.user == before.user, "U1"
        assert _unasked(subject) == Counter(before.calls), "U2"
        if stage.follow and not subject.core.closed:
            ending = await _goes_on(stage, subject, (payloads, stream), names.count("UNIMPL"))
            assert ending == "IGN", ending
        return names
    finally:
        await subject.close()


async def _outcome(stage: Stage, subject: Subject, payload: bytes, cut: str) -> str:
    before = Before.of(subject)
    sealed = stage.writer.seal(payload)
    await subject.feed(*CUTS[cut](sealed))
    stream = subject.sent()
    seen = _seen(stage, subject, before, stream)
    if before.closed:
        return "GONE" if not seen.sent and not seen.events else f"NOT GONE {seen}"
    name = _name(stage, seen)
    if before.user is None and subject.user is not None:
        name = "LOGIN"
    if subject.core.closed:
        await check_end(subject, before, list(seen.sent))
        return name
    check_errors(subject)
    if not name.startswith(_TRANSIENT) or not stage.follow:
        return name
    first = stage.follow[0]
    awaited = isinstance(first, Packet) and first.payload[0] == payload[0]
    if awaited and stage.name != "guess":
        return name  # that was it, and it comes once
    assert subject.user == before.user, "U1"
    assert _unasked(subject) == Counter(before.calls), "U2"
    ending = await _goes_on(stage, subject, ([payload], stream), 1 if name == "UNIMPL" else 0)
    return _joined(name, ending)


def _joined(name: str, ending: str) -> str:
    if name == "HELD":
        return f"HELD:{ending}"
    late = ending if name == "IGN" or ending.startswith("LATE") else f"{name} and then {ending}"
    return name if ending == "IGN" else late


async def _goes_on(
    stage: Stage, subject: Subject, already: tuple[list[bytes], bytes], answered: int
) -> str:
    """Go on as if nothing had happened; return what happens beside the usual."""
    payloads, stream = already
    before = Before.of(subject)
    for step in stage.steps(*payloads):
        await (subject.act(step) if isinstance(step, str) else subject.feed(step))
    after = _seen(stage, subject, before, stream + subject.sent())
    numbers, names, calls = await baseline(stage)
    rest = list(after.numbers[answered:])
    if subject.core.closed:
        await check_end(subject, attrs.evolve(before, calls=dict(subject.calls)), [])
        return _name(stage, after).replace("DISC", "DISC" if before.waiting else "LATE")
    for number in numbers:
        assert number in rest, f"{number} is not sent any more"
        rest.remove(number)
    events = [name for name in after.names if name not in names]
    assert _unasked(subject) == Counter(calls), "U2"
    if rest:
        return f"QUEUED({','.join(map(str, rest))})"
    return f"EVENT({events[0]})" if events else "IGN"


def _unasked(subject: Subject) -> Counter[str]:
    """The functions that were called, without the one that a banner is for."""
    return Counter({name: count for name, count in subject.calls.items() if name != "banner"})


_BASELINES: dict[int, tuple[list[int], list[str], dict[str, int]]] = {}


async def baseline(stage: Stage) -> tuple[list[int], list[str], dict[str, int]]:
    """Return what a subject sends and reports without an adversary."""
    if id(stage) not in _BASELINES:
        subject = await stage.reach()
        before = Before.of(subject)
        for step in stage.steps():
            await (subject.act(step) if isinstance(step, str) else subject.feed(step))
        seen = _seen(stage, subject, before, subject.sent())
        _BASELINES[id(stage)] = seen.numbers, seen.names, dict(subject.calls)
        await subject.close()
    return _BASELINES[id(stage)]


def _seen(stage: Stage, subject: Subject, before: Before, stream: bytes) -> _Seen:
    return _Seen(
        tuple(stage.reader.receive(stream)),
        tuple(subject.events[before.events :]),
        subject.waiting > 0,
    )


def _name(stage: Stage, seen: _Seen, number: int = 0) -> str:
    """Name what happened."""
    end = next((event for event in seen.events if isinstance(event, Disconnected)), None)
    if end is not None:
        codes = [Disconnect.decode(p).code for p in seen.sent if p[0] == 1]
        return "PEER" if end.by_peer else f"DISC({codes[0]})" if codes else "DROP"
    if stage.name == "identification" and set(seen.names) <= {"BannerLineReceived"}:
        return "TEXT"
    if seen.waiting:
        return "HELD"
    if seen.sent == (Unimplemented(sequence=stage.writer.sequence + number).encode(),):
        return "UNIMPL"
    told = f"EVENT({','.join(seen.names)})" if seen.events else "IGN"
    return f"SAYS({','.join(map(str, seen.numbers))})" if seen.sent else told
