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

__all__ = ["outcome"]

_BANNER = 53
_TRANSIENT = ("IGN", "UNIMPL", "HELD", "EVENT(UnimplementedReceived)", "EVENT(DebugReceived)",
              "EVENT(ExtInfoReceived)")  # fmt: skip


@attrs.frozen
class _Seen:
    """What a subject did."""

    said: tuple[bytes, ...]
    events: tuple[Event, ...]
    waiting: bool

    @property
    def numbers(self) -> list[int]:
        return [payload[0] for payload in self.said]

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


async def _outcome(stage: Stage, subject: Subject, payload: bytes, cut: str) -> str:
    before = Before.of(subject)
    sealed = stage.mouth.say(payload)
    await subject.feed(*CUTS[cut](sealed))
    stream = subject.said()
    seen = _seen(stage, subject, before, stream)
    if before.closed:
        return "GONE" if not seen.said and not seen.events else f"NOT GONE {seen}"
    name = _name(stage, seen)
    if before.user is None and subject.user is not None:
        name = "LOGIN"
    if subject.core.closed:
        await check_end(subject, before, list(seen.said))
        return name
    check_errors(subject)
    if not name.startswith(_TRANSIENT) or not stage.follow:
        return name
    first = stage.follow[0]
    awaited = isinstance(first, Packet) and first.payload[0] == payload[0]
    if awaited and stage.name != "guess":
        return name  # that was it, and it comes once
    assert subject.user == before.user, "U1"
    called = subject.calls - Counter(before.calls)
    assert called == Counter(banner=payload[0] == _BANNER) & called, "U2"
    return await _goes_on(stage, subject, (payload, stream), name)


async def _goes_on(stage: Stage, subject: Subject, already: tuple[bytes, bytes], name: str) -> str:
    """Go on as if nothing had happened, and see whether nothing had."""
    payload, stream = already
    before = Before.of(subject)
    for step in stage.steps(payload):
        await (subject.act(step) if isinstance(step, str) else subject.feed(step))
    stream += subject.said()
    after = _seen(stage, subject, before, stream)
    usual = await baseline(stage)
    answered = 1 if name == "UNIMPL" else 0
    rest = list(after.numbers[answered:])
    if subject.core.closed:
        await check_end(subject, attrs.evolve(before, calls=dict(subject.calls)), [])
        ended = _name(stage, after)
        return f"HELD:{ended}" if name == "HELD" else ended.replace("DISC", "LATE")
    for number in usual[0]:
        assert number in rest, f"{number} is not said after {name}"
        rest.remove(number)
    events = [event for event in after.names if event not in usual[1]]
    if name == "HELD":
        return f"HELD:{f'EVENT({events[0]})' if events else 'IGN'}"
    if events:
        return f"{name} and then {events}"
    assert subject.calls - Counter(banner=1) == usual[2], "U2"
    if rest and name == "IGN":
        return f"QUEUED({','.join(map(str, rest))})"
    return name if not rest else f"{name} and then {rest}"


_BASELINES: dict[int, tuple[list[int], list[str], dict[str, int]]] = {}


async def baseline(stage: Stage) -> tuple[list[int], list[str], dict[str, int]]:
    """Return what a subject says and is told when nobody interferes."""
    if id(stage) not in _BASELINES:
        subject = await stage.reach()
        before = Before.of(subject)
        # the packet of a wrong guess comes before all others
        guess = [b"\x1e"] if stage.name == "guess" else []
        await subject.feed(*map(stage.mouth.say, guess))
        for step in stage.steps(*guess):
            await (subject.act(step) if isinstance(step, str) else subject.feed(step))
        seen = _seen(stage, subject, before, subject.said())
        _BASELINES[id(stage)] = seen.numbers, seen.names, dict(subject.calls)
        await subject.close()
    return _BASELINES[id(stage)]


def _seen(stage: Stage, subject: Subject, before: Before, stream: bytes) -> _Seen:
    return _Seen(
        tuple(stage.ears.hear(stream)),
        tuple(subject.events[before.events :]),
        subject.waiting > 0,
    )


def _name(stage: Stage, seen: _Seen) -> str:
    """Name what happened."""
    end = next((event for event in seen.events if isinstance(event, Disconnected)), None)
    if end is not None:
        codes = [Disconnect.decode(p).code for p in seen.said if p[0] == 1]
        return "PEER" if end.by_peer else f"DISC({codes[0]})" if codes else "DROP"
    if stage.name == "identification" and set(seen.names) <= {"BannerLineReceived"}:
        return "TEXT"
    if seen.waiting:
        return "HELD"
    if seen.said == (Unimplemented(sequence=stage.mouth.sequence).encode(),):
        return "UNIMPL"
    told = f"EVENT({','.join(seen.names)})" if seen.events else "IGN"
    return f"SAYS({','.join(map(str, seen.numbers))})" if seen.said else told
