"""What our own sources must not contain, because peers could profit from it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(ROOT.glob("packages/*/src/**/*.py"))
DECODING = {"ssh_wire", "ssh_keys", "ssh_transport", "ssh_auth", "ssh_agent", "ssh_connection"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.row("W12")
def test_no_regular_expression_reads_what_a_peer_sends() -> None:
    decoders = [path for path in SOURCES if DECODING & set(path.parts)]

    # what a program waits for in the output of a command: the pattern is the program's own
    exempt = {
        "ssh_connection/expect.py",
        "ssh_connection/aio/process/expect.py",
        "ssh_connection/aio/process/text.py",
        "ssh_connection/aio/streams.py",
    }
    found = {path.as_posix().partition("/src/")[2] for path in decoders if "re" in imports(path)}

    assert decoders
    assert found == exempt


@pytest.mark.row("X04")
def test_nothing_turns_bytes_into_objects_or_code() -> None:
    banned = {"pickle", "marshal", "shelve", "ctypes", "yaml", "dill"}

    # calls that Python has not got, with nothing that a peer sends: getifaddrs(3), prctl(2), and
    # SendMessage, by which Windows programs speak to Pageant
    exempt = {
        "ssh_stack/local/interfaces.py": {"ctypes"},
        "ssh_agent/program/process.py": {"ctypes"},
        "ssh_agent/blocking/windows.py": {"ctypes"},
        "ssh_keys/fido_library.py": {"ctypes"},
    }

    def found(path: Path) -> set[str]:
        name = path.as_posix().partition("/src/")[2]
        return banned & imports(path) - exempt.get(name, set())

    assert [path for path in SOURCES if found(path)] == []
    callers = {
        path.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"eval", "exec"}
    }
    # two run what they have written from declarations of ours, one reads their annotations
    assert callers == {"codegen.py", "lazy_fields.py", "wire_fields.py"}


@pytest.mark.row("X06")
def test_no_randomness_that_can_be_foretold() -> None:
    assert [path for path in SOURCES if "random" in imports(path)] == []


@pytest.mark.row("X03")
def test_no_shell_reads_a_command() -> None:
    shells = [
        path
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and any(
            keyword.arg == "shell" and ast.unparse(keyword.value) == "True"
            for keyword in node.keywords
        )
    ]
    assert shells == []


@pytest.mark.row("X05")
def test_no_assertion_is_a_check() -> None:
    asserting = [
        path
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]
    assert asserting == []
