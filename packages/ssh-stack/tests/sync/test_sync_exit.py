from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

_HEAD = """
import os, sys
from ssh_stack import sync
from ssh_wire import UsageError

port, key, known_hosts = sys.argv[1:]
connect = sync.connect(
    "127.0.0.1",
    int(port),
    username="user",
    keys=[key],
    known_hosts=known_hosts,
    config=None,
    agent=None,
)
"""

_LEFT_OPEN = """
conn = connect.open()
process = conn.start("hang").open()
print("end of script")
"""

_LEFT_BY_AN_ERROR = """
with connect as conn, conn.start("hang"):
    raise SystemExit(5)
"""

_WAITED_FOR = """
import threading

conn = connect.open()
begun = threading.Event()

def wait():
    begun.set()
    conn.run("hang")

threading.Thread(target=wait, daemon=True).start()
begun.wait()
conn.ping()
"""

_FORKED = """
with connect as conn:
    child = os.fork()
    if child == 0:
        try:
            conn.run("say hello")
        except UsageError as error:
            assert "belongs to the process that made it" in str(error)
            sys.exit(7)
        sys.exit(1)
    _, status = os.waitpid(child, 0)
    assert conn.run("say hello").stdout == b"hello"
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _script(served: Any, body: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-c", _HEAD + body, *served.arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_program_with_open_connection_ends_with_resource_warning(served: Any) -> None:
    done = _script(served, _LEFT_OPEN, "-W", "always::ResourceWarning")

    assert (done.returncode, done.stdout) == (0, "end of script\n")
    assert (
        done.stderr.count("ResourceWarning: unclosed <ssh_stack.client.connection.Connection") == 1
    )
    assert "Traceback" not in done.stderr


def test_program_with_open_connection_ends_quietly_by_default(served: Any) -> None:
    done = _script(served, _LEFT_OPEN)

    assert (done.returncode, done.stdout, done.stderr) == (0, "end of script\n", "")


def test_program_that_ends_with_error_closes_connection(served: Any) -> None:
    done = _script(served, _LEFT_BY_AN_ERROR, "-W", "always")

    assert (done.returncode, done.stderr) == (5, "")


def test_waiting_daemon_thread_does_not_delay_end_of_program(served: Any) -> None:
    done = _script(served, _WAITED_FOR)

    assert done.returncode == 0
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_fork_is_refused_and_leaves_connection_open(served: Any) -> None:
    done = _script(served, _FORKED, "-W", "always", "-W", "ignore::DeprecationWarning")

    assert (done.returncode, done.stderr) == (7, "")
