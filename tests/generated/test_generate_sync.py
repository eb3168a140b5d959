"""The generator: what it writes is checked in, and what it cannot do it says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from syncgen import modules, translate
from syncgen.members import MemberWriter, docstring
from syncgen.source import Member, Module, members, module
from syncgen.table import MIRRORS, Mirror
from syncgen.translate import Names, Translator

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).parents[2] / "tools" / "generate_sync.py"


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_what_is_checked_in_is_up_to_date() -> None:
    done = generate("--check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_stale_file_is_printed_and_not_changed(tmp_path: Path) -> None:
    assert generate("--into", tmp_path).returncode == 0
    assert generate("--check", "--into", tmp_path).returncode == 0
    stale = tmp_path / "process.py"
    text = stale.read_text().replace("def kill(", "def slay(")
    stale.write_text(text)
    done = generate("--check", "--into", tmp_path)

    assert done.returncode == 1
    assert "-    def slay(self) -> None:" in done.stdout
    assert "+    def kill(self) -> None:" in done.stdout
    assert "run: python tools/generate_sync.py" in done.stdout
    assert stale.read_text() == text


def test_file_that_is_generated_no_longer_is_removed_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(f"{modules.HEAD}\n")
    (tmp_path / "_by_hand.py").write_text("pass\n")

    assert generate("--check", "--into", tmp_path).returncode == 1
    assert generate("--into", tmp_path).returncode == 0
    assert not (tmp_path / "old.py").exists()
    assert (tmp_path / "_by_hand.py").exists()


# ------------------------------------------------------------- translation


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Module]:
    def write(text: str) -> Module:
        path = tmp_path / "source.py"
        path.write_text(text)
        return Module("ssh_connection.aio.process.process", path)

    return write


SOURCE = """
from collections.abc import AsyncIterator
from ssh_connection.aio.scope import Scope
from ssh_connection.aio import ByteReader

class Process:
    pass
"""


@pytest.mark.parametrize(
    ("annotation", "blocking"),
    [
        ("int | None", "int | None"),
        ("AsyncIterator[bytes]", "Iterator[bytes]"),
        ("Scope[Process]", "Scope[Process]"),
        ("list[ByteReader]", "list[ByteReader]"),
    ],
)
def test_annotations(written: Callable[[str], Module], annotation: str, blocking: str) -> None:
    translator = Translator(written(SOURCE), Names("process"))

    assert translator.annotation(ast.parse(annotation, mode="eval").body) == blocking


@pytest.mark.parametrize(
    ("annotation", "made"),
    [
        ("int", "x"),
        ("Process", "Process(self._portal, x)"),
        ("Scope[Process]", "Scope(self._portal, x, Process)"),
        ("Process | None", "None if (found := x) is None else Process(self._portal, found)"),
    ],
)
def test_results(written: Callable[[str], Module], annotation: str, made: str) -> None:
    translator = Translator(written(SOURCE), Names("process"))

    assert translator.wrapped(ast.parse(annotation, mode="eval").body, "x") == made


def test_twins_are_imported_from_where_they_block(written: Callable[[str], Module]) -> None:
    names = Names("process")
    Translator(written(SOURCE), names).annotation(ast.parse("ByteReader", mode="eval").body)

    assert [str(each) for each in names.imports] == [
        "from ssh_stack.sync.streams import ByteReader"
    ]


def test_result_that_hides_an_async_object_is_refused(
    written: Callable[[str], Module],
) -> None:
    translator = Translator(written(SOURCE), Names("process"))

    with pytest.raises(LookupError, match=r"list\[Process\] cannot be made of blocking objects"):
        translator.wrapped(ast.parse("list[Process]", mode="eval").body, "x")


def test_name_without_a_definition_is_refused(written: Callable[[str], Module]) -> None:
    with pytest.raises(LookupError, match="does not say what Nothing is"):
        Translator(written(SOURCE), Names("process")).annotation(ast.Name("Nothing"))


def test_class_method_is_not_mirrored(written: Callable[[str], Module]) -> None:
    source = written("class Process:\n    @classmethod\n    def make(cls) -> int: ...\n")
    mirror = Mirror("Process", source.name, "process")
    member: Member = members(source, "Process")["make"]

    with pytest.raises(LookupError, match="neither a method nor left out"):
        list(MemberWriter(mirror, "make", member, Names("process")).lines())


def test_reason_for_a_name_that_is_gone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Mirror("Scope", "ssh_connection.aio.scope", "scope", left_out={"nothing": "no reason"})
    monkeypatch.setattr(modules, "MIRRORS", (*MIRRORS[:2], row))

    with pytest.raises(LookupError, match="Scope leaves out what it has not: nothing"):
        next(modules.texts())


def test_base_represents_what_derives_from_it() -> None:
    twin = translate.TWINS["ssh_connection.aio.client.commands", "Commands"]

    assert twin.name == "Connection"
    assert "run" in members(module(twin.source), twin.name)


def test_docstrings_lose_the_words_of_asynchronous_code() -> None:
    assert docstring("`async with x`: `await x.open()`\n\nMore.", "    ") == [
        '    """`with x`: `x.open()`',
        "",
        "    More.",
        '    """',
    ]
