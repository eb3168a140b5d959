"""The warnings about host keys, and what the library logs, on standard error."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_keys import PrivateKey
from ssh_stack.cli.host_key_warnings import host_key_warning, report_log_records
from ssh_stack.cli.report import Report
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyError,
    HostKeyRevoked,
    HostKeyUnknown,
)

if TYPE_CHECKING:
    from conftest import Cli, Sshd

KEY = PrivateKey.generate("ed25519").public_key
LOG = logging.getLogger("ssh_stack")


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    logs = (LOG, logging.getLogger("ssh_connection"))
    before = [(log.handlers[:], log.level, log.propagate) for log in logs]
    yield
    for log, (handlers, level, propagate) in zip(logs, before, strict=True):
        log.handlers[:], log.level, log.propagate = handlers, level, propagate


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (HostKeyChanged("web1", 22, KEY), "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"),
        (HostKeyRevoked("web1", 22, KEY), "WARNING: REVOKED HOST KEY DETECTED!"),
    ],
)
def test_warning_about_host_key_is_framed_as_by_ssh(error: HostKeyError, title: str) -> None:
    first, second, third, *_ = host_key_warning(error).split("\n")
    assert first == third == "@" * 59
    assert title in second
    assert len(second) == len(first)


def test_other_errors_have_no_host_key_warning() -> None:
    unknown = HostKeyUnknown("web1", 22, KEY)
    refused = HostCertificateRefused("web1", 22, KEY, "it has expired")
    assert [host_key_warning(each) for each in (unknown, refused, OSError("x"))] == ["", "", ""]


def test_log_record_is_printed_once_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    report_log_records(Report(quiet=True))
    report_log_records(Report())  # a second connection of the same command
    LOG.info("Permanently added 'a' (ssh-ed25519) to the list of known hosts (f)")
    LOG.warning("odd\n\x1b[2J")
    LOG.debug("not told")
    assert capsys.readouterr().err == (
        "Warning: Permanently added 'a' (ssh-ed25519) to the list of known hosts (f)\n"
        "ssh-stack: odd\\x0a\\x1b[2J\n"
    )


def test_quiet_option_suppresses_log_records(capsys: pytest.CaptureFixture[str]) -> None:
    report_log_records(Report(quiet=True))
    error = HostKeyChanged("web1", 22, KEY)
    LOG.warning("%s", error, extra={"host_key_error": error})
    LOG.info("remembered")
    assert capsys.readouterr().err == ""


def test_log_level_error_prints_what_is_error_to_ssh(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report()
    report_log_records(report)
    report.apply_log_level("ERROR")
    error = HostKeyChanged("web1", 22, KEY)
    LOG.warning("%s", error, extra={"host_key_error": error})
    LOG.info("remembered")
    told = capsys.readouterr().err
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in told
    assert "the host key of web1 has changed" in told
    assert "remembered" not in told


# ---------------------------------------------------------------- on the command line


def host_key(sshd: Sshd) -> str:
    return sshd.known_hosts.read_text().partition(" ")[2]


def test_revoked_host_key_is_refused_despite_strict_checking_off(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(f"# stolen\n{host_key(sshd)}")
    options = ["-o", f"RevokedHostKeys={revoked}", "-o", "StrictHostKeyChecking=no"]
    done = cli.run("ssh", *sshd.login, *options, sshd.host, "true")
    assert done.returncode == 255
    assert b"WARNING: REVOKED HOST KEY DETECTED!" in done.stderr
    assert b"is revoked: ssh-ed25519 SHA256:" in done.stderr
    assert f"(by {revoked})".encode() in done.stderr


@pytest.mark.parametrize("content", [None, "what is this", "SSHKRL\n\0"])
def test_unreadable_list_of_revoked_keys_refuses_every_host(
    content: str | None, cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked"
    if content is not None:
        revoked.write_text(content)
    done = cli.run("ssh", *sshd.login, "-o", f"RevokedHostKeys={revoked}", sshd.host, "true")
    assert done.returncode == 255
    assert f"{revoked}: cannot be read as a list of revoked host keys".encode() in done.stderr


def test_host_key_alias_is_looked_up_without_port(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"inner {host_key(sshd)}")
    options = ["-F", "none", "-p", str(sshd.port), "-i", str(sshd.key)]
    options += ["-o", f"UserKnownHostsFile={known}", "-o", "HostKeyAlias=inner"]
    done = cli.run("ssh", *options, sshd.host, "echo in")
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr


def test_known_hosts_files_of_system_are_read(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    system = tmp_path / "ssh_known_hosts"
    system.write_text(f"127.0.0.1 {host_key(sshd)}")
    options = ["-F", "none", "-p", str(sshd.port), "-i", str(sshd.key)]
    options += ["-o", f"GlobalKnownHostsFile={system}"]
    done = cli.run("ssh", *options, sshd.host, "echo in")
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr
    assert not (cli.home / ".ssh" / "known_hosts").exists()


def test_second_known_hosts_file_of_user_is_read(cli: Cli, sshd: Sshd) -> None:
    (cli.home / ".ssh").mkdir(mode=0o700)
    (cli.home / ".ssh" / "known_hosts2").write_text(sshd.known_hosts.read_text())
    options = ["-F", "none", "-p", str(sshd.port), "-i", str(sshd.key)]
    done = cli.run("ssh", *options, sshd.host, "echo in")
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr


def test_debug_records_of_library_are_notes_once_for_each_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):  # two connections of one command
        report_log_records(Report(verbose=1))
    for name in ("ssh_stack", "ssh_connection"):
        logging.getLogger(name).debug("about %s\x1b", name)
    report_log_records(Report())
    logging.getLogger("ssh_stack").debug("not told")

    assert capsys.readouterr().err == (
        "ssh-stack: about ssh_stack\\x1b\nssh-stack: about ssh_connection\\x1b\n"
    )
