"""Every kind of fault that was reported has tests, and they are where the list says."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KINDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text())["kind"]
NUMBERS = [*map(str, range(24)), "3a", "3b", "5a", "5b"]


def test_every_number_has_its_kind() -> None:
    assert sorted(KINDS) == sorted(NUMBERS)


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_tests_of_a_kind_are_there(number: str) -> None:
    kind = KINDS[number]
    assert kind["what"]
    assert len(kind["tests"]) > 1  # the report's own input, and another
    for reference in kind["tests"]:
        path, _, name = reference.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        defined = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert not name or name in defined, reference
