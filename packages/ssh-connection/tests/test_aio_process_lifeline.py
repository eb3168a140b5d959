"""A command that dies with its channel: a local shell in the place of the server's."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from ssh_connection.aio.process.lifeline import tied_to_stdin

SECONDS = 30


@contextmanager
def started(command: str, *, leads: bool = True) -> Generator[subprocess.Popen[bytes]]:
    """Run a command as a server does, which may give it a process group of its own or not."""
    with subprocess.Popen(
        ["/bin/sh", "-c", tied_to_stdin(command, 1)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=leads,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def end_channel(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.parametrize("leads", [True, False])
def test_outputs_and_status_are_those_of_the_command(*, leads: bool) -> None:
    command = 'echo "it\'s" \'out!\'; echo err >&2; read x; echo "[$x]"; exit 5'
    with started(command, leads=leads) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read() == b"it's out!\n[]\n"
        assert process.stderr.read() == b"err\n"
        assert process.wait(SECONDS) == 5


@pytest.mark.parametrize("leads", [True, False])
def test_end_of_the_channel_ends_the_whole_group(*, leads: bool) -> None:
    with started("sleep 300 & echo $!; wait", leads=leads) as process:
        child = os.pidfd_open(int(line_of(process)))
        end_channel(process)
        assert process.wait(SECONDS) == -15
        assert select.select([child], [], [], SECONDS)[0]
        os.close(child)


@pytest.mark.parametrize("leads", [True, False])
def test_command_that_ignores_term_is_killed_after_the_grace(*, leads: bool) -> None:
    with started("trap '' TERM; echo ready; sleep 300; sleep 300", leads=leads) as process:
        assert line_of(process) == b"ready\n"
        end_channel(process)
        assert process.wait(SECONDS) == -9


def test_signal_for_the_command_does_not_end_the_watcher_first() -> None:
    command = "trap 'echo caught' TERM; echo ready; while :; do sleep 0.05; done"
    with started(command) as process:
        assert line_of(process) == b"ready\n"
        os.killpg(process.pid, 15)  # as sshd delivers a signal
        assert line_of(process) == b"caught\n"
        end_channel(process)
        assert process.wait(SECONDS) == -9


def test_what_a_command_leaves_behind_lives_on_when_it_has_ended() -> None:
    with started("sleep 300 </dev/null >/dev/null 2>&1 & echo $!") as process:
        left = int(line_of(process))
        assert process.wait(SECONDS) == 0
        end_channel(process)
        os.kill(left, 0)
        os.kill(left, 9)
