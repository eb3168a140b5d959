from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
from unittest.mock import Mock, call

import pytest

from ssh_agent.program import process

_DAEMON = """
import os, sys
from ssh_agent.program.process import become_daemon
kept, told, other = map(int, sys.argv[1:])
copy = os.dup(told)
os.set_inheritable(copy, True)
if os.fork() == 0:
    become_daemon(kept)
    null = os.stat(os.devnull).st_rdev
    gone = []
    for number in (told, other):
        try:
            os.fstat(number)
        except OSError:
            gone.append(number)
    state = [os.getcwd() == "/", os.getsid(0) == os.getpid(), gone == [told, other]]
    state += [os.fstat(number).st_rdev == null for number in range(3)]
    os.write(kept, repr(state).encode())
    os._exit(0)
os.wait()
"""


def test_daemon_leaves_session_folder_streams_and_descriptors() -> None:
    reading, kept = os.pipe()
    told, other = os.pipe()
    command = [sys.executable, "-c", _DAEMON, str(kept), str(told), str(other)]
    subprocess.run(command, check=True, pass_fds=(kept, told, other), timeout=30)
    for number in (kept, told, other):
        os.close(number)
    with open(reading, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        assert pipe.read() == repr([True] * 6).encode()


@pytest.mark.parametrize("most", [64, -1])
def test_every_descriptor_but_one_is_closed(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    null = 5
    for name, answer in (("open", null), ("sysconf", most)):
        monkeypatch.setattr(os, name, Mock(return_value=answer))
    for name in ("setsid", "chdir", "dup2", "closerange"):
        monkeypatch.setattr(os, name, Mock())
    pointed, closed = Mock(), Mock()
    monkeypatch.setattr(os, "dup2", pointed)
    monkeypatch.setattr(os, "closerange", closed)

    process.become_daemon(7)

    assert pointed.call_args_list == [call(null, stream) for stream in range(3)]
    assert closed.call_args_list == [call(3, 7), call(8, 64 if most == 64 else 1024)]


_TRACING = """
from ssh_agent.program.process import forbid_tracing
import ctypes, resource
forbid_tracing()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_process_is_not_traced_and_dumps_no_core() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TRACING], check=True, capture_output=True, timeout=30
    )

    assert done.stdout == b"0 (0, 0)\n"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_tracing_is_forbidden_where_the_system_can(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    limit, library = Mock(), Mock(return_value=None)
    monkeypatch.setattr(resource, "setrlimit", limit)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", library)

    process.forbid_tracing()  # a library without prctl is not an error

    limit.assert_called_once_with(resource.RLIMIT_CORE, (0, 0))
    assert library.called is (platform == "linux")


def test_signal_is_held_until_it_is_released() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: received.append(number))
    mask = process.hold_signals()
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)  # others do not hold it
        assert received == []
    finally:
        process.release_signals(mask)
        signal.signal(signal.SIGUSR1, before)

    assert received == [signal.SIGUSR1]


def test_signals_are_ignored() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    try:
        process.ignore_signals(signal.SIGUSR2)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert signal.getsignal(signal.SIGUSR2) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR2, before)
