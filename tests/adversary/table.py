"""Reads the reviewed tables of `expected/`: what each side does with each message."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.adversary.wiretap import Role

__all__ = ["FORMS", "expected", "sections"]

FORMS: Final[tuple[str, ...]] = ("well-formed", "empty", "truncated", "trailing")
_REFUSED = "DISC(2)"
_PARSED = ("PEER", "EVENT", "SAYS", "QUEUED")

_Row = dict[int, dict[str, str]]


@cache
def _file(role: Role) -> dict[str, Any]:
    path = Path(__file__).parent / "expected" / f"{role}.toml"
    return tomllib.loads(path.read_text())


def sections(role: Role) -> set[str]:
    """Return the states that a table names."""
    return set(_file(role)) - {"blocks"}


@cache
def expected(role: Role, state: str, *, strict: bool) -> _Row:
    """Return the outcome of each number and form."""
    special = f"{state} {'strict' if strict else 'loose'}"
    name = special if special in _file(role) else state
    row: _Row = {number: dict.fromkeys(FORMS, _REFUSED) for number in range(256)}
    row.update(_entries(role, name))
    return row


def _entries(role: Role, name: str) -> _Row:
    whole = _file(role)
    block, _, within = name.partition(".")
    section = whole["blocks"][within] if within else whole.get(block) or whole["blocks"][block]
    found: _Row = {}
    for used in section.get("use", ()):
        found.update(_entries(role, used))
    for numbers, words in section.items():
        if numbers != "use":
            first, _, last = numbers.partition("-")
            for number in range(int(first), int(last or first) + 1):
                found[number] = _outcomes(words)
    return found


def _outcomes(words: str) -> dict[str, str]:
    good, *others = words.split()
    usual = _REFUSED if good.startswith(_PARSED) and good != "QUEUED(3)" else good
    if good.startswith("HELD:") and good.removeprefix("HELD:").startswith(_PARSED):
        usual = f"HELD:{_REFUSED}"
    found = dict.fromkeys(FORMS, usual) | {"well-formed": good}
    for other in others:
        form, _, outcome = other.partition("=")
        assert form in FORMS, other
        found[form] = outcome
    return found
