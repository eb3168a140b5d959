"""The way from the words of a command line to the end of the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys
from ssh_stack.cli.quick import run_quickly

atexit.register(print, "taken apart")

def program(words):
    sys.stdout.write("-".join(words))
    {more}
    return 7

run_quickly(program, sys.argv[1:])
"""


def _run(more: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", PROGRAM.format(more=more), "a", "b"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_status_and_output_of_program_are_those_of_process() -> None:
    done = _run()

    assert (done.returncode, done.stdout, done.stderr) == (7, "a-b", "")


def test_error_of_program_is_not_hidden() -> None:
    done = _run("raise ValueError('wrong')")

    assert done.returncode == 1
    assert "ValueError: wrong" in done.stderr


def test_output_without_reader_is_a_failure_without_traceback() -> None:
    done = _run("sys.stdout.close(); sys.stdout = open('/dev/full', 'w'); print('lost'); return 0")

    assert (done.returncode, done.stderr) == (255, "")


@pytest.mark.parametrize("words", [["ssh", "-Q", "cipher"], ["ssh", "-V"], ["ssh", "-G", "host"]])
def test_ssh_answers_without_click(words: list[str]) -> None:
    code = (
        "import sys, os; end = os._exit\n"
        "def leave(status): assert 'click' not in sys.modules; end(status)\n"
        "os._exit = leave\n"
        "from ssh_stack.cli import main; main(sys.argv[1:])"
    )
    words = [sys.executable, "-c", code, *words]

    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_output_of_configuration_may_end_early() -> None:
    line = f"{sys.executable} -m ssh_stack ssh -G host | head -1"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("host host\n", "")
