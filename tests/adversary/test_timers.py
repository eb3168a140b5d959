"""Timers, cancellation and lost streams at every step of a whole session (CVE-2024-6387).

A session is fed packet by packet.  At every packet, and at every turn of the event loop
behind it, something unexpected happens.  Whatever it is, the connection ends once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest

from tests.adversary.stages import Stage, stages
from tests.adversary.subject import Subject
from tests.adversary.universal import check_errors, planted
from tests.adversary.wiretap import Role

TURNS = 4
Fault = Callable[[Subject], Awaitable[None]]


async def timers(subject: Subject) -> None:
    """An hour passes (T38, R19), and every timer fires: grace, keepalive, rekey, close."""
    loop = asyncio.get_running_loop()
    then = loop.time() + 4000
    pending = _timers(loop)
    with mock.patch.object(loop, "time", return_value=then):
        for callback, context, args in pending:
            context.run(callback, *args)
        await asyncio.sleep(0)


def _timers(loop: Any) -> list[tuple[Any, Any, Any]]:
    found = [handle for handle in loop._scheduled if not handle.cancelled()]
    taken = [(handle._callback, handle._context, handle._args) for handle in found]
    for handle in found:
        handle.cancel()
    return taken


async def cancelled(subject: Subject) -> None:
    if subject._task is not None:
        subject._task.cancel()
    for task in tuple(subject.connection._children.tasks):
        task.cancel()
    await asyncio.sleep(0)


async def lost(subject: Subject) -> None:
    subject.driver.connection_lost(ConnectionResetError("reset"))
    subject.stream.close()


async def end_of_file(subject: Subject) -> None:
    subject.driver.eof_received()


async def closing(subject: Subject) -> None:
    subject.driver.close()


async def closing_twice(subject: Subject) -> None:
    subject.driver.close()
    closer = asyncio.ensure_future(subject.connection.close())
    await asyncio.sleep(0)
    closer.cancel()
    await asyncio.wait([closer])


async def stuck(subject: Subject) -> None:
    subject.driver.pause_writing()
    subject.driver.resume_writing()
    subject.core.tick(subject.core.now + 4000)
    subject.driver.flush()


FAULTS: list[Fault] = [
    timers, cancelled, lost, end_of_file, closing, closing_twice, stuck,
]  # fmt: skip


def packets(stage: Stage) -> list[bytes | str]:
    """The whole session, one packet a step."""
    steps: list[bytes | str] = []
    for step in stage.script:
        steps += [step] if isinstance(step, str) else _cut(step)
    return steps


def _cut(data: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    if data.startswith(b"SSH-"):
        line, _, data = data.partition(b"\n")
        pieces.append(line + b"\n")
    plain = bool(pieces)
    while data:
        size = 4 + int.from_bytes(data[:4], "big") + (0 if plain else 16)
        plain = plain and data[5] != 21
        pieces.append(data[:size])
        data = data[size:]
    return pieces


async def interrupted(stage: Stage, fault: Fault, at: int, turns: int) -> None:
    subject = Subject(stage.kind, stage.options)
    await subject.start()
    for number, step in enumerate(packets(stage)):
        if number == at:
            if isinstance(step, bytes):
                subject.driver.feed(step)
            for _ in range(turns):
                await asyncio.sleep(0)
            await fault(subject)
        elif isinstance(step, bytes):
            await subject.feed(step)
        elif not subject.connection.is_closed:
            await subject.act(step)
    await subject.settle()
    told = subject.calls.copy()
    await subject.close()
    check_errors(subject)
    assert subject.calls == told, "a callback after the end"
    assert len(subject.ends) == 1
    assert subject.events[-1] is subject.ends[0]
    assert subject.stream.is_closing()
    assert subject.core.next_event() is None
    assert subject.calls["host key"] <= 1
    assert subject.calls["password"] <= 1


@pytest.mark.row("T43")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", ["server", "client"])
def test_t43_connection_ends_once_whatever_happens_when(role: Role, fault: Fault) -> None:
    stage = stages(role, strict=True)["rekey-newkeys"]

    async def at_every_step() -> int:
        steps = len(packets(stage))
        for at in range(steps):
            for turns in range(TURNS):
                await interrupted(stage, fault, at, turns)
        return steps * TURNS

    with planted():
        points = asyncio.run(at_every_step())
    assert points >= 40
