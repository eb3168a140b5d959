"""`ssh-stack agent` is the program of `ssh_agent`."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Cli


def run(cli: Cli, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*cli.command(), "agent", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**cli.environment(), **environ},
    )


def test_command_has_the_agent(cli: Cli) -> None:
    script = 'test -S "$SSH_AUTH_SOCK" && echo "$SSH_AGENT_PID"; exit 3'

    done = run(cli, "-T", "sh", "-c", script)

    assert done.returncode == 3, done.stderr
    os.kill(int(done.stdout), signal.SIGTERM)  # earlier than it looks for the command


def test_agent_is_started_and_killed_by_its_number(cli: Cli) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder) / "agent"
        started = run(cli, "-s", "-a", str(path))
        first, second, third = started.stdout.splitlines()
        pid = third.removeprefix("echo Agent pid ").removesuffix(";")
        assert first == f"SSH_AUTH_SOCK={path}; export SSH_AUTH_SOCK;"
        assert second == f"SSH_AGENT_PID={pid}; export SSH_AGENT_PID;"

        ended = run(cli, "-k", SSH_AGENT_PID=pid)

        assert ended.stdout.endswith(f"echo Agent pid {pid} killed;\n")
        while path.exists():
            pass


def test_letter_that_ssh_agent_has_not_is_an_error_with_the_usage(cli: Cli) -> None:
    done = run(cli, "-x")

    assert done.returncode == 1
    assert done.stderr.startswith("ssh-agent: option -x not recognized\nusage: ssh-agent ")
