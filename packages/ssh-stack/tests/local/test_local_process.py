"""A process that leads its own session, and is not reaped before it is asked for."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ssh_connection import ExitSignal
from ssh_stack.local.process import UNKNOWN_STATUS, LocalProcess, Program


def start(script: str, **env: str) -> LocalProcess:
    program = Program(
        arguments=("a name", "-c", script), executable="/bin/sh", env=env, folder="/"
    )
    with Path(os.devnull).open("r+b") as nothing:
        descriptor = nothing.fileno()
        return LocalProcess(program, (descriptor, descriptor, descriptor))


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("exit 7", 7),
        ("kill -TERM $$", ExitSignal("TERM")),
        ("test \"$0\" = 'a name' && test $PWD = / && test $ONE = two", 0),
    ],
)
async def test_reap_returns_status_or_signal(script: str, end: int | ExitSignal) -> None:
    process = start(script, ONE="two")
    await process.ended

    assert process.reap() == end


def _no_descriptor(_: int) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _no_such_thing(_: int) -> int:
    raise AttributeError


@pytest.mark.parametrize("pidfd_open", [_no_descriptor, _no_such_thing])
async def test_thread_waits_for_process_without_pidfd(
    monkeypatch: pytest.MonkeyPatch, pidfd_open: Callable[[int], int]
) -> None:
    monkeypatch.setattr(os, "pidfd_open", pidfd_open)
    process = start("exit 7")
    await process.ended

    assert process.reap() == 7


async def test_signal_reaches_process_group_until_process_is_reaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = start("sleep 300 & wait")
    process.signal(signal.SIGKILL)
    await process.ended
    process.signal(signal.SIGKILL)  # what is left of the group
    assert process.reap() == ExitSignal("KILL")

    monkeypatch.setattr(os, "killpg", None)
    process.signal(signal.SIGKILL)  # the number may be another process's


async def test_process_that_cannot_be_started_raises_os_error() -> None:
    program = Program(arguments=("x",), executable="/nowhere", env={}, folder="/")
    with pytest.raises(FileNotFoundError):
        LocalProcess(program, (0, 1, 2))


def test_repr_of_program_hides_environment() -> None:
    program = Program(arguments=(), executable="", env={"TOKEN": "sesame"}, folder="/")
    assert "sesame" not in repr(program)


async def test_end_of_process_does_not_call_closed_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pidfd_open", _no_descriptor)
    process = start("exit 7")
    await process.ended

    def closed(_: Callable[[], None]) -> None:
        raise RuntimeError

    monkeypatch.setattr(process._loop, "call_soon_threadsafe", closed)
    thread = threading.Thread(target=process._wait)
    thread.start()
    thread.join()
    monkeypatch.undo()
    assert process.reap() == 7


async def test_process_whose_status_is_lost_did_not_succeed() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as a program may inherit it
    try:
        process = start("exit 0")
        await process.ended

        assert process.reap() == UNKNOWN_STATUS
    finally:
        signal.signal(signal.SIGCHLD, before)


async def test_process_that_leads_no_session_is_signalled_without_its_group() -> None:
    program = Program(arguments=("/bin/sh", "-c", "exec sleep 300"), session=False)
    nothing = subprocess.DEVNULL
    process = LocalProcess(program, (nothing, subprocess.PIPE, nothing))
    _, output, _ = process.pipes
    assert output is not None

    with output:
        process.signal(signal.SIGTERM)  # this process is of the same group
        await process.ended

    assert process.reap() == ExitSignal("TERM")
