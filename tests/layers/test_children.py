"""Child processes are started in one way: by `subprocess.Popen`, and reaped by who started them.

asyncio's own children are reaped twice where one ends at the moment in which it is closed: its
child watcher then reports "Unknown child process" on standard error, and the status 255.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    *("subprocess_exec", "subprocess_shell", "create_subprocess_exec", "create_subprocess_shell"),
    *("waitpid", "wait3", "wait4", "system", "popen", "fork", "forkpty", "posix_spawn"),
    *("spawnl", "spawnv", "get_child_watcher", "set_child_watcher"),
}
STARTERS = {
    "ssh_stack/local/process.py",  # server's commands and shells, on a pty or not; proxy commands
    "ssh_stack/local/shell_command.py",  # Match exec
    "ssh_stack/client/known_hosts_command.py",  # in a thread, without a loop
    "ssh_agent/program/askpass.py",  # the same
}
FORKS = {
    ("ssh_agent/program/command.py", "fork"),  # to the background, before there is a loop
    ("ssh_stack/cli/background.py", "fork"),  # -f, before there is a loop
    ("ssh_stack/cli/background.py", "waitpid"),  # the first process waits for nothing else
    ("ssh_stack/cli/control/through_master.py", "fork"),  # -f, while this thread is the only one
    ("ssh_stack/cli/detach.py", "fork"),  # the escape &: the first process ends
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in ROOT.glob("packages/*/src/**/*.py"):
        yield path.relative_to(ROOT).as_posix().partition("/src/")[2], ast.parse(path.read_bytes())


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield function.attr
            elif isinstance(function, ast.Name):
                yield function.id


@pytest.mark.parametrize("name", ["subprocess_exec", "waitpid"])
def test_forbidden_call_is_found_when_it_is_planted(name: str) -> None:
    assert name in set(calls(ast.parse(f"async def f():\n    await loop.{name}(x)\n")))


def test_no_child_process_is_left_to_the_child_watcher_of_asyncio() -> None:
    found = {(name, call) for name, tree in sources() for call in calls(tree) if call in FORBIDDEN}

    assert found == FORKS


def test_child_processes_are_started_in_the_known_places_alone() -> None:
    found = {name for name, tree in sources() if "Popen" in set(calls(tree))}

    assert found == STARTERS
