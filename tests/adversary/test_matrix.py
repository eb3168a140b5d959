"""Every message number in every state of both roles, against the reviewed tables."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.adversary.outcome import outcome, outcomes
from tests.adversary.probes import probes
from tests.adversary.stages import STATES, stages
from tests.adversary.table import expected, sections
from tests.adversary.universal import CUTS, measured, planted
from tests.adversary.wiretap import Role

HARMLESS = {"IGN", "UNIMPL", "GONE"}
MANY = 50
CELLS = [
    pytest.param(role, state, strict, id=f"{role}-{state}-{'strict' if strict else 'loose'}")
    for role in STATES
    for state in STATES[role]
    for strict in (True, False)
]
every_state = pytest.mark.parametrize(("role", "state", "strict"), CELLS)


@pytest.mark.parametrize("role", list(STATES))
def test_every_state_is_recorded_and_every_row_is_a_state(role: Role) -> None:
    for strict in (True, False):
        assert set(stages(role, strict=strict)) == set(STATES[role])
    assert {name.split()[0] for name in sections(role)} == set(STATES[role])


@pytest.mark.row("T08")
@pytest.mark.row("T13")
@pytest.mark.row("T14")
@pytest.mark.row("T15")
@pytest.mark.row("T19")
@pytest.mark.row("T30")
@pytest.mark.row("T33")
@pytest.mark.row("T41")
@pytest.mark.row("W06")
@pytest.mark.row("A01")
@pytest.mark.row("A02")
@every_state
def test_every_message_does_what_the_table_says(role: Role, state: str, strict: bool) -> None:
    stage = stages(role, strict=strict)[state]
    row = expected(role, state, strict=strict)
    wrong: dict[tuple[str, str, str], list[int]] = defaultdict(list)

    async def try_all() -> None:
        harmless: list[tuple[int, str, bytes]] = []
        for number in range(256):
            for form, payload in probes(stage, number).items():
                if row[number][form] in HARMLESS and harmlessly(state, number):
                    harmless.append((number, form, payload))
                    continue
                found = await outcome(stage, payload)
                if found != row[number][form]:
                    wrong[form, row[number][form], found].append(number)
        # what leaves a connection as it was needs no connection of its own
        for at in range(0, len(harmless), MANY):
            some = harmless[at : at + MANY]
            names = await outcomes(stage, [payload for _, _, payload in some])
            for (number, form, _), found in zip(some, names, strict=True):
                if found != row[number][form]:
                    wrong[form, row[number][form], found].append(number)

    with planted():
        asyncio.run(try_all())
    assert dict(wrong) == {}


def harmlessly(state: str, number: int) -> bool:
    """Whether a message that may come is not one that is waited for."""
    return number != 20 and state not in {"kexinit-sent", "guess"}


def sample(role: Role, state: str, *, strict: bool) -> Iterator[tuple[bytes, str]]:
    """A message of each outcome that the state has, and what is to come of it."""
    stage = stages(role, strict=strict)[state]
    row = expected(role, state, strict=strict)
    seen: set[tuple[str, str]] = set()
    for number in range(256):
        for form, payload in probes(stage, number).items():
            what = form, row[number][form]
            if what not in seen:
                seen.add(what)
                yield payload, row[number][form]


@every_state
def test_however_it_is_cut_the_same_comes_of_it(role: Role, state: str, strict: bool) -> None:
    stage = stages(role, strict=strict)[state]

    async def try_sample() -> None:
        for payload, wanted in sample(role, state, strict=strict):
            for cut in CUTS:
                assert (payload[:1], cut, await outcome(stage, payload, cut)) == (
                    payload[:1],
                    cut,
                    wanted,
                )

    asyncio.run(try_sample())


@pytest.mark.parametrize("role", list(STATES))
def test_memory_and_time_are_bounded(role: Role) -> None:
    async def try_sample(state: str) -> None:
        for payload, _ in sample(role, state, strict=True):
            subject = await stages(role, strict=True)[state].reach()
            sealed = stages(role, strict=True)[state].writer.seal(payload)
            with measured():
                await subject.feed(sealed)
            await subject.close()

    for state in STATES[role]:
        asyncio.run(try_sample(state))
