"""Commands of the configuration: who runs them, and how they ended."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

from ssh_stack.config import Config
from ssh_stack.errors import ConfigError
from ssh_stack.local.shell_command import command_status
from ssh_wire import UsageError


@pytest.fixture
def ignored_ends() -> Generator[None]:
    """SIGCHLD is ignored, as a program may inherit it: the system forgets how children end."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("! false", 0)],
)
def test_command_that_has_ended_gives_its_status(command: str, status: int) -> None:
    assert command_status(command) == status


@pytest.mark.usefixtures("ignored_ends")
@pytest.mark.parametrize("command", ["false", "true"])
def test_command_with_lost_status_is_error(command: str) -> None:
    with pytest.raises(UsageError, match=f"the exit status of the command '{command}' cannot be"):
        command_status(command)


@pytest.mark.usefixtures("ignored_ends")
def test_match_exec_with_lost_status_is_error_with_file_and_line() -> None:
    config = Config.parse('Match exec "false"\n  User root\n', "file")
    with pytest.raises(ConfigError, match=r"^file, line 1: Match exec: the exit status of"):
        config.resolve("host")


@pytest.mark.parametrize(
    ("criterion", "holds"),
    [
        ('exec "! false"', True),
        ('exec "! true"', False),
        ('exec "true && true"', True),
        ('exec "true && false"', False),
        ('exec "echo a > /dev/null"', True),
        ("exec \"test -n '%h' | cat\"", True),
        ('exec "false || true; true"', True),
        ('!exec "! true"', True),
        ('exec "(exit 3)"', False),
        ('exec "! nothing-of-this-name 2>/dev/null"', True),
        ("exec true", True),
    ],
)
def test_match_exec_has_shell_read_whole_command(criterion: str, holds: bool) -> None:
    found = Config.parse(f"Match {criterion}\n  Port 2222\n").resolve("host")

    assert (found.port == 2222) is holds


def test_match_exec_of_missing_command_leaves_message_of_shell(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = Config.parse("Match exec nothing-of-this-name\n  Port 2222\n").resolve("host")

    assert found.port is None
    assert "nothing-of-this-name: not found" in capfd.readouterr().err


def test_match_exec_without_shell_is_error_with_file_and_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHELL", "/nonexistent")
    config = Config.parse("Match exec true\n  Port 2222\n", "file")

    with pytest.raises(ConfigError, match=r"^file, line 1: Match exec: the shell '/nonexistent'"):
        config.resolve("host")


def test_shell_that_cannot_be_executed_is_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("shell") / "sh"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o700)
    monkeypatch.setenv("SHELL", str(broken))

    with pytest.raises(UsageError, match="the command 'true' cannot be run"):
        command_status("true")


def test_command_reads_nothing_and_writes_to_standard_error_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert command_status('echo out; echo err >&2; test -z "$(cat)"') == 0
    assert capfd.readouterr() == ("", "err\n")
