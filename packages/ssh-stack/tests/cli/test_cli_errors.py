"""What each failure is told as: one line, without a control character."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

import pytest

from ssh_auth import AuthenticationFailed
from ssh_connection import SSHTimeout
from ssh_keys import PrivateKey
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.errors import explain, root_cause
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import run
from ssh_stack.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from ssh_transport import ConnectionLost, IdentificationError, PeerDisconnected

WHERE = "connect to host h port 1: "


def _lost(cause: Exception) -> ConnectionLost:
    error = ConnectionLost("the connection was lost")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), WHERE + "Connection refused"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b, [Errno 111] c"),
         WHERE + "Connection refused, Network is unreachable"),
        (OSError("odd"), WHERE + "odd"),
        (socket.gaierror(-2, "Name or service not known"), WHERE + "Name or service not known"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"),
         "/x: No such file or directory"),
        (SSHTimeout("connect", 2.0), WHERE + "no answer within 2 seconds (connect)"),
        (SSHTimeout("run", 2.0), "timed out after 2 s (run)"),
        (IdentificationError("no SSH"), WHERE + "no SSH"),
        (_lost(PeerDisconnected(11, "bye")), "the peer disconnected: bye (11)"),
        (_lost(ConnectionResetError(errno.ECONNRESET, "x")),
         "connection to h port 1: Connection reset by peer"),
        (AuthenticationFailed("me", ()),
         ("authentication as 'me' failed: "
          "there was no key, password or other credential to try; Permission denied ()")),
        (AuthenticationFailed("me", (), ("publickey", "password"), host="h"),
         ("authentication as 'me' at h failed: there was no key, password or other credential "
          "to try; the server accepts publickey, password; "
          "Permission denied (publickey,password)")),
        (KeyError("bug"), "internal error, please report it: KeyError: 'bug'"),
        (OSError(errno.EIO, "x", "a\x1b[2Jb\nc"), "a\\x1b[2Jb c: x"),
    ],
)  # fmt: skip
def test_error_is_explained_in_one_line(error: Exception, line: str) -> None:
    assert explain(error, "h", 1) == line


@pytest.mark.parametrize("kind", [HostKeyUnknown, HostKeyChanged, HostKeyRevoked])
def test_host_key_error_ends_with_words_that_callers_of_ssh_look_for(
    kind: type[HostKeyUnknown | HostKeyChanged | HostKeyRevoked],
) -> None:
    line = explain(kind("h", 22, PrivateKey.generate("ed25519").public_key))
    assert line.endswith("; Host key verification failed")


def test_long_error_text_is_truncated() -> None:
    assert len(explain(ValueError("x" * 100_000))) < 3000


def test_long_error_text_keeps_words_that_callers_of_ssh_look_for() -> None:
    line = explain(AuthenticationFailed("x" * 100_000, (), ("publickey",)))
    assert len(line) < 3000
    assert line.endswith("; Permission denied (publickey)")


def test_root_cause_of_connection_lost_without_cause_is_itself() -> None:
    error = ConnectionLost("gone")
    assert root_cause(error) is error


def test_exit_status_follows_from_error(capsys: pytest.CaptureFixture[str]) -> None:
    async def fail(error: BaseException) -> int:
        await asyncio.sleep(0)
        raise error

    def status(error: BaseException) -> int:
        return run(lambda: fail(error), Report(), lambda: ("h", 1))

    assert status(CommandExit("why", 3)) == 3
    assert status(CommandExit(status=4)) == 4
    assert status(ConnectionLost("gone")) == 255
    assert status(asyncio.CancelledError()) == 255
    assert status(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ("ssh-stack: why\nssh-stack: connection to h port 1: gone\n")


def test_background_failure_is_printed_with_verbose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work() -> int:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "m", "exception": ValueError("odd")})
        loop.call_exception_handler({"message": "only a message"})
        await asyncio.sleep(0)
        return 0

    assert run(work, Report(), lambda: ("", 0)) == 0
    assert capsys.readouterr().err == ""
    assert run(work, Report(verbose=1), lambda: ("", 0)) == 0
    assert "ValueError: odd\nssh-stack: only a message" in capsys.readouterr().err


def test_closed_standard_error_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1, closefd=False) as closed:
        monkeypatch.setattr("sys.stderr", closed)
        Report().error("unheard")
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)
    os.close(writing)
