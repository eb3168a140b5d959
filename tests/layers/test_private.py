"""The check of private names bites: what it forbids is found when it is planted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = """
class Base:
    _kept: int

    def __init__(self) -> None:
        self._state = 1

    def _open(self) -> None: ...
"""

PLANTED = {
    "a method is overridden": "    def _open(self) -> None: ...",
    "a method is called": "    def go(self) -> None:\n        self._open()",
    "a method of the base is called": "    def go(self) -> None:\n        super()._open()",
    "an attribute is read": "    def go(self) -> int:\n        return self._state",
    "an attribute is set": "    def go(self) -> None:\n        self._state = 2",
    "an attribute of the class is set": "    _kept = 2",
}

ALLOWED = {
    "a name of its own": "    def _mine(self) -> None: ...",
    "a public method": "    def open(self) -> None: ...",
    "a special method": "    def __init__(self) -> None:\n        super().__init__()",
}


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools/check_private.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def planted(folder: Path, text: str) -> Path:
    """Two packages: one with a base behind its front door, another with a subclass of it."""
    inner, outer = folder / "ssh-inner/src/ssh_inner", folder / "ssh-outer/src/ssh_outer"
    for each in (inner, outer):
        each.mkdir(parents=True)
    (inner / "base.py").write_text(BASE)
    (inner / "__init__.py").write_text("from ssh_inner.base import Base as Base\n")
    (outer / "__init__.py").write_text(text)
    return folder


def test_packages_reach_into_none_of_each_other() -> None:
    done = check(ROOT / "packages")

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("case", PLANTED)
def test_planted_use_of_a_base_is_found(case: str, tmp_path: Path) -> None:
    text = f"from ssh_inner import Base\n\n\nclass Sub(Base):\n{PLANTED[case]}\n"

    done = check(planted(tmp_path, text))

    assert done.returncode == 1
    assert "private to ssh_inner.base.Base" in done.stdout


def test_planted_use_of_the_base_of_a_base_is_found(tmp_path: Path) -> None:
    middle = "from ssh_inner import Base\n\n\nclass Middle(Base): ...\n"
    text = f"{middle}\n\nclass Sub(Middle):\n{PLANTED['a method is called']}\n"

    assert check(planted(tmp_path, text)).returncode == 1


@pytest.mark.parametrize("line", ["from ssh_inner import _hidden", "from ssh_inner._x import y"])
def test_planted_import_of_a_private_name_is_found(line: str, tmp_path: Path) -> None:
    done = check(planted(tmp_path, f"{line}\n"))

    assert done.returncode == 1
    assert "private to ssh_inner" in done.stdout


@pytest.mark.parametrize("case", ALLOWED)
def test_what_is_public_or_its_own_is_allowed(case: str, tmp_path: Path) -> None:
    text = f"from ssh_inner import Base\n\n\nclass Sub(Base):\n{ALLOWED[case]}\n"

    assert check(planted(tmp_path, text)).returncode == 0
