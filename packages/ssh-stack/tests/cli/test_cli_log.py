"""`ssh-stack ssh -E`: messages go to the end of a file, all else where it went before."""

from __future__ import annotations

import stat
import syslog
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import start_sshd
from named_pipes import fed
from ssh_stack.cli.command_exit import CommandExit
from ssh_stack.cli.report import LEVELS, Report

if TYPE_CHECKING:
    from conftest import Cli, Sshd


def test_messages_but_not_output_of_command_are_appended_to_log_file(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    words = [f"-E{log}", "-v", *sshd.login, sshd.host, "echo out; echo err >&2"]

    for _ in range(2):
        done = cli.run("ssh", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")

    assert log.read_text().count("ssh-stack: connected to 127.0.0.1") == 2
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_error_of_connection_is_in_log_file_alone(
    cli: Cli, dead_port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")

    done = cli.run("ssh", "-F", "none", "-E", str(log), "-p", str(dead_port), "127.0.0.1")

    assert (done.returncode, done.stderr) == (255, b"")
    first, second = log.read_text().splitlines()
    assert first == "before"
    assert "refused" in second


def test_warning_and_error_of_configuration_are_in_log_file(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "log"

    done = cli.run("ssh", "-E", str(log), "-o", "Nonsense=1", "127.0.0.1")

    assert (done.returncode, done.stderr) == (255, b"")
    assert log.read_text().startswith("ssh-stack: option: Nonsense is not a keyword")


def test_banner_of_server_stays_on_standard_error(
    cli: Cli, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = tmp_path / "banner"
    text.write_text("authorized users only\n")
    log = tmp_path / "log"
    with start_sshd(tmp_path_factory.mktemp("sshd"), f"Banner={text}") as server:
        done = cli.run("ssh", "-E", str(log), *server.login, server.host, "true")

    assert (done.returncode, done.stderr) == (0, b"authorized users only\n")
    assert log.read_text() == ""


def test_unopenable_log_file_ends_command_with_status_1_as_for_ssh(
    cli: Cli, tmp_path: Path
) -> None:
    done = cli.run("ssh", "-E", str(tmp_path), "127.0.0.1")

    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"cannot be opened: Is a directory" in done.stderr
    with pytest.raises(CommandExit, match="embedded null"):
        Report().append_to("\0")


@pytest.mark.parametrize("words", [["-V"], ["-Q", "cipher"], ["-E"], []])
def test_log_file_is_not_created_without_connection(
    cli: Cli, tmp_path: Path, words: list[str]
) -> None:
    log = tmp_path / "log"

    cli.run("ssh", "-E", str(log), *words)

    assert not log.exists()


def test_messages_go_to_system_log_with_its_facility(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int, int]] = []
    logged: list[str] = []

    def openlog(name: str, option: int, facility: int) -> None:
        opened.append((name, option, facility))

    def log(_priority: int, text: str) -> None:
        logged.append(text)

    monkeypatch.setattr("syslog.openlog", openlog)
    monkeypatch.setattr("syslog.syslog", log)
    report = Report()

    report.send_to_syslog("LOCAL3")
    report.warn("one\ntwo")

    assert opened == [("ssh-stack", syslog.LOG_PID, syslog.LOG_LOCAL3)]
    assert logged == ["ssh-stack: one", "two"]
    assert not report.on_terminal


def test_error_of_connection_is_not_printed_with_system_log(cli: Cli, dead_port: int) -> None:
    done = cli.run("ssh", "-y", "-F", "none", "-p", str(dead_port), "127.0.0.1")

    assert (done.returncode, done.stderr) == (255, b"")


def test_level_verbose_prints_what_was_transferred_and_no_more(cli: Cli, sshd: Sshd) -> None:
    done = cli.run("ssh", "-o", "LogLevel=VERBOSE", *sshd.login, sshd.host, "true")

    assert done.returncode == 0
    assert done.stderr.startswith(b"ssh-stack: transferred: sent ")
    assert done.stderr.count(b"\n") == 1


def test_log_verbose_prints_everything_even_with_option_q(cli: Cli, sshd: Sshd) -> None:
    words = ["-q", "-o", "LogVerbose=kex.c:*", *sshd.login, sshd.host, "true"]
    assert b"<- KEXINIT, " in cli.run("ssh", *words).stderr


@pytest.mark.parametrize("level", LEVELS)
def test_level_of_report_is_the_one_that_was_set(level: str) -> None:
    report = Report()
    report.level = level
    assert report.level == ("QUIET" if level == "FATAL" else level)


def test_log_level_of_configuration_is_read_from_pipe_too(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    # the trace that it asks for begins before the connection
    with fed(tmp_path / "config", b"LogLevel DEBUG2\n") as config:
        words = [word for word in sshd.login if word not in {"-F", "none"}]
        done = cli.run("ssh", "-F", str(config), *words, sshd.host, "true")
    assert done.returncode == 0, done.stderr
    assert b"remote software version" in done.stderr
